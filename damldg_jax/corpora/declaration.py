"""What a corpus declares about itself, and what is known of a recording."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Utterance:
    """One recording and what is known about it; ``nan`` and ``""`` are unknown.

    Attributes:
      name: unique in its corpus: the path in it, without extension.
      path: the audio file.
      emotion: one of ``emotions.EMOTIONS``, or ``emotions.UNLABELLED``.
      speaker: the speaker as the corpus names them.
      sex: ``"female"``, ``"male"`` or ``""``.
      language: in English, such as ``"German"``.
      sentence: the corpus's own code of the text; equal codes, equal texts.
      arousal: on the scale of the corpus, as are `valence` and `dominance`.
      line: of the manifest that lists it, to name it by in messages; else 0.
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
    line: int = field(default=0, compare=False)


class Listing(NamedTuple):
    """The recordings of a corpus, sorted by name, and remarks for the user."""

    utterances: tuple[Utterance, ...]
    notices: tuple[str, ...]


class Label(NamedTuple):
    """What a label file says of a recording; ``nan`` is unknown."""

    emotion: str
    arousal: float = math.nan
    valence: float = math.nan
    dominance: float = math.nan


class Labels(NamedTuple):
    """Labels by canonical name of the recording, and remarks for the user."""

    labels: Mapping[str, Label]
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """How a corpus lies on disk, how its names are read, and what was published.

    The first six are enough for a corpus.

    Attributes:
      name: the short name used in flags, records and reports.
      title: the name in full.
      language: in English, such as ``"German"``.
      layout: the native paths in one line, for error messages.
      pattern: regular expression for the end of a path without extension, from
        the start of a file or folder name on. Its named groups, among them
        those of ``speaker`` and ``emotion``, together tell any two recordings
        apart.
      emotions: canonical emotion of each code.
      sex: sex of each speaker, where the corpus states it.
      ignored: patterns of files that are not used, each with the reason.
      spellings: codes that some copies spell otherwise -> the usual code.
      speaker: format string over the groups, where no single group is a speaker.
      folders: name of a folder -> the codes that recordings in it should have,
        by group. Case and accents of the folder do not matter.
      remarks: patterns of files with a known defect, each with the defect.
      published: number of utterances of each canonical emotion.
      num_speakers: as published.
      stem: format string over the groups for the file name of a recording.
      complete: makes all the file names of the published corpus, if those are
        known. It needs `stem`.
      labels: reads the labels of all recordings below a folder, if the names of
        the recordings do not tell the emotion. It needs `stem`.
      dimension_range: lowest and highest arousal, valence and dominance, if any.
      licence: what the corpus says of its use, in a few words; empty is not known.
    """

    name: str
    title: str
    language: str
    layout: str
    pattern: str
    emotions: Mapping[str, str]
    sex: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    speaker: str = "{speaker}"
    folders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    published: Mapping[str, int] = field(default_factory=dict)
    num_speakers: int | None = None
    stem: str = ""
    complete: Callable[[], Iterable[str]] | None = None
    labels: Callable[[Path], Labels] | None = None
    dimension_range: tuple[float, float] | None = None
    licence: str = ""
