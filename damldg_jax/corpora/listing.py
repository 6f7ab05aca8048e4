"""Listing the recordings of a corpus that lies in its native layout."""

import filecmp
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from damldg_jax.corpora.declaration import Corpus, Label, Labels, Listing, Utterance
from damldg_jax.corpora.files import (
    ALL_SUFFIXES,
    CONVERT,
    FOREIGN_SUFFIXES,
    LOSSY_SUFFIXES,
    audio_files,
    did_you_mean,
    first_few,
    out_of_reach,
    printable,
    shown_name,
)
from damldg_jax.corpora.names import contradicted, folder_claims, matches, read_codes
from damldg_jax.errors import InputError

_MISPLACED = (
    "lie in a folder that contradicts their names (the name counts; if the folder is "
    "right, rename them)"
)
_NAMESAKE = (
    "same name as one that is listed, but another recording (listen to both; rename or "
    "delete one)"
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
        missing = f"There is no folder {printable(str(folder))}."
        raise _nothing(corpus, missing + did_you_mean(folder))
    labels = corpus.labels(folder) if corpus.labels else None
    found, told = _sort_out(corpus, folder, labels)
    notices = _notices(corpus, told)
    if labels:
        notices += labels.notices + _silent(corpus, labels, found)
    if not found:
        raise _nothing(corpus, " ".join((_what_lies_in(folder), *notices)))
    ordered = sorted(found.values(), key=lambda utterance: utterance.name)
    return Listing(tuple(ordered), notices)


def _sort_out(
    corpus: Corpus, folder: Path, labels: Labels | None
) -> tuple[dict[tuple[str, ...], Utterance], dict[str, list[str]]]:
    """The recordings by their codes, and the files that something is to tell of."""
    found: dict[tuple[str, ...], Utterance] = {}
    told: dict[str, list[str]] = {}
    for name, path, codes, misplaced in _candidates(corpus, folder):
        key = tuple(codes.values())
        label = _label(corpus, codes, labels)
        reason = (
            out_of_reach(path, folder)
            or _repeats(found.get(key), path)
            or _reason(corpus, name, label)
        )
        if label and not reason:
            found[key] = _utterance(corpus, name, path, codes, label)
        shown = shown_name(path, folder)
        remarks = [_MISPLACED] if misplaced else []
        remarks += [] if reason else _defects(corpus, name)
        for remark in remarks:
            told.setdefault(remark, []).append(shown)
        if reason == _NAMESAKE:
            shown += f" (listed: {shown_name(found[key].path, folder)})"
        if reason:
            told.setdefault(f"left out, {reason}", []).append(shown)
    _tell_foreign(corpus, folder, found, told)
    return found, told


def _candidates(
    corpus: Corpus, folder: Path
) -> list[tuple[str, Path, dict[str, str], bool]]:
    """The audio files, with their codes and whether a folder contradicts these.

    Of several files of one recording the first is listed: what was coded without loss
    and lies where it belongs.
    """
    claims = folder_claims(corpus)
    files = []
    for name, path in audio_files(folder):
        codes = read_codes(corpus, name)
        files.append(
            (name, path, codes, bool(codes) and contradicted(claims, name, codes))
        )
    return sorted(files, key=lambda f: (f[1].suffix.lower() in LOSSY_SUFFIXES, f[3]))


def _tell_foreign(
    corpus: Corpus,
    folder: Path,
    found: Mapping[tuple[str, ...], Utterance],
    told: dict[str, list[str]],
) -> None:
    """Tells of recordings that are not read, unless another file has them."""
    for name, path in audio_files(folder, ("",)):
        if path.suffix.lower() in ALL_SUFFIXES:
            continue
        # What has no suffix, with all of its name as declared, may be audio too.
        foreign = path.suffix.lower() in FOREIGN_SUFFIXES
        codes = read_codes(corpus, name if foreign else name + path.suffix)
        if codes and tuple(codes.values()) not in found and not os.path.isdir(path):
            told.setdefault(f"left out, {CONVERT}", []).append(shown_name(path, folder))


def _repeats(listed: Utterance | None, path: Path) -> str:
    """Why a file of a name that is listed is left out; empty if none is."""
    if listed is None:
        return ""
    # Of two formats nothing can be told without decoding.
    if listed.path.suffix.lower() != path.suffix.lower() or _equal(listed.path, path):
        return "same recording as one that is listed"
    return _NAMESAKE


def _equal(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


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


def _reason(corpus: Corpus, name: str, label: Label | None) -> str:
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


def _what_lies_in(folder: Path) -> str:
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    shown = first_few([printable(name) for name in names])
    there = f"It holds {shown}" if names else "It is empty"
    return f"{printable(str(folder))} holds no recording. {there}."


def _nothing(corpus: Corpus, problem: str) -> InputError:
    name = corpus.name
    return InputError(
        f"{problem} {corpus.title} is looked for as {corpus.layout}. Copy or unpack "
        f"the recordings to there, or say where they lie: --corpora={name}=path/to/"
        f"folder, or --corpora_dir for the folder that holds a folder '{name}'; or "
        f"describe them by a manifest: --corpora={name}=path/to/manifest.csv."
    )
