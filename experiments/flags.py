"""The flags of the commands, in groups, and their translation into a ``Config``."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

from absl import flags

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.alterations import ALTERATIONS
from damldg_jax.corpora.scenarios import SCENARIOS
from damldg_jax.corpora.sources import known_names
from damldg_jax.emotions import EMOTIONS, UNLABELLED
from damldg_jax.encoders import ENCODERS
from damldg_jax.features import NAMES
from experiments.config import CHOICES, PATHS, Config
from experiments.ranges import RANGES

FLAGS = flags.FLAGS
GROUPS: dict[str, list[str]] = {}
_DEFAULTS = Config()


def _define(group: str, define: Callable[..., Any], name: str, *args: Any) -> None:
    """Defines a flag whose default and range are the configuration's."""
    default = getattr(_DEFAULTS, name)
    kwargs = {}
    if name in RANGES:
        kwargs = {"lower_bound": RANGES[name].low, "upper_bound": RANGES[name].high}
    if isinstance(default, tuple):
        default = [f"{x:g}" if isinstance(x, float) else str(x) for x in default]
    elif default is not None and (
        isinstance(default, pathlib.Path) or define is flags.DEFINE_enum
    ):
        default = str(default)
    define(name, default, *args, **kwargs)
    GROUPS.setdefault(group, []).append(name)


def _names(names: object) -> str:
    return ", ".join(map(str, names))


# fmt: off
_define("Data", flags.DEFINE_string, "corpora_dir",
        "Folder of the raw corpora, one folder each, named as in --corpora. May be "
        "left out if the records are prepared already.")
_define("Data", flags.DEFINE_string, "data_dir",
        "Folder of the TFRecords: written once, read by every run.")
_define("Data", flags.DEFINE_list, "corpora",
        "Corpora, separated by commas: known names; name=path of a known corpus's "
        "folder; or of any other: mine=path/manifest.csv, a CSV file with the columns "
        "path,emotion,speaker, or mine=path of a folder that has a folder for each "
        "emotion. crema_d=tfds:path, savee=tfds:path and voxceleb=tfds:path are what "
        "tensorflow-datasets prepared there. Known names: "
        f"{_names(known_names())}.")
_define("Data", flags.DEFINE_list, "sources",
        "Corpora to train on. Left out: all --corpora but the target.")
_define("Data", flags.DEFINE_string, "target",
        "The unseen corpus to test on; or 'all': each of --corpora in turn, the "
        "others being its sources; or 'within': each of --corpora by itself, divided "
        "by speaker (with --methods that do with one corpus, such as deep_all); or "
        "'inner': each of --corpora by models that have not seen another one of them "
        "either, by which experiments.choose chooses settings on sources alone.")
_define("Data", flags.DEFINE_list, "scenario",
        "Instead of --sources and --target, scenarios of the paper, one or several. Of "
        f"{_names(SCENARIOS)}.")
_define("Data", flags.DEFINE_list, "also_test",
        "Further unseen corpora, on which every trained model is tested too. None of "
        "them is trained on.")
_define("Data", flags.DEFINE_enum, "target_kind", CHOICES["target_kind"],
        "What is to be told from speech: the emotion; low or high arousal, or negative "
        "or positive valence, into which emotions are sorted; or arousal, valence and "
        "dominance as numbers, where corpora have them. Of pictures: the objects of "
        "PACS, or digits. Speakers are told apart by experiments.pretrain alone.")
_define("Data", flags.DEFINE_list, "emotions",
        "Emotions that take part. With --target_kind=emotion each is a class, in the "
        "order given; with dimensions all emotions take part, whatever is given here. "
        f"Of {_names(EMOTIONS)}. What a manifest calls {UNLABELLED} is of none.")
_define("Data", flags.DEFINE_bool, "excitement_as_happiness",
        "Count excitement as happiness, as is often done with IEMOCAP.")
