"""Small corpora of synthetic, speech-like utterances: the whole path without data.

They are evidence of nothing. The cues to emotion are those that actors use: see
R. Banse and K. Scherer, "Acoustic profiles in vocal emotion expression" (J. Pers. Soc.
Psychol. 70, 1996) and P. Juslin and P. Laukka, "Communication of emotions in vocal
expression and music performance" (Psychol. Bull. 129, 2003). Anger and happiness stay
the hardest to tell apart, as they are in real corpora.
"""

import csv
import dataclasses
import itertools
import json
import pathlib
import tempfile
import zlib
from collections.abc import Callable, Iterable

import numpy as np

from damldg_jax.corpora.styles import Domain, Speaker, Style
from damldg_jax.emotions import PAPER_EMOTIONS
from damldg_jax.errors import InputError, unknown

MANIFEST = "manifest.csv"
_SETTINGS = "settings.json"
_COLUMNS = ("path", "emotion", "speaker", "sex", "language")

# fmt: off
_STYLES = {
    "anger": Style(pitch=4, span=0.7, tempo=0.25, level=8, tilt=5, rough=0.5),
    "happiness": Style(pitch=6, span=1.2, slope=4, tempo=0.1, level=3, tilt=1,
                       tract=0.12),
    "sadness": Style(pitch=-2, span=-1.2, slope=-2, jitter=0.1, tempo=-0.4, pause=0.3,
                     level=-6, tilt=-4, breath=6),
    "disgust": Style(pitch=-1, span=-0.2, slope=-5, jitter=0.2, tempo=-0.25, pause=0.15,
                     tilt=1, rough=0.4, tract=-0.1),
    "fear": Style(pitch=8, span=-0.8, slope=2, tremor=0.7, jitter=0.35, tempo=0.4,
                  level=-1, tilt=-1, breath=12),
}
# Nobody acts an emotion twice alike, nor do two people speak alike without one.
_SPREAD = Style(pitch=1, span=0.3, slope=1.5, tremor=0.1, jitter=0.05, tempo=0.1,
                pause=0.05, level=1.5, tilt=0.8, breath=2, rough=0.1, tract=0.01)

SYNTHETIC = {
    "synth_studio": Domain(
        vowels=((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240),
                (530, 1840, 2480), (570, 840, 2410), (490, 1350, 1690)),
        syllables=5.0, rhythm=0.35, friction=0.35, expression=1.0,
        low=50, high=7800, tilt=0, reverberation=0, noise=-55, noise_tilt=-3,
        level=-28, levelling=0),
    "synth_phone": Domain(
        vowels=((800, 1300, 2500), (300, 2200, 2900), (330, 800, 2300),
                (450, 2000, 2600), (450, 850, 2500)),
        syllables=6.5, rhythm=0.12, friction=0.25, expression=1.0,
        low=220, high=3400, tilt=0, reverberation=0, noise=-42, noise_tilt=-1,
        level=-23, levelling=0.4),
    "synth_hall": Domain(
        vowels=((700, 1200, 2600), (280, 2250, 3100), (290, 750, 2300),
                (400, 1700, 2250), (380, 1450, 2200), (600, 950, 2500)),
        syllables=4.5, rhythm=0.25, friction=0.3, expression=1.1,
        low=80, high=7000, tilt=-1.5, reverberation=0.8, noise=-45, noise_tilt=-4,
        level=-32, levelling=0),
    "synth_street": Domain(
        vowels=((760, 1400, 2500), (350, 2000, 2700), (360, 1000, 2400),
                (500, 1600, 2400)),
        syllables=5.5, rhythm=0.45, friction=0.5, expression=1.0,
        low=180, high=4500, tilt=1, reverberation=0.15, noise=-20, noise_tilt=-4,
        level=-26, levelling=0.3),
}
# fmt: on


