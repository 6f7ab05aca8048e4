"""Pretrained encoders of speech, by name.

To add a kind, such as WavLM, write a function ``Tensors -> SpeechEncoder`` in a file of
its own and give it a row here: ``--features`` then takes its name, and
``--encoder_weights``, ``--encoder_layer`` and ``--encoder_output`` go with it.
"""

from collections.abc import Callable

from damldg_jax.encoders.signature import EncodeFn, SpeechEncoder
from damldg_jax.encoders.tensors import Tensors, digest, identity
from damldg_jax.encoders.whisper_encoder import open_whisper

__all__ = ["ENCODERS", "EncodeFn", "SpeechEncoder", "Tensors", "digest", "identity"]

ENCODERS: dict[str, Callable[[Tensors], SpeechEncoder]] = {"whisper": open_whisper}