_define("Data", flags.DEFINE_list, "dimension_range",
        "Lowest and highest arousal, valence and dominance in manifests, one range for "
        "all manifests and dimensions of the command; known layouts declare it "
        "themselves.")
_define("Data", flags.DEFINE_integer, "min_utterances",
        "With experiments.pretrain: utterances that a speaker must have to take part.")
_define("Data", flags.DEFINE_string, "features",
        f"What is computed from a recording, one of {_names(NAMES)}: the last is a "
        "function on Python's path that maps a waveform, float32 at 16 kHz, to an "
        "embedding [dimensions] or [frames, dimensions]. With +noise or the like after "
        "the name (--variants lists them) those of altered recordings, to see what a "
        "disturbance costs.")
_define("Data", flags.DEFINE_string, "embeddings_dir",
        "With --features=files: folder of embeddings, DIR/<corpus>/<name of the "
        "recording>.npy or .npz, each [dimensions] or [frames, dimensions].")
_define("Data", flags.DEFINE_string, "encoder_weights",
        f"With --features={' or '.join(ENCODERS)}: weights of the pretrained encoder "
        "of speech, a .safetensors file under the names of Hugging Face, such as "
        "openai/whisper-base has, or the folder that holds it.")
_define("Data", flags.DEFINE_list, "encoder_layer",
        "With --encoder_weights: the layer whose frames are taken, or several, "
        "separated by commas, side by side; 0 is what goes into the first block. Left "
        "out: the middle one.")
_define("Data", flags.DEFINE_enum, "encoder_output", CHOICES["encoder_output"],
        "With --encoder_weights: keep mean and deviation over time of each number, or "
        "all frames, of which networks then learn statistics, attention or "
        "convolutions.")
_define("Data", flags.DEFINE_bool, "encoder_whole_window",
        "With --encoder_weights: pad recordings with silence to the longest that the "
        "encoder takes (30 s), as in its own training. Many times slower: "
        "docs/speech_encoders.md.")
_define("Data", flags.DEFINE_list, "variants",
        "Altered copies of each source recording that are trained on beside it, "
        "prepared once like the recordings. Of "
        f"{_names(ALTERATIONS)}. The target and the validation speakers are never "
        "altered.")
_define("Data", flags.DEFINE_bool, "skip_unreadable",
        "Go on without recordings that cannot be used, and list them in the results.")
_define("Data", flags.DEFINE_bool, "skip_duplicates",
        "Where the same recording is on both sides of a split under two names, leave "
        "it and all else of its speaker out of training or validation. Off: refuse "
        "such a split.")
_define("Data", flags.DEFINE_enum, "normalization", CHOICES["normalization"],
        "Mean and deviation by which each feature of the input is normalised: of all "
        "training utterances; of each utterance alone; or, transductively, of all "
        "unlabelled utterances of a corpus, of a speaker, or of a speaker's past alone "
        "(stream), those of the target too, which the results then say.")
flags.DEFINE_alias("normalize", "normalization")
_define("Data", flags.DEFINE_float, "normalization_prior",
        "Utterances that the prior weighs where inputs are normalised by corpus, "
        "speaker or stream: what those of the training are like on average counts as "
        "if so many of its utterances had been heard already. 0 for none.")
_define("Data", flags.DEFINE_bool, "overwrite",
        "Make the records of the corpora anew, and delete runs of other settings that "
        "are in the way.")
_define("Data", flags.DEFINE_integer, "workers",
        "Recordings that are read at a time, on a core each. Left out: as many as "
        "there are cores. The records are the same.")
_define("Data", flags.DEFINE_bool, "beam",
        "Prepare on Apache Beam (requirements-beam.txt) instead of --workers. The "
        "records are the same. Beam's workers must see --corpora_dir and --data_dir by "
        "the same paths.")
_define("Data", flags.DEFINE_string, "beam_options",
        "With --beam: options of its pipeline, such as '--runner=FlinkRunner "
        "--flink_master=host:8081'. Left out: Beam's local runner.")
