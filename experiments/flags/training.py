"""Flags of how a run trains and is evaluated."""

from absl import flags

from damldg_jax.algorithms import ALGORITHMS
from experiments.choices import CHOICES
from experiments.flags.define import define, names

# fmt: off
define("Training", flags.DEFINE_list, "methods",
       f"Algorithms to compare. Of {names(ALGORITHMS)}.")
define("Training", flags.DEFINE_integer, "trials",
       "Runs of each method; the seed of trial k is --seed + k.")
define("Training", flags.DEFINE_integer, "seed",
       "Of the first trial: initialisation, order and crops.")
define("Training", flags.DEFINE_integer, "epochs",
       "Length of training, 50 if --steps is left out too. In an epoch as many "
       "utterances are drawn as the sources have for training, the same number from "
       "each.")
define("Training", flags.DEFINE_integer, "steps",
       "Length of training in steps, instead of --epochs.")
define("Training", flags.DEFINE_integer, "batch_size",
       "Utterances in a step; rounded to the nearest multiple of the number of "
       "domains, which are the sources unless --domains says otherwise.")
define("Training", flags.DEFINE_enum, "domains", CHOICES["domains"],
       "What a step has as many utterances of as of any other, and methods hold out, "
       "weigh or compare: the source corpora, as in the paper, or groups of the "
       "speakers of each. Validation, test and normalization are not concerned.")
define("Training", flags.DEFINE_integer, "domains_per_corpus",
       "With --domains=speakers: groups into which the speakers of each source are "
       "dealt, about equal in utterances, by --split_seed. Left out: each speaker is "
       "a domain, and sources of more speakers count for more.")
define("Training", flags.DEFINE_enum, "optimizer", CHOICES["optimizer"],
       "What applies the gradients of the method; SGD in the paper.")
define("Training", flags.DEFINE_float, "learning_rate",
       "Of the optimiser, the paper's eta_t.")
define("Training", flags.DEFINE_float, "momentum",
       "Of SGD; of AdamW the decay of the first moment.")
define("Training", flags.DEFINE_float, "weight_decay",
       "lambda of a penalty lambda/2 ||theta||^2 in SGD's loss; of AdamW the decay in "
       "a step, times the learning rate. Biases are spared. The paper has none.")
define("Training", flags.DEFINE_enum, "weight_average", CHOICES["weight_average"],
       "Evaluate an average of the parameters over the run instead of the last ones: "
       "exponential (ema), or of about the last ninth of the steps so far "
       "(polynomial). Training itself stays the same.")
define("Training", flags.DEFINE_float, "average_decay",
       "With --weight_average=ema: what the average keeps of itself in a step.")
define("Training", flags.DEFINE_enum, "balance", CHOICES["balance"],
       "classes: draw as many utterances of each class from a source as of any other, "
       "the rarer ones more often. none: each utterance of a source as often as any "
       "other (the paper).")
define("Training", flags.DEFINE_float, "label_smoothing",
       "Probability that the loss spreads over all classes evenly; 0 in the paper.")
define("Training", flags.DEFINE_enum, "dimension_loss", CHOICES["dimension_loss"],
       "With --target_kind=dimensions: 1 - CCC (the concordance correlation "
       "coefficient of a domain's samples in the step), or mean squared error.")
define("Training", flags.DEFINE_integer, "dimension_bins",
       "Bins over which a dimension is predicted as a distribution, whose mean is its "
       "value.")
define("Training", flags.DEFINE_enum, "risk_mean", CHOICES["risk_mean"],
       "Mean in a loss: over domains, each of which counts the same (Eq. 2), or over "
       "samples, each domain counting by its number of utterances (as in the public "
       "code, which draws batches from the joined corpora). The energies of gamma and "
       "Group DRO do not follow it.")
define("Training", flags.DEFINE_float, "crop_seconds",
       "Length of a training example. Shorter utterances are padded with silence, "
       "in testing too; longer ones are tested whole.")
define("Training", flags.DEFINE_bool, "augment",
       "Stretch each example in time by a factor from [0.8, 1.25] and shift it by up "
       "to a tenth of its length.")
define("Training", flags.DEFINE_float, "mask_frames",
       "SpecAugment: put silence over neighbouring frames of each example, from none "
       "to this part of them; --masks times. 0 for never. The paper has none.")
define("Training", flags.DEFINE_float, "mask_features",
       "SpecAugment: the same over neighbouring features, such as bands, from none to "
       "this part of them.")
define("Training", flags.DEFINE_integer, "masks",
       "With --mask_frames or --mask_features: masks of each kind in an example.")
define("Training", flags.DEFINE_float, "validation_fraction",
       "Part of the speakers of each source that is kept for choosing the best step.")
define("Training", flags.DEFINE_float, "test_fraction",
       "With --target=within: part of the speakers of a corpus that is tested on.")
define("Training", flags.DEFINE_enum, "evaluation_statistics",
       CHOICES["evaluation_statistics"],
       "Batch normalisation in evaluation: by statistics recomputed on training "
       "utterances for the parameters at hand; by the running ones, which lag; or, "
       "transductively, on the target by those of its own unlabelled utterances "
       "(AdaBN), which the results then say.")
define("Training", flags.DEFINE_integer, "tent_steps",
       "Steps in which scales and biases of the normalisation layers are adapted, "
       "transductively, to the target's unlabelled utterances, so that what is "
       "predicted of them has less entropy (TENT), which the results then say; each "
       "on --batch_size of them. With batch normalisation it needs "
       "--evaluation_statistics=target. 0 for none. What is written as a model is not "
       "adapted.")
define("Training", flags.DEFINE_float, "tent_learning_rate",
       "With --tent_steps: of Adam, which takes them.")
define("Training", flags.DEFINE_integer, "split_seed",
       "Draws the speakers kept for validation, and those tested on within a corpus; "
       "the same for all trials, but for --vary_split.")
define("Training", flags.DEFINE_bool, "vary_split",
       "Let each trial draw its own speakers for validation and for the test within a "
       "corpus, by --split_seed + k in trial k. Trials are then trained one at a "
       "time.")
define("Training", flags.DEFINE_integer, "evaluate_every",
       "Steps between evaluations on the validation speakers, each of which also "
       "saves a checkpoint. Left out: once an epoch.")
# fmt: on
