"""Flags of the network, its numbers and its memory."""

from absl import flags

from experiments.choices import CHOICES
from experiments.flags.define import define

# fmt: off
define("Model", flags.DEFINE_string, "init_from",
       "File of weights that each run begins with, all but its last layer: a model "
       "file of this package, torchvision's ResNet in safetensors, or a ResNet of "
       "Keras in .h5 under the layer names of the paper's public code "
       "(docs/weights.md); or Whisper's encoder, of which --model=transformer takes "
       "--tuned_layers. Left out: random ones, but for these layers.")
define("Model", flags.DEFINE_enum, "init_channels", CHOICES["init_channels"],
       "Input channels of the first layer of --init_from: match, as many as those of "
       "--features; sum, added up to one, for spectrograms.")
define("Model", flags.DEFINE_enum, "model", CHOICES["model"],
       "The network: resnet, a ResNet, for spectrograms; pooled, mean and deviation "
       "over time and a small network on them, for embeddings; of many frames also "
       "attentive, the same with frames weighted by attention, temporal, the same "
       "behind convolutions over time, and transformer, the same behind blocks of a "
       "speech encoder, which are trained too. Left out: what suits --features.")
define("Model", flags.DEFINE_enum, "model_depth", CHOICES["model_depth"],
       "Layers of the ResNet.")
define("Model", flags.DEFINE_integer, "model_width",
       "Channels of the ResNet's first stage, doubled from stage to stage: 8 or 16 "
       "suit a laptop. Units of the attention of 'attentive', channels of the "
       "convolutions of 'temporal'.")
define("Model", flags.DEFINE_enum, "network_norm", CHOICES["network_norm"],
       "How the ResNet normalises: over the batch, or over groups of channels of each "
       "utterance (no running statistics, needed by --micro_batches).")
define("Model", flags.DEFINE_list, "hidden_units",
       "Units of each hidden layer of the networks 'pooled', 'attentive', 'temporal' "
       "and 'transformer', separated by commas; nothing for a linear classifier.")
define("Model", flags.DEFINE_integer, "tuned_layers",
       "With --model=transformer: blocks that frames go through. On frames of a "
       "layer of a speech encoder they are its next layers, which are so tuned: "
       "docs/speech_encoders.md.")
define("Model", flags.DEFINE_enum, "tuned_start", CHOICES["tuned_start"],
       "What these blocks begin with, unless --init_from says it: the layers of "
       "--encoder_weights, where --features are its frames; or random weights.")
define("Precision and memory", flags.DEFINE_enum, "compute_dtype",
       CHOICES["compute_dtype"],
       "Of convolutions, products and activations. Parameters, the optimiser, "
       "statistics, logits, losses and energies are float32 always. bfloat16 is fast "
       "on GPUs and TPUs, slow on CPUs, and makes gamma less exact: "
       "docs/precision.md.")
define("Precision and memory", flags.DEFINE_enum, "matmul_precision",
       CHOICES["matmul_precision"],
       "Of products and convolutions of float32 numbers: default is what the device "
       "does fastest (tf32 on recent NVIDIA GPUs, bfloat16 on TPUs, float32 on CPUs), "
       "highest is float32, high lies between.")
define("Precision and memory", flags.DEFINE_bool, "remat",
       "Compute the insides of blocks, of the ResNet's or the transformer's, again in "
       "the backward pass instead of keeping them: less memory, more time, the same "
       "results up to rounding.")
define("Precision and memory", flags.DEFINE_integer, "micro_batches",
       "Parts in which each device computes its share of a step, one after the other: "
       "the whole batch's result, up to rounding, in the memory of one part. Needs "
       "--network_norm=group.")
define("Precision and memory", flags.DEFINE_enum, "data_dtype", CHOICES["data_dtype"],
       "In which the frames of the corpora are kept on the devices, or streamed to "
       "them; bfloat16 takes half the memory and keeps three digits. They are read as "
       "float32.")
define("Precision and memory", flags.DEFINE_bool, "debug_nans",
       "Where a run ends because a number is not finite, do that step again, one "
       "operation at a time, and name the one in which it happened. Costs nothing "
       "until then.")
# fmt: on
