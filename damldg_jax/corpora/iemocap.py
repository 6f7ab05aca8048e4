"""IEMOCAP, the Interactive Emotional Dyadic Motion Capture database.

C. Busso and others, "IEMOCAP: Interactive emotional dyadic motion capture database"
(Language Resources and Evaluation 42, 2008). Ten actors, in five sessions of a woman
and a man, speak scripts and improvise. Emotions are the majority of the annotators,
valence, arousal and dominance their means from 1 to 5.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from damldg_jax.corpora.declaration import Corpus, Label, Labels
from damldg_jax.corpora.files import all_files, first_few, shown_name
from damldg_jax.errors import InputError

_EMOTIONS = {
    "ang": "anger",
    "dis": "disgust",
    "exc": "excitement",
    "fea": "fear",
    "fru": "frustration",
    "hap": "happiness",
    "neu": "neutral",
    "oth": "other",
    "sad": "sadness",
    "sur": "surprise",
    "xxx": "undecided",
}
_SESSIONS = tuple(f"Ses0{session}" for session in range(1, 6))
_DIALOGUE = r"[FM]_(?:impro[0-9]{2}|script[0-9]{2}_[0-9])[a-z]?"
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_LINE = re.compile(
    rf"\[{_NUMBER} - {_NUMBER}\]\s+(\w+)\s+({'|'.join(_EMOTIONS)})"
    rf"\s+\[{_NUMBER}, {_NUMBER}, {_NUMBER}\]\s*"
)


def read_labels(folder: Path) -> Labels:
    """Reads the label files of all sessions, wherever below the folder they lie.

    Args:
      folder: of the corpus.

    Returns:
      The label of each turn, and a notice of each kind of damage. A turn that has
      two labels is given none.

    Raises:
      InputError: a label file cannot be read.
    """
    labels: dict[str, Label] = {}
    contradictory: set[str] = set()
    damaged: list[str] = []
    empty: list[str] = []
    for path in _label_files(folder):
        lines = _lines(path)
        for number, line in lines:
            match = _LINE.fullmatch(line)
            if not match:
                damaged.append(f"{shown_name(path, folder)} line {number}")
                continue
            _, _, turn, emotion, valence, arousal, dominance = match.groups()
            label = Label(emotion, float(arousal), float(valence), float(dominance))
            if labels.setdefault(turn, label) != label:
                contradictory.add(turn)
        if not lines:
            empty.append(shown_name(path, folder))
    for turn in contradictory:
        del labels[turn]
    notices = (
        _notice("label file(s) hold no label", empty),
        _notice("damaged line(s) in label files", damaged),
        _notice("turn(s) have two different labels", sorted(contradictory)),
    )
    return Labels(labels, tuple(notice for notice in notices if notice))


def _label_files(folder: Path) -> Iterator[Path]:
    """What lies right in a folder EmoEvaluation; those below hold single opinions."""
    for path in all_files(folder, ".txt"):
        # A link to that folder may have another name.
        folders = path.parent, Path(os.path.realpath(path.parent))
        if "EmoEvaluation" in {f.name for f in folders}:
            yield path


def _lines(path: Path) -> list[tuple[int, str]]:
    """The numbered lines that begin as a label does."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"Cannot read the labels {path}: it is no ordinary file.")
    try:
        # Annotators' remarks are in no particular encoding; Latin-1 reads any bytes.
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise InputError(
            f"Cannot read the labels {path}: {error.strerror}. Check its permissions."
        ) from error
    numbered = enumerate(text.split("\n"), start=1)
    return [(number, line) for number, line in numbered if line.startswith("[")]


def _notice(problem: str, names: list[str]) -> str:
    if not names:
        return ""
    return (
        f"iemocap: {len(names)} {problem}: {first_few(names)}. Turns without a label "
        "are left out; copy dialog/EmoEvaluation anew."
    )


IEMOCAP = Corpus(
    name="iemocap",
    title="IEMOCAP (Interactive Emotional Dyadic Motion Capture database)",
    language="English",
    licence="release form of the University of Southern California, for research",
    layout="Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav with its "
    "label in Session1/dialog/EmoEvaluation/Ses01F_impro01.txt, in any folder",
    # The first letter tells who wore the markers, the last one who speaks. Turns are
    # counted in each dialogue, so equal numbers of a script are not equal texts.
    pattern=rf"(?P<turn>(?P<session>{'|'.join(_SESSIONS)}){_DIALOGUE}"
    r"_(?P<sex>[FM])(?:[0-9]{3}|XX[0-9]))",
    emotions=_EMOTIONS,
    sex={
        f"{session}{letter}": sex
        for session in _SESSIONS
        for letter, sex in (("F", "female"), ("M", "male"))
    },
    ignored={
        rf"(?:{'|'.join(_SESSIONS)}){_DIALOGUE}": "whole dialogue, whose turns lie in "
        "sentences/wav",
    },
    speaker="{session}{sex}",
    published={
        "anger": 1103,
        "disgust": 2,
        "excitement": 1041,
        "fear": 40,
        "frustration": 1849,
        "happiness": 595,
        "neutral": 1708,
        "other": 3,
        "sadness": 1084,
        "surprise": 107,
        "undecided": 2507,
    },
    num_speakers=10,
    stem="{turn}",
    labels=read_labels,
    dimension_range=(1, 5),
)
