"""Domain-shift-aware meta-learning for cross-corpus speech emotion recognition.

A trained model is loaded by `damldg_jax.load` and says what it hears:

    prediction = damldg_jax.load("model.safetensors").predict(waveform, sample_rate)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from damldg_jax.prediction.loading import load

__all__ = ["__version__", "load"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # JAX takes a second to import, which who only asks for the version is spared.
    if name == "load":
        from damldg_jax.prediction.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
