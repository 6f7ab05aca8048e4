"""Flags of where corpora lie, what is computed of them and where results go."""

from absl import flags

from damldg_jax.alterations import ALTERATIONS
from damldg_jax.corpora.scenarios import SCENARIOS
from damldg_jax.corpora.sources import known_names
from damldg_jax.emotions import EMOTIONS, UNLABELLED
from damldg_jax.encoders import ENCODERS
from damldg_jax.features import NAMES
from experiments.choices import CHOICES
from experiments.flags.define import define, names

# fmt: off
define("Data", flags.DEFINE_string, "corpora_dir",
       "Folder of the raw corpora, one folder each, named as in --corpora. May be "
       "left out if the records are prepared already.")
define("Data", flags.DEFINE_string, "data_dir",
       "Folder of the TFRecords: written once, read by every run.")
define("Data", flags.DEFINE_list, "corpora",
       "Corpora, separated by commas: known names; name=path of a known corpus's "
       "folder; or of any other: mine=path/manifest.csv, a CSV file with the columns "
       "path,emotion,speaker, or mine=path of a folder that has a folder for each "
       "emotion. crema_d=tfds:path, savee=tfds:path and voxceleb=tfds:path are what "
       "tensorflow-datasets prepared there. Known names: "
       f"{names(known_names())}.")
define("Data", flags.DEFINE_list, "sources",
       "Corpora to train on. Left out: all --corpora but the target.")
define("Data", flags.DEFINE_string, "target",
       "The unseen corpus to test on; or 'all': each of --corpora in turn, the "
       "others being its sources; or 'within': each of --corpora by itself, divided "
       "by speaker (with --methods that do with one corpus, such as deep_all); or "
       "'inner': each of --corpora by models that have not seen another one of them "
       "either, by which experiments.choose chooses settings on sources alone.")
define("Data", flags.DEFINE_list, "scenario",
       "Instead of --sources and --target, scenarios of the paper, one or several. Of "
       f"{names(SCENARIOS)}.")
define("Data", flags.DEFINE_list, "also_test",
       "Further unseen corpora, on which every trained model is tested too. None of "
       "them is trained on.")
define("Data", flags.DEFINE_enum, "target_kind", CHOICES["target_kind"],
       "What is to be told from speech: the emotion; low or high arousal, or negative "
       "or positive valence, into which emotions are sorted; or arousal, valence and "
       "dominance as numbers, where corpora have them. Of pictures: the objects of "
       "PACS, or digits. Speakers are told apart by experiments.pretrain alone.")
define("Data", flags.DEFINE_list, "emotions",
       "Emotions that take part. With --target_kind=emotion each is a class, in the "
       "order given; with dimensions all emotions take part, whatever is given here. "
       f"Of {names(EMOTIONS)}. What a manifest calls {UNLABELLED} is of none.")
define("Data", flags.DEFINE_bool, "excitement_as_happiness",
       "Count excitement as happiness, as is often done with IEMOCAP.")
define("Data", flags.DEFINE_list, "dimension_range",
       "Lowest and highest arousal, valence and dominance in manifests, one range for "
       "all manifests and dimensions of the command; known layouts declare it "
       "themselves.")
define("Data", flags.DEFINE_integer, "min_utterances",
       "With experiments.pretrain: utterances that a speaker must have to take part.")
define("Data", flags.DEFINE_string, "features",
       f"What is computed from a recording, one of {names(NAMES)}: the last is a "
       "function on Python's path that maps a waveform, float32 at 16 kHz, to an "
       "embedding [dimensions] or [frames, dimensions]. With +noise or the like after "
       "the name (--variants lists them) those of altered recordings, to see what a "
       "disturbance costs.")
define("Data", flags.DEFINE_string, "embeddings_dir",
       "With --features=files: folder of embeddings, DIR/<corpus>/<name of the "
       "recording>.npy or .npz, each [dimensions] or [frames, dimensions].")
define("Data", flags.DEFINE_string, "encoder_weights",
       f"With --features={' or '.join(ENCODERS)}: weights of the pretrained encoder "
       "of speech, a .safetensors file under the names of Hugging Face, such as "
       "openai/whisper-base has, or the folder that holds it.")
define("Data", flags.DEFINE_list, "encoder_layer",
       "With --encoder_weights: the layer whose frames are taken, or several, "
       "separated by commas, side by side; 0 is what goes into the first block. Left "
       "out: the middle one.")
define("Data", flags.DEFINE_enum, "encoder_output", CHOICES["encoder_output"],
       "With --encoder_weights: keep mean and deviation over time of each number, or "
       "all frames, of which networks then learn statistics, attention or "
       "convolutions.")
define("Data", flags.DEFINE_bool, "encoder_whole_window",
       "With --encoder_weights: pad recordings with silence to the longest that the "
       "encoder takes (30 s), as in its own training. Many times slower: "
       "docs/speech_encoders.md.")
define("Data", flags.DEFINE_list, "variants",
       "Altered copies of each source recording that are trained on beside it, "
       "prepared once like the recordings. Of "
       f"{names(ALTERATIONS)}, or chains such as excerpt+equaliser. The target and the "
       "validation speakers are never altered.")
define("Data", flags.DEFINE_bool, "skip_unreadable",
       "Go on without recordings that cannot be used, and list them in the results.")
define("Data", flags.DEFINE_bool, "skip_duplicates",
       "Where the same recording is on both sides of a split under two names, leave "
       "it and all else of its speaker out of training or validation. Off: refuse "
       "such a split.")
define("Data", flags.DEFINE_enum, "normalization", CHOICES["normalization"],
       "Mean and deviation by which each feature of the input is normalised: of all "
       "training utterances; of each utterance alone; or, transductively, of all "
       "unlabelled utterances of a corpus, of a speaker, or of a speaker's past alone "
       "(stream), those of the target too, which the results then say.")
flags.DEFINE_alias("normalize", "normalization")
define("Data", flags.DEFINE_float, "normalization_prior",
       "Utterances that the prior weighs where inputs are normalised by corpus, "
       "speaker or stream: what those of the training are like on average counts as "
       "if so many of its utterances had been heard already. 0 for none.")
define("Data", flags.DEFINE_bool, "overwrite",
       "Make the records of the corpora anew, and delete runs of other settings that "
       "are in the way.")
define("Data", flags.DEFINE_integer, "workers",
       "Recordings that are read at a time, on a core each. Left out: as many as "
       "there are cores. The records are the same.")
define("Data", flags.DEFINE_bool, "beam",
       "Prepare on Apache Beam (requirements-beam.txt) instead of --workers. The "
       "records are the same. Beam's workers must see --corpora_dir and --data_dir by "
       "the same paths.")
define("Data", flags.DEFINE_string, "beam_options",
       "With --beam: options of its pipeline, such as '--runner=FlinkRunner "
       "--flink_master=host:8081'. Left out: Beam's local runner.")
define("Output", flags.DEFINE_string, "workdir",
       "Folder of everything that a run writes. A run that was interrupted is "
       "continued by the same command.")
# fmt: on
