"""Reads recordings, and has them predicted."""

import math
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from damldg_jax.errors import RecordingError
from damldg_jax.prediction.familiarity import is_unlike
from damldg_jax.prediction.model import Model, Piece, Prediction
from damldg_jax.prediction.timeline import Span, Timeline, windows
from experiments.console import progress

# Pieces that are predicted together: enough to fill batches of similar length.
_TOGETHER = 128
# A waveform of so many samples takes 2 GB: 93 minutes at 48 kHz, 280 at 16 kHz.
_MAX_SAMPLES = 2**28


class Windowing(NamedTuple):
    """How recordings are cut.

    Attributes:
      whole_seconds: those up to this length are not.
      window_seconds: length of a window.
      hop_seconds: from the beginning of a window to that of the next.
    """

    whole_seconds: float
    window_seconds: float
    hop_seconds: float

    def check(self) -> None:
        """Refuses lengths that are none, before anything is loaded."""
        windows(np.ones(1), 1, self.window_seconds, self.hop_seconds)


class Predicted(NamedTuple):
    """What is said of a recording.

    Attributes:
      path: as it was named, or found.
      seconds: that it lasts.
      emotion: the most probable class; empty where dimensions are told.
      probabilities: of each class, or the value of each dimension.
      energy: of the logits; a mean over windows.
      rank: share of held-out utterances of the training that are nearer to the training
        domains; a median over windows; NaN if the model cannot tell.
      unlike: whether it looks unlike all that was trained on; None if not known.
      nearest: the training corpus that it, or most of its windows, is nearest to.
      timeline: its windows; None where it was predicted in one piece.
    """

    path: pathlib.Path
    seconds: float
    emotion: str
    probabilities: Mapping[str, float]
    energy: float
    rank: float
    unlike: bool | None
    nearest: str
    timeline: Timeline | None


class _Read(NamedTuple):
    """A recording that was read: its pieces, and where they are, if in windows."""

    path: pathlib.Path
    seconds: float
    pieces: list[Piece]
    spans: tuple[Span, ...] | None


def predict_files(
    model: Model, paths: Sequence[pathlib.Path], windowing: Windowing
) -> tuple[list[Predicted], dict[pathlib.Path, str]]:
    """Predicts recordings; those that cannot be used do not cost the others.

    Args:
      model: that predicts.
      paths: of the recordings.
      windowing: how long ones are cut.

    Returns:
      What is said of each that could be read, in order; and why others could not.
    """
    failed: dict[pathlib.Path, str] = {}
    bar = progress(paths, "Predicting", "recording", leave=len(paths) > 1)
    reads = _read_all(model, bar, windowing, failed)
    found: list[Predicted] = []
    for group in _groups(reads, together=model.needs_others):
        pieces = [piece for read in group for piece in read.pieces]
        alone = model.alone(pieces)
        failed |= {paths[number]: reason for number, reason in alone.items()}
        pieces = [piece for piece in pieces if piece.recording not in alone]
        said = iter(model.predict_pieces(pieces) if pieces else ())
        for read in group:
            if read.pieces[0].recording in alone:
                continue
            own = [next(said) for _ in read.pieces]
            found.append(_of_one(model, read, own))
    return found, failed


def _read_all(
    model: Model,
    paths: Iterable[pathlib.Path],
    windowing: Windowing,
    failed: dict[pathlib.Path, str],
) -> Iterator[_Read]:
    for number, path in enumerate(paths):
        try:
            yield _read(model, path, number, windowing)
        except RecordingError as error:
            failed[path] = str(error)


def _read(model: Model, path: pathlib.Path, number: int, windowing: Windowing) -> _Read:
    from damldg_jax.audio import Limits, read_waveform

    rate = model.features.sample_rate
    waveform = read_waveform(
        path, rate, Limits(math.inf, _MAX_SAMPLES, any_format=True)
    )
    seconds = len(waveform) / rate
    spans = None
    parts = [waveform]
    if seconds > windowing.whole_seconds:
        lengths = windowing.window_seconds, windowing.hop_seconds
        spans = tuple(windows(waveform, rate, *lengths))
        parts = [waveform[span.samples] for span in spans]
    speaker = str(path.parent)
    pieces = [Piece(model.features(part), number, speaker) for part in parts]
    return _Read(path, seconds, pieces, spans)


def _groups(reads: Iterable[_Read], together: bool) -> Iterator[list[_Read]]:
    """Groups of recordings that are predicted at a time."""
    group: list[_Read] = []
    for read in reads:
        group.append(read)
        if not together and sum(len(read.pieces) for read in group) >= _TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _of_one(model: Model, read: _Read, said: list[Prediction]) -> Predicted:
    timeline = Timeline(read.spans, tuple(said)) if read.spans else None
    probabilities = timeline.mean() if timeline else said[0].probabilities
    known = [of.familiarity for of in said if of.familiarity]
    rank = float(np.median([of.rank for of in known])) if known else math.nan
    nearest = [of.nearest for of in said]
    best = max(probabilities, key=probabilities.__getitem__)
    return Predicted(
        path=read.path,
        seconds=read.seconds,
        emotion=best if said[0].emotion else "",
        probabilities=probabilities,
        energy=float(np.mean([of.energy for of in said])),
        rank=rank,
        unlike=is_unlike(rank, known[0].highest) if known else None,
        nearest=max(nearest, key=nearest.count),
        timeline=timeline,
    )
