"""Pictures of log-mel spectrograms, one for each emotion of a corpus."""

import base64
import html
import io
import math
from typing import NamedTuple

import numpy as np
from matplotlib import image

from damldg_jax.audio import RecordingError, read_waveform
from damldg_jax.audit import CorpusAudit, Measured
from damldg_jax.corpora.files import printable
from damldg_jax.features import LogMel

_LONGEST = 8.0  # Seconds of a picture.
_RANGE_DB = 70.0
# Equally readable with every kind of colour vision, and in grey.
_COLOURS = "cividis"


class _Picture(NamedTuple):
    emotion: str
    recording: Measured
    features: np.ndarray


def spectrograms(audit: CorpusAudit) -> str:
    """Draws the spectrogram of a recording of middle length for each emotion.

    Args:
      audit: of a corpus.

    Returns:
      HTML figures on one scale of time and of colours, empty without recordings.
    """
    extractor = LogMel()
    pictures = []
    for emotion in audit.emotions:
        if recording := _typical(audit, emotion):
            try:
                waveform = read_waveform(
                    recording.utterance.path, extractor.sample_rate
                )
            except RecordingError:
                continue  # It was there a minute ago; the report tells what was read.
            waveform = waveform[: int(_LONGEST * extractor.sample_rate)]
            pictures.append(_Picture(emotion, recording, extractor(waveform)))
    if not pictures:
        return ""
    loudest = max(picture.features.max() for picture in pictures)
    longest = max(len(picture.features) for picture in pictures)
    return "".join(_figure(p, audit.name, loudest, longest) for p in pictures)


def _typical(audit: CorpusAudit, emotion: str) -> Measured | None:
    """The recording of middle length."""
    those = [
        (recording.sound.seconds, recording.utterance.name, recording)
        for recording in audit.recordings
        if recording.sound and recording.utterance.emotion == emotion
    ]
    return sorted(those, key=lambda t: t[:2])[len(those) // 2][2] if those else None


def _figure(picture: _Picture, corpus: str, loudest: float, longest: int) -> str:
    floor = loudest - _RANGE_DB / 20 * math.log(10)
    buffer = io.BytesIO()
    image.imsave(
        buffer,
        picture.features.T,
        vmin=floor,
        vmax=loudest,
        cmap=_COLOURS,
        origin="lower",
        format="png",
    )
    data = base64.b64encode(buffer.getvalue()).decode()
    width = 100 * len(picture.features) / longest
    name = html.escape(printable(picture.recording.utterance.name), quote=True)
    seconds = picture.recording.sound.seconds
    return (
        f'<figure><img style="width:{width:.1f}%" alt="Log-mel spectrogram of '
        f'{name}, {picture.emotion}, {html.escape(corpus)}, {seconds:.1f} seconds" '
        f'src="data:image/png;base64,{data}"><figcaption><b>{picture.emotion}</b> '
        f"{name}, {seconds:.1f} s</figcaption></figure>"
    )
