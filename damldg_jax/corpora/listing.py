"""Listing the recordings of a corpus that lies in its native layout."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from damldg_jax.corpora.declaration import Corpus, Label, Labels, Listing, Utterance
from damldg_jax.corpora.files import (
    audio_files,
    first_few,
    out_of_reach,
    shown_name,
)
from damldg_jax.corpora.names import contradicted, folder_claims, matches, read_codes
from damldg_jax.errors import InputError

_MISPLACED = (
    "lie in a folder that contradicts their names (the name counts; if the folder is "
    "right, rename them)"
)
_DEFECT = "have a known defect (listed all the same; delete what you do not want), "


def list_utterances(corpus: Corpus, folder: Path) -> Listing:
    """Finds the recordings of a corpus in its native layout.

    Args:
      corpus: the declaration of the corpus.
      folder: where it lies; folders above the native layout do no harm.

    Returns:
      The recordings, and a notice for each kind of file that was left out or is
      not as it should be.

    Raises:
      InputError: the folder is missing, unreadable or holds no recording.
    """
    if not os.path.isdir(folder):
        raise _nothing(corpus, f"There is no folder {folder}.")
    labels = corpus.labels(folder) if corpus.labels else None
    claims = folder_claims(corpus)
    found: dict[tuple[str, ...], Utterance] = {}
    told: dict[str, list[str]] = {}
    for name, path in audio_files(folder):
        codes = read_codes(corpus, name)
        key = tuple(codes.values())
        label = _label(corpus, codes, labels)
        reason = out_of_reach(path, folder) or _reason(
            corpus, name, key in found, label
        )
        if label and not reason:
            found[key] = _utterance(corpus, name, path, codes, label)
        remarks = [_MISPLACED] if contradicted(claims, name, codes) else []
        remarks += _defects(corpus, name)
        for remark in [f"left out, {reason}"] if reason else remarks:
            told.setdefault(remark, []).append(shown_name(path, folder))
    notices = _notices(corpus, told)
    if labels:
        notices += labels.notices + _silent(corpus, labels, found)
    if not found:
        raise _nothing(corpus, " ".join((f"{folder} holds no recording.", *notices)))
    return Listing(tuple(found.values()), notices)


def _label(
    corpus: Corpus, codes: dict[str, str], labels: Labels | None
) -> Label | None:
    if not codes:
        return None
    if labels is None:
        return Label(codes["emotion"])
    return labels.labels.get(corpus.stem.format(**codes))


def _utterance(
    corpus: Corpus, name: str, path: Path, codes: dict[str, str], label: Label
) -> Utterance:
    speaker = corpus.speaker.format(**codes)
    return Utterance(
        name=name,
        path=path,
        emotion=corpus.emotions[label.emotion],
        speaker=speaker,
        sex=corpus.sex.get(speaker, ""),
        language=corpus.language,
        sentence=codes.get("sentence", ""),
        arousal=label.arousal,
        valence=label.valence,
        dominance=label.dominance,
    )


def _reason(corpus: Corpus, name: str, repeated: bool, label: Label | None) -> str:
    if repeated:
        return "same recording as one that is listed"
    if label:
        return ""
    if matches(corpus.pattern, name):
        return "no label of theirs is found (copy the label files anew)"
    reasons = (why for pattern, why in corpus.ignored.items() if matches(pattern, name))
    return next(reasons, "name not recognised")


def _defects(corpus: Corpus, name: str) -> Iterator[str]:
    for pattern, defect in corpus.remarks.items():
        if matches(pattern, name):
            yield _DEFECT + defect


def _notices(corpus: Corpus, told: Mapping[str, list[str]]) -> tuple[str, ...]:
    return tuple(
        f"{corpus.name}: {len(names)} audio file(s) {what}: {first_few(names)}."
        for what, names in sorted(told.items())
    )


def _silent(
    corpus: Corpus, labels: Labels, found: Mapping[tuple[str, ...], Utterance]
) -> tuple[str, ...]:
    """Tells of labels whose recordings are absent."""
    heard = {
        corpus.stem.format(**read_codes(corpus, utterance.name))
        for utterance in found.values()
    }
    absent = sorted(set(labels.labels) - heard)
    if not absent:
        return ()
    return (
        f"{corpus.name}: {len(absent)} label(s) without a recording: "
        f"{first_few(absent)}. Copy the recordings anew if you need them.",
    )


def _nothing(corpus: Corpus, problem: str) -> InputError:
    return InputError(
        f"{problem} {corpus.title} is looked for as {corpus.layout}. Give the folder "
        f"that holds a folder '{corpus.name}' by --corpora_dir, or describe the "
        f"recordings by a manifest: --corpora={corpus.name}=path/to/manifest.csv."
    )