_define("Output", flags.DEFINE_string, "workdir",
        "Folder of everything that a run writes. A run that was interrupted is "
        "continued by the same command.")
_define("Training", flags.DEFINE_list, "methods",
        f"Algorithms to compare. Of {_names(ALGORITHMS)}.")
_define("Training", flags.DEFINE_integer, "trials",
        "Runs of each method; the seed of trial k is --seed + k.")
_define("Training", flags.DEFINE_integer, "seed",
        "Of the first trial: initialisation, order and crops.")
_define("Training", flags.DEFINE_integer, "epochs",
        "Length of training, 50 if --steps is left out too. In an epoch as many "
        "utterances are drawn as the sources have for training, the same number from "
        "each.")
_define("Training", flags.DEFINE_integer, "steps",
        "Length of training in steps, instead of --epochs.")
_define("Training", flags.DEFINE_integer, "batch_size",
        "Utterances in a step; rounded to the nearest multiple of the number of "
        "domains, which are the sources unless --domains says otherwise.")
_define("Training", flags.DEFINE_enum, "domains", CHOICES["domains"],
        "What a step has as many utterances of as of any other, and methods hold out, "
        "weigh or compare: the source corpora, as in the paper, or groups of the "
        "speakers of each. Validation, test and normalization are not concerned.")
_define("Training", flags.DEFINE_integer, "domains_per_corpus",
        "With --domains=speakers: groups into which the speakers of each source are "
        "dealt, about equal in utterances, by --split_seed. Left out: each speaker is "
        "a domain, and sources of more speakers count for more.")
_define("Training", flags.DEFINE_enum, "optimizer", CHOICES["optimizer"],
        "What applies the gradients of the method; SGD in the paper.")
_define("Training", flags.DEFINE_float, "learning_rate",
        "Of the optimiser, the paper's eta_t.")
_define("Training", flags.DEFINE_float, "momentum",
        "Of SGD; of AdamW the decay of the first moment.")
_define("Training", flags.DEFINE_float, "weight_decay",
        "lambda of a penalty lambda/2 ||theta||^2 in SGD's loss; of AdamW the decay in "
        "a step, times the learning rate. Biases are spared. The paper has none.")
_define("Training", flags.DEFINE_enum, "weight_average", CHOICES["weight_average"],
        "Evaluate an average of the parameters over the run instead of the last ones: "
        "exponential (ema), or of about the last ninth of the steps so far "
        "(polynomial). Training itself stays the same.")
_define("Training", flags.DEFINE_float, "average_decay",
        "With --weight_average=ema: what the average keeps of itself in a step.")
_define("Training", flags.DEFINE_enum, "balance", CHOICES["balance"],
        "classes: draw as many utterances of each class from a source as of any other, "
        "the rarer ones more often. none: each utterance of a source as often as any "
        "other (the paper).")
_define("Training", flags.DEFINE_float, "label_smoothing",
        "Probability that the loss spreads over all classes evenly; 0 in the paper.")
_define("Training", flags.DEFINE_enum, "dimension_loss", CHOICES["dimension_loss"],
        "With --target_kind=dimensions: 1 - CCC (the concordance correlation "
        "coefficient of a domain's samples in the step), or mean squared error.")
_define("Training", flags.DEFINE_integer, "dimension_bins",
        "Bins over which a dimension is predicted as a distribution, whose mean is its "
        "value.")
_define("Training", flags.DEFINE_enum, "risk_mean", CHOICES["risk_mean"],
        "Mean in a loss: over domains, each of which counts the same (Eq. 2), or over "
        "samples, each domain counting by its number of utterances (as in the public "
        "code, which draws batches from the joined corpora). The energies of gamma and "
        "Group DRO do not follow it.")
_define("Training", flags.DEFINE_float, "crop_seconds",
        "Length of a training example. Shorter utterances are padded with silence, "
        "in testing too; longer ones are tested whole.")
_define("Training", flags.DEFINE_bool, "augment",
        "Stretch each example in time by a factor from [0.8, 1.25] and shift it by up "
        "to a tenth of its length.")
