"""A trained model by itself: its file, and what it says of a recording."""

from damldg_jax.prediction.description import Description
from damldg_jax.prediction.familiarity import Familiarity, Reference
from damldg_jax.prediction.loading import load
from damldg_jax.prediction.model import Model, Prediction
from damldg_jax.prediction.timeline import Timeline

__all__ = [
    "Description",
    "Familiarity",
    "Model",
    "Prediction",
    "Reference",
    "Timeline",
    "load",
]
