"""What a corpus declares about itself, and the listing of its recordings."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from damldg_jax.corpora.files import audio_files, first_few
from damldg_jax.errors import InputError


@dataclass(frozen=True)
class Utterance:
    """One recording and what is known about it; ``nan`` and ``""`` are unknown.

    Attributes:
      name: unique in its corpus: the path in it, without extension.
      path: the audio file.
      emotion: one of ``emotions.EMOTIONS``.
      speaker: the speaker as the corpus names them.
      sex: ``"female"``, ``"male"`` or ``""``.
      language: in English, such as ``"German"``.
      sentence: the corpus's own code of the text; equal codes, equal texts.
      arousal: on the scale of the corpus, as are `valence` and `dominance`.
    """

    name: str
    path: Path
    emotion: str
    speaker: str
    sex: str = ""
    language: str = ""
    sentence: str = ""
    arousal: float = math.nan
    valence: float = math.nan
    dominance: float = math.nan


@dataclass(frozen=True)
class Corpus:
    """How a corpus lies on disk and how the names of its files are read.

    Attributes:
      name: the short name used in flags, records and reports.
      title: the name in full.
      language: in English, such as ``"German"``.
      layout: the native paths in one line, for error messages.
      pattern: regular expression for the end of a path without extension, from
        the start of a file or folder name on. Its named groups, among them
        ``speaker`` and ``emotion``, together tell any two recordings apart.
      emotions: canonical emotion of each code.
      sex: sex of each speaker, where the corpus states it.
      ignored: patterns of files that are not used, each with the reason.
    """

    name: str
    title: str
    language: str
    layout: str
    pattern: str
    emotions: Mapping[str, str]
    sex: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)


class Listing(NamedTuple):
    """The recordings of a corpus, sorted by name, and remarks for the user."""

    utterances: tuple[Utterance, ...]
    notices: tuple[str, ...]


def list_utterances(corpus: Corpus, folder: Path) -> Listing:
    """Finds the recordings of a corpus in its native layout.

    Args:
      corpus: the declaration of the corpus.
      folder: where it lies; folders above the native layout do no harm.

    Returns:
      The recordings, and a notice for each kind of file that was left out.

    Raises:
      InputError: the folder is missing, unreadable or holds no recording.
    """
    if not os.path.isdir(folder):
        raise _nothing(corpus, f"There is no folder {folder}.")
    found: dict[tuple[str, ...], Utterance] = {}
    left_out: dict[str, list[str]] = {}
    for name, path in audio_files(folder):
        match = _match(corpus.pattern, name)
        codes = match.groupdict("") if match else {}
        reason = _reason(corpus, name, path, tuple(codes.values()) in found)
        if reason:
            left_out.setdefault(reason, []).append(name + path.suffix)
        else:
            found[tuple(codes.values())] = _parse(corpus, name, path, codes)
    notices = _notices(corpus, left_out)
    if not found:
        raise _nothing(corpus, " ".join((f"{folder} holds no recording.", *notices)))
    return Listing(tuple(found.values()), notices)


def _match(pattern: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(rf"(?:.*/)?(?:{pattern})", name, re.DOTALL)


def _parse(corpus: Corpus, name: str, path: Path, codes: dict[str, str]) -> Utterance:
    return Utterance(
        name=name,
        path=path,
        emotion=corpus.emotions[codes["emotion"]],
        speaker=codes["speaker"],
        sex=corpus.sex.get(codes["speaker"], ""),
        language=corpus.language,
        sentence=codes.get("sentence", ""),
    )


def _reason(corpus: Corpus, name: str, path: Path, repeated: bool) -> str:
    if not os.path.isfile(path):
        return "link to no file"
    if repeated:
        return "same recording as one that is listed"
    if _match(corpus.pattern, name):
        return ""
    reasons = (why for pattern, why in corpus.ignored.items() if _match(pattern, name))
    return next(reasons, "name not recognised")


def _notices(corpus: Corpus, left_out: Mapping[str, list[str]]) -> tuple[str, ...]:
    return tuple(
        f"{corpus.name}: {len(names)} audio file(s) left out, {why}: "
        f"{first_few(names)}."
        for why, names in sorted(left_out.items())
    )


def _nothing(corpus: Corpus, problem: str) -> InputError:
    return InputError(
        f"{problem} {corpus.title} is looked for as {corpus.layout}. Give the folder "
        f"that holds a folder '{corpus.name}' by --corpora_dir, or describe the "
        f"recordings by a manifest: --corpora={corpus.name}=path/to/manifest.csv."
    )