_define("Training", flags.DEFINE_float, "mask_frames",
        "SpecAugment: put silence over neighbouring frames of each example, from none "
        "to this part of them; --masks times. 0 for never. The paper has none.")
_define("Training", flags.DEFINE_float, "mask_features",
        "SpecAugment: the same over neighbouring features, such as bands, from none to "
        "this part of them.")
_define("Training", flags.DEFINE_integer, "masks",
        "With --mask_frames or --mask_features: masks of each kind in an example.")
_define("Training", flags.DEFINE_float, "validation_fraction",
        "Part of the speakers of each source that is kept for choosing the best step.")
_define("Training", flags.DEFINE_float, "test_fraction",
        "With --target=within: part of the speakers of a corpus that is tested on.")
_define("Training", flags.DEFINE_enum, "evaluation_statistics",
        CHOICES["evaluation_statistics"],
        "Batch normalisation in evaluation: by statistics recomputed on training "
        "utterances for the parameters at hand; by the running ones, which lag; or, "
        "transductively, on the target by those of its own unlabelled utterances "
        "(AdaBN), which the results then say.")
_define("Training", flags.DEFINE_integer, "tent_steps",
        "Steps in which scales and biases of the normalisation layers are adapted, "
        "transductively, to the target's unlabelled utterances, so that what is "
        "predicted of them has less entropy (TENT), which the results then say; each "
        "on --batch_size of them. With batch normalisation it needs "
        "--evaluation_statistics=target. 0 for none. What is written as a model is not "
        "adapted.")
_define("Training", flags.DEFINE_float, "tent_learning_rate",
        "With --tent_steps: of Adam, which takes them.")
_define("Training", flags.DEFINE_integer, "split_seed",
        "Draws the speakers kept for validation, and those tested on within a corpus; "
        "the same for all trials, but for --vary_split.")
_define("Training", flags.DEFINE_bool, "vary_split",
        "Let each trial draw its own speakers for validation and for the test within a "
        "corpus, by --split_seed + k in trial k. Trials are then trained one at a "
        "time.")
_define("Training", flags.DEFINE_integer, "evaluate_every",
        "Steps between evaluations on the validation speakers, each of which also "
        "saves a checkpoint. Left out: once an epoch.")
_define("Meta-learning", flags.DEFINE_float, "inner_learning_rate",
        "Of the virtual update, the paper's eta_s; also of the steps of Fish.")
_define("Meta-learning", flags.DEFINE_integer, "inner_steps",
        "Virtual updates in a row; 1 in the paper. Each further one costs as much "
        "again.")
_define("Meta-learning", flags.DEFINE_integer, "num_held_out",
        "Domains (--domains) that are meta-test in a step.")
_define("Meta-learning", flags.DEFINE_bool, "second_order",
        "Derive the meta-test loss through the virtual update (the paper). Off: first "
        "order, faster.")
_define("Meta-learning", flags.DEFINE_bool, "margin_gradient",
        "Let the gradient flow through the domain-shift margin gamma; off: gamma is a "
        "mere number. The paper is silent.")
_define("Meta-learning", flags.DEFINE_enum, "energy_statistics",
        CHOICES["energy_statistics"],
        "Batch normalisation where gamma is computed: by the statistics of each batch, "
        "or by running ones (as the public code does). The paper is silent.")
_define("Meta-learning", flags.DEFINE_float, "temperature",
        "T of the energy score; 1 in the paper.")
_define("Meta-learning", flags.DEFINE_enum, "margin", CHOICES["margin"],
        "What DA-MLDG takes for gamma: Eq. (3) as it is; of logits in units of their "
        "deviation (scaled); or what is more than between two halves of one domain "
        "(above_null).")
_define("Meta-learning", flags.DEFINE_bool, "relative_margin",
        "Divide gamma by its running mean, so that the meta-test loss weighs 1 on "
        "average, as in MLDG.")
