"""Flags of the commands that are given a trained model."""

from absl import flags

from damldg_jax.prediction.places import SELECTIONS

CHECKPOINT = flags.DEFINE_string(
    "checkpoint",
    None,
    "The trained model: the folder of a run or of an export, or a model's file "
    "(.safetensors).",
)
SELECTION = flags.DEFINE_enum(
    "model_selection",
    None,
    list(SELECTIONS),
    "Of a run: the step that was best on held-out speakers of the sources, or the "
    "last. Left out: the best if there is one.",
)
FEATURES = flags.DEFINE_string(
    "model_features",
    None,
    "Needed if the model's features are a function, package.module:function, which it "
    "must name too: a model shall not choose what code runs here.",
)
ENCODER_WEIGHTS = flags.DEFINE_string(
    "model_encoder_weights",
    None,
    "Needed if the model is one on a pretrained encoder of speech: the weights that it "
    "was trained on, a .safetensors file or the folder that holds it.",
)
GROUP = ("checkpoint", "model_selection", "model_features", "model_encoder_weights")