def write_corpus(
    name: str,
    folder: pathlib.Path,
    *,
    speakers: int = 6,
    repetitions: int = 4,
    seed: int = 0,
    progress: Callable[[Iterable], Iterable] = iter,
) -> pathlib.Path:
    """Writes a corpus, unless the folder holds it already.

    Its bytes are a function of the name and the three numbers. It is made in a
    temporary folder beside ``folder``, whose place it takes once it is whole.

    Args:
      name: one of ``SYNTHETIC``.
      folder: where the recordings and ``manifest.csv`` go.
      speakers: how many; female and male in turn.
      repetitions: utterances of every speaker in every emotion.
      seed: another one gives other speakers and utterances; not negative.
      progress: wraps the utterances, to show how far the writing has come.

    Returns:
      The manifest, with the columns path, emotion, speaker, sex and language.

    Raises:
      InputError: the name is unknown, a number is out of range, or the folder
        holds something else.
    """
    _check(name, speakers, repetitions, seed)
    settings = json.dumps(
        {"name": name, "speakers": speakers, "repetitions": repetitions, "seed": seed}
    )
    if not _holds(folder, settings):
        folder.parent.mkdir(parents=True, exist_ok=True)
        keys = list(
            itertools.product(range(speakers), PAPER_EMOTIONS, range(repetitions))
        )
        with tempfile.TemporaryDirectory(
            prefix=f".{folder.name}.", dir=folder.parent
        ) as temporary:
            staging = pathlib.Path(temporary) / folder.name
            staging.mkdir()
            rows = [_write(staging, name, seed, *key) for key in progress(keys)]
            _write_index(staging, rows, settings)
            _publish(staging, folder, settings)
    return folder / MANIFEST


def _check(name: str, speakers: int, repetitions: int, seed: int) -> None:
    if name not in SYNTHETIC:
        raise unknown("synthetic corpus", name, SYNTHETIC)
    if speakers < 1 or repetitions < 1 or seed < 0:
        raise InputError(
            f"The corpus '{name}' needs at least one speaker and one repetition, and a "
            f"seed from 0 up: speakers={speakers}, repetitions={repetitions}, "
            f"seed={seed}."
        )


def _holds(folder: pathlib.Path, settings: str) -> bool:
    """Whether the corpus is there already; raises if something else is."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    stored = folder / _SETTINGS
    found = stored.read_text() if stored.is_file() else "something else"
    if found != settings or not (folder / MANIFEST).is_file():
        raise InputError(
            f"'{folder}' holds {found}; asked for is the synthetic corpus {settings}. "
            "Choose another folder, or delete this one to have it written anew."
        )
    return True


def _write(
    staging: pathlib.Path, name: str, seed: int, speaker: int, emotion: str, take: int
) -> tuple[str, ...]:
    """Writes one utterance; returns its row of the manifest."""
    # Only here and below: names of these corpora are looked up by every command.
    import soundfile

    from damldg_jax.corpora.acoustics import SAMPLE_RATE

    sex = ("female", "male")[speaker % 2]
    identity = f"{name.removeprefix('synth_')}_{sex[0]}{speaker + 1:02d}"
    path = f"{identity}_{emotion}_{take + 1:02d}.wav"
    waveform = _speak(name, seed, speaker, emotion, take)
    soundfile.write(staging / path, waveform, SAMPLE_RATE, subtype="PCM_16")
    return path, emotion, identity, sex, "synthetic"


def _write_index(
    staging: pathlib.Path, rows: list[tuple[str, ...]], settings: str
) -> None:
    with (staging / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *rows])
    (staging / _SETTINGS).write_text(settings)


def _publish(staging: pathlib.Path, folder: pathlib.Path, settings: str) -> None:
    try:
        staging.rename(folder)
    except OSError:
        # Another process may have written the same corpus meanwhile.
        if not _holds(folder, settings):
            raise


def _speak(name: str, seed: int, index: int, emotion: str, take: int) -> np.ndarray:
    from damldg_jax.corpora.voice import synthesize

    voice = _generator(seed, name, index)
    female = index % 2 == 0
    # Typical medians of adults, and tracts that are a sixth shorter in women.
    speaker = Speaker(
        pitch=(200 if female else 115) * 2 ** (voice.uniform(-3.5, 3.5) / 12),
        tract=(1.16 if female else 1.0) * 2 ** voice.uniform(-0.08, 0.08),
    )
    cues = len(dataclasses.fields(Style))
    habit = voice.normal(0, 0.5, cues)
    rng = _generator(seed, name, index, emotion, take)
    domain = SYNTHETIC[name]
    style = _mix(
        (_STYLES[emotion], domain.expression * rng.uniform(0.7, 1.3)),
        (_SPREAD, habit + rng.standard_normal(cues)),
    )
    return synthesize(speaker, style, domain, rng)


def _mix(*parts: tuple[Style, float | np.ndarray]) -> Style:
    """Adds up styles, each weighted as a whole or cue by cue."""
    total = sum(np.array(dataclasses.astuple(style)) * by for style, by in parts)
    return Style(*total.tolist())


def _generator(seed: int, *identity: str | int) -> np.random.Generator:
    """Randomness of its own for everything that has a name, on every machine."""
    words = [zlib.crc32(str(word).encode()) for word in identity]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