_define("Meta-learning", flags.DEFINE_integer, "hold_out_steps",
        "Steps in a row for which the same domains are meta-test; 1 in the paper. With "
        "more, what is held out has become stranger.")
_define("Other algorithms", flags.DEFINE_float, "group_dro_step_size",
        "By which the weights of Group DRO follow the risks.")
_define("Other algorithms", flags.DEFINE_float, "irm_penalty",
        "Weight of IRM's penalty.")
_define("Other algorithms", flags.DEFINE_float, "vrex_penalty",
        "Weight of V-REx's variance of risks.")
_define("Other algorithms", flags.DEFINE_integer, "penalty_warmup",
        "Steps in which the penalties of IRM and V-REx weigh 1.")
_define("Other algorithms", flags.DEFINE_float, "coral_penalty",
        "Weight of CORAL's distance between domains.")
_define("Other algorithms", flags.DEFINE_float, "mixup_alpha",
        "Both parameters of the Beta distribution by which Mixup mixes two domains.")
_define("Other algorithms", flags.DEFINE_float, "mixstyle_alpha",
        "Both parameters of the Beta distribution by which MixStyle mixes the "
        "statistics of two domains.")
_define("Other algorithms", flags.DEFINE_float, "mixstyle_probability",
        "That MixStyle alters a step.")
_define("Other algorithms", flags.DEFINE_float, "sam_radius",
        "rho of SAM, how far it climbs before it descends.")
_define("Model", flags.DEFINE_string, "init_from",
        "File of weights that each run begins with, all but its last layer: a model "
        "file of this package, torchvision's ResNet in safetensors, or a ResNet of "
        "Keras in .h5 under the layer names of the paper's public code "
        "(docs/weights.md); or Whisper's encoder, of which --model=transformer takes "
        "--tuned_layers. Left out: random ones, but for these layers.")
_define("Model", flags.DEFINE_enum, "init_channels", CHOICES["init_channels"],
        "Input channels of the first layer of --init_from: match, as many as those of "
        "--features; sum, added up to one, for spectrograms.")
_define("Model", flags.DEFINE_enum, "model", CHOICES["model"],
        "The network: resnet, a ResNet, for spectrograms; pooled, mean and deviation "
        "over time and a small network on them, for embeddings; of many frames also "
        "attentive, the same with frames weighted by attention, temporal, the same "
        "behind convolutions over time, and transformer, the same behind blocks of a "
        "speech encoder, which are trained too. Left out: what suits --features.")
_define("Model", flags.DEFINE_enum, "model_depth", CHOICES["model_depth"],
        "Layers of the ResNet.")
_define("Model", flags.DEFINE_integer, "model_width",
        "Channels of the ResNet's first stage, doubled from stage to stage: 8 or 16 "
        "suit a laptop. Units of the attention of 'attentive', channels of the "
        "convolutions of 'temporal'.")
_define("Model", flags.DEFINE_enum, "network_norm", CHOICES["network_norm"],
        "How the ResNet normalises: over the batch, or over groups of channels of each "
        "utterance (no running statistics, needed by --micro_batches).")
_define("Model", flags.DEFINE_list, "hidden_units",
        "Units of each hidden layer of the networks 'pooled', 'attentive', 'temporal' "
        "and 'transformer', separated by commas; nothing for a linear classifier.")
_define("Model", flags.DEFINE_integer, "tuned_layers",
        "With --model=transformer: blocks that frames go through. On frames of a "
        "layer of a speech encoder they are its next layers, which are so tuned: "
        "docs/speech_encoders.md.")
_define("Model", flags.DEFINE_enum, "tuned_start", CHOICES["tuned_start"],
        "What these blocks begin with, unless --init_from says it: the layers of "
        "--encoder_weights, where --features are its frames; or random weights.")
