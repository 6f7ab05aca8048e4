"""Layers of a pretrained encoder of speech as features: ``--features=whisper``.

Recordings are encoded in batches of about one length, compiled once for each such
length. Longer ones than the encoder takes are encoded in windows of equal length, whose
frames are joined. What is stored is float16: either all frames, or their statistics
over time, mean and deviation of each number, as a single frame.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from damldg_jax.encoders import (
    ENCODERS,
    EncodeFn,
    SpeechEncoder,
    Tensors,
    digest,
    identity,
)
from damldg_jax.errors import InputError, RecordingError
from damldg_jax.features.embeddings import Embeddings, as_embedding
from damldg_jax.features.encoder_choice import OUTPUTS, EncoderChoice

# Shorter waveforms are no longer than this to the compiled program, in samples.
_LEAST = 8_000
# Lengths are rounded up to powers of this ratio: few programs, little padding.
_RATIO = 1.25
# Recordings of one call, at most: a power of two.
_ROWS = 8


def encoder_features(name: str, choice: EncoderChoice) -> "EncoderFeatures":
    """Makes features of an encoder, or finds those made before of the same files.

    Their weights are hashed, read and compiled for once in a process, however often
    settings are made.

    Args:
      name: key of ``ENCODERS``.
      choice: which numbers of which encoder.

    Returns:
      The features; nothing is read yet.
    """
    return _made(name, choice, identity(choice.weights))


@functools.lru_cache(maxsize=4)
def _made(name: str, choice: EncoderChoice, files: object) -> "EncoderFeatures":
    del files  # Others of the same name are other weights.
    return EncoderFeatures(name, choice)


class EncoderFeatures(Embeddings):
    """Layers of a pretrained speech encoder.

    Attributes:
      name: key of ``ENCODERS``.
      choice: which numbers of which encoder.
    """

    stored_dtype = "float16"
    notice = ""

    def __init__(self, name: str, choice: EncoderChoice):
        """Nothing is read yet.

        Args:
          name: key of ``ENCODERS``.
          choice: which numbers of which encoder.
        """
        self.name, self.choice = name, choice

    def __reduce__(self) -> tuple[type, tuple[str, EncoderChoice]]:
        """Lets Beam send it to its workers, which read the weights themselves."""
        return type(self), (self.name, self.choice)

    @functools.cached_property
    def encoder(self) -> SpeechEncoder:
        """The encoder, described by its file.

        Raises:
          InputError: there is no such file, or one that is none of this kind.
        """
        return ENCODERS[self.name](Tensors(self.choice.weights))

    @functools.cached_property
    def layers(self) -> tuple[int, ...]:
        """Numbers of the layers, ascending.

        Raises:
          InputError: there is no such layer.
        """
        last = self.encoder.num_layers
        layers = tuple(sorted(set(self.choice.layers))) or (last // 2,)
        for layer in layers:
            if not 0 <= layer <= last:
                raise InputError(
                    f"--encoder_layer={layer}: {self.choice.weights} has the layers 0, "
                    f"what goes into the first block, to {last}."
                )
        return layers

    @property
    def sample_rate(self) -> int:
        """Of the waveforms, in Hz."""
        return self.encoder.sample_rate

    @property
    def num_features(self) -> int:
        """Numbers in a frame."""
        _, factor = OUTPUTS[self.choice.output]
        return factor * len(self.layers) * self.encoder.width

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """The choice, with a hash of the weights; the same for any corpus."""
        del corpus
        return {
            "name": self.name,
            "weights": self._digest,
            "layers": list(self.layers),
            "output": self.choice.output,
            "whole_window": self.choice.whole_window,
        }

    def __call__(self, waveform: np.ndarray, recording: str = "") -> np.ndarray:
        """Encodes a recording; see ``compute_all``."""
        (result,) = self.compute_all([(waveform, recording)])
        if isinstance(result, RecordingError):
            raise result
        return result

    def compute_all(
        self, recordings: Iterable[tuple[np.ndarray, str]]
    ) -> Iterator[np.ndarray | RecordingError]:
        """Encodes recordings, those of about one length together.

        Args:
          recordings: waveforms [samples] at ``sample_rate`` with full scale 1, and the
            names of the recordings, which are not used.

        Yields:
          For each, in order, float16 [frames, num_features]; or why there is none.
        """
        windows = [self._windows(waveform) for waveform, _ in recordings]
        encoded = iter(self._encode([piece for its in windows for piece in its]))
        summarize, _ = OUTPUTS[self.choice.output]
        for its in windows:
            frames = np.concatenate([next(encoded) for _ in its])
            yield _stored(summarize(frames))

    @functools.cached_property
    def _digest(self) -> str:
        return digest(self.choice.weights)

    @functools.cached_property
    def _encode_fn(self) -> EncodeFn:
        return self.encoder.load(self.layers)

    def _windows(self, waveform: np.ndarray) -> list[np.ndarray]:
        """Cuts what is longer than the encoder takes into equal parts."""
        count = math.ceil(len(waveform) / self.encoder.max_samples)
        ends = [len(waveform) * part // count for part in range(count + 1)]
        return [waveform[a:b] for a, b in itertools.pairwise(ends)]

    def _encode(self, pieces: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Frames of each piece, [frames, layers * width] float32."""
        encoded: dict[int, np.ndarray] = {}
        by_size: dict[int, list[int]] = {}
        for number in sorted(range(len(pieces)), key=lambda n: len(pieces[n])):
            by_size.setdefault(self._size(len(pieces[number])), []).append(number)
        for size, numbers in by_size.items():
            for rows in _batches(numbers):
                laid = np.zeros((len(rows), size), np.float32)
                for row, number in enumerate(rows):
                    laid[row, : len(pieces[number])] = pieces[number]
                lengths = [len(pieces[number]) for number in rows]
                heard = [size] * len(rows) if self.choice.whole_window else lengths
                outputs = self._encode_fn(laid, np.array(heard, np.int32))
                frames = np.concatenate([np.asarray(x) for x in outputs], axis=-1)
                for row, number in enumerate(rows):
                    count = self.encoder.num_frames(lengths[row])
                    encoded[number] = frames[row, :count]
        return [encoded[number] for number in range(len(pieces))]

    def _size(self, samples: int) -> int:
        """Samples of the compiled program that takes so many."""
        if self.choice.whole_window:
            return self.encoder.max_samples
        size = _LEAST
        while size < samples:
            size = math.ceil(size * _RATIO)
        return min(size, self.encoder.max_samples)


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Full batches, then ever smaller powers of two: few programs, nothing in vain."""
    start, rows = 0, _ROWS
    while start < len(numbers):
        while rows > len(numbers) - start:
            rows //= 2
        yield numbers[start : start + rows]
        start += rows


def _stored(frames: np.ndarray) -> np.ndarray | RecordingError:
    with np.errstate(over="ignore"):
        frames = frames.astype(np.float16)
    try:
        as_embedding(frames)
    except RecordingError as error:
        return RecordingError(
            f"what the encoder makes of it {error}, as float16: "
            "choose another --encoder_layer"
        )
    return frames