_define("Precision and memory", flags.DEFINE_enum, "compute_dtype",
        CHOICES["compute_dtype"],
        "Of convolutions, products and activations. Parameters, the optimiser, "
        "statistics, logits, losses and energies are float32 always. bfloat16 is fast "
        "on GPUs and TPUs, slow on CPUs, and makes gamma less exact: "
        "docs/precision.md.")
_define("Precision and memory", flags.DEFINE_enum, "matmul_precision",
        CHOICES["matmul_precision"],
        "Of products and convolutions of float32 numbers: default is what the device "
        "does fastest (tf32 on recent NVIDIA GPUs, bfloat16 on TPUs, float32 on CPUs), "
        "highest is float32, high lies between.")
_define("Precision and memory", flags.DEFINE_bool, "remat",
        "Compute the insides of blocks, of the ResNet's or the transformer's, again in "
        "the backward pass instead of keeping them: less memory, more time, the same "
        "results up to rounding.")
_define("Precision and memory", flags.DEFINE_integer, "micro_batches",
        "Parts in which each device computes its share of a step, one after the other: "
        "the whole batch's result, up to rounding, in the memory of one part. Needs "
        "--network_norm=group.")
_define("Precision and memory", flags.DEFINE_enum, "data_dtype", CHOICES["data_dtype"],
        "In which the frames of the corpora are kept on the devices, or streamed to "
        "them; bfloat16 takes half the memory and keeps three digits. They are read as "
        "float32.")
_define("Precision and memory", flags.DEFINE_bool, "debug_nans",
        "Where a run ends because a number is not finite, do that step again, one "
        "operation at a time, and name the one in which it happened. Costs nothing "
        "until then.")
_define("Devices", flags.DEFINE_enum, "parallel", CHOICES["parallel"],
        "data: share each step out among all devices; trials: give each device trials "
        "of its own, which saves all talk between them; none: use the first.")
_define("Devices", flags.DEFINE_integer, "trials_at_once",
        "Trials that a device computes side by side where it does a step alone. Left "
        "out: what was measured to be the faster for the network.")
_define("Devices", flags.DEFINE_integer, "steps_per_dispatch",
        "Steps that the devices do between two looks of the host. Left out: one on a "
        "CPU, where convolutions in loops are slow, and 16 elsewhere.")
_define("Devices", flags.DEFINE_enum, "input", CHOICES["input"],
        "device: keep the frames of all corpora in each device's memory; stream: read "
        "what each step needs from the disk ahead of it; auto: keep them if they take "
        "less than half of the memory that is free. The results are the same.")
_define("Devices", flags.DEFINE_bool, "distributed",
        "Share the command with processes on other machines, started by Slurm, Open "
        "MPI, Kubernetes or on a TPU pod, which say by themselves which process this "
        "is (docs/scaling.md).")
_define("Devices", flags.DEFINE_string, "coordinator_address",
        "Elsewhere: the address of the machine of process 0, as the others reach it, "
        "and a free port there, such as 10.0.0.1:9876. All processes are given the "
        "same command but for --process_id.")
_define("Devices", flags.DEFINE_integer, "process_id",
        "With --coordinator_address: number of this process, from 0. Process 0 alone "
        "prints and writes.")
_define("Devices", flags.DEFINE_integer, "num_processes",
        "With --coordinator_address: how many there are.")
_define("Devices", flags.DEFINE_integer, "connect_timeout",
        "Seconds in which all processes must have come.")
_define("Devices", flags.DEFINE_integer, "peer_timeout",
        "Seconds without a sign of life after which a process counts as lost, and the "
        "others end; the same command then goes on from the last checkpoint.")
# fmt: on


def read_config() -> Config:
    """Makes the configuration that the parsed flags describe."""
    values: dict[str, Any] = {
        field.name: FLAGS[field.name].value for field in dataclasses.fields(Config)
    }
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(word.strip() for word in value if word.strip())
    for name in PATHS:
        path = values[name]
        values[name] = pathlib.Path(path).expanduser() if path else None
    values["model_depth"] = int(values["model_depth"])
    values["target"] = values["target"] or ""
    return Config(**values)
