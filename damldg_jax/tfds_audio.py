"""CREMA-D and SAVEE as tensorflow-datasets prepares them, made into recordings.

A prepared dataset holds the samples of each recording, its label and its speaker, in
splits that are of no use here. All of it is written once as 16-bit FLAC, sample by
sample the same, with a manifest: from there on it is a corpus like any other.

Beside `records.py` nothing else imports tensorflow-datasets.
"""

import csv
import hashlib
import json
import os
import pathlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import soundfile

# See records.py.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import tensorflow_datasets as tfds

from damldg_jax.corpora import CORPORA
from damldg_jax.emotions import canonical
from damldg_jax.errors import InputError

MANIFEST = "manifest.csv"
_SETTINGS = "settings.json"
_COLUMNS = ("path", "emotion", "speaker", "sex", "language")
# Raised when other files are made of the same dataset.
_FORMAT = 1
# What tensorflow-datasets raises where files are not as it wrote them.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


class _Dataset(NamedTuple):
    """What is known of a builder of tensorflow-datasets."""

    labels: Mapping[str, str]
    options: str = ""


DATASETS = {
    "crema_d": _Dataset(
        {"ANG": "anger", "DIS": "disgust", "FEA": "fear"}
        | {"HAP": "happiness", "NEU": "neutral", "SAD": "sadness"}
    ),
    # Its labels are canonical words.
    "savee": _Dataset(
        {},
        options="download_config=tfds.download.DownloadConfig("
        "manual_dir='folder/that/holds/AudioData.zip')",
    ),
}


class _Recording(NamedTuple):
    samples: np.ndarray
    rate: int
    emotion: str
    speaker: str


def write_recordings(
    name: str,
    dataset: pathlib.Path,
    folder: pathlib.Path,
    progress: Callable[[Iterable, int], Iterable] = lambda items, total: items,
) -> pathlib.Path:
    """Writes the recordings of a prepared dataset, unless the folder holds them.

    A writing that was interrupted goes on where it stopped; the folder is there
    once it is whole, and made anew when the dataset has changed.

    Args:
      name: one of `DATASETS`.
      dataset: its folder in the data_dir of tensorflow-datasets.
      folder: where the recordings and their manifest go.
      progress: wraps the recordings, of which it is told the number.

    Returns:
      The manifest, with the columns path, emotion, speaker, sex and language.

    Raises:
      InputError: the dataset is not prepared, damaged or not as its builder makes
        it; or the folder holds something else.
    """
    version = _prepared(name, dataset)
    key = _key(version)
    if not _holds(folder, key):
        staging = folder.parent / f".{folder.name}-{key[:16]}"
        staging.mkdir(parents=True, exist_ok=True)
        builder = _builder(name, version)
        total = builder.info.splits.total_num_examples
        rows: dict[str, tuple[str, ...]] = {}
        for recording in progress(_read(name, version, builder), total):
            row = _write(name, staging, recording, rows)
            rows[row[0]] = row
        _write_index(staging, rows, key)
        _publish(staging, folder, key)
    return folder / MANIFEST


def _prepared(name: str, dataset: pathlib.Path) -> pathlib.Path:
    """The folder of the newest version; raises if there is none."""
    versions = {
        tuple(map(int, info.parent.name.split("."))): info.parent
        for info in dataset.glob("*/dataset_info.json")
        if re.fullmatch(r"\d+\.\d+\.\d+", info.parent.name)
    }
    if not versions:
        raise InputError(
            f"There is no dataset {dataset} that tensorflow-datasets has prepared. "
            f"Name the folder that holds {name}, --corpora={name}=tfds:path/to/folder, "
            f"or {_how_to_prepare(name, dataset)}"
        )
    return versions[max(versions)]


def _key(version: pathlib.Path) -> str:
    """A hash of the names, sizes and dates of the files of a dataset."""
    digest = hashlib.sha256(f"{_FORMAT}".encode())
    for path in sorted(version.iterdir()):
        status = path.stat()
        state = (version.name, path.name, status.st_size, status.st_mtime_ns)
        digest.update("\0".join(map(str, state)).encode())
    return digest.hexdigest()


def _holds(folder: pathlib.Path, key: str) -> bool:
    """Whether the recordings are there already; raises if something else is."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        stored = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        whole = len(list(folder.glob("*.flac"))) == stored["recordings"]
        return stored["key"] == key and whole and (folder / MANIFEST).is_file()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} holds something else than recordings made of a dataset of "
            "tensorflow-datasets. Choose another --data_dir, or move it away."
        ) from error


def _builder(name: str, version: pathlib.Path) -> Any:
    from google.protobuf import json_format

    try:
        builder = tfds.builder_from_directory(version)
    except (*_UNREADABLE, json_format.Error) as error:
        raise _damaged(name, version, error) from error
    features = builder.info.features
    lacking = {"audio", "label", "speaker_id"} - set(features)
    if lacking or not getattr(features["audio"], "sample_rate", None):
        problem = f"lacks {', '.join(sorted(lacking)) or 'the sampling rate'}"
        raise _damaged(name, version, problem)
    return builder


def _read(name: str, version: pathlib.Path, builder: Any) -> Iterator[_Recording]:
    """Reads all splits."""
    import tensorflow as tf

    features = builder.info.features
    rate = features["audio"].sample_rate
    number, total = 0, builder.info.splits.total_num_examples
    try:
        for split in sorted(builder.info.splits):
            for row in tfds.as_numpy(builder.as_dataset(split=split)):
                number += 1
                label = features["label"].int2str(int(row["label"]))
                emotion = canonical(DATASETS[name].labels.get(label, label))
                samples = _to_16_bits(row["audio"], f"{number} of the split {split}")
                yield _Recording(samples, rate, emotion, row["speaker_id"].decode())
    except (*_UNREADABLE, tf.errors.OpError) as error:
        raise _damaged(name, version, error) from error
    if number != total:
        raise _damaged(name, version, f"{number} recordings instead of {total}")


def _to_16_bits(samples: np.ndarray, recording: str) -> np.ndarray:
    exact = samples.astype(np.int16)
    if samples.ndim != 1 or not np.array_equal(exact, samples):
        raise InputError(f"recording {recording} is not mono of 16 bits")
    return exact


def _write(
    name: str, staging: pathlib.Path, recording: _Recording, taken: Mapping[str, Any]
) -> tuple[str, ...]:
    """Writes a recording, unless an earlier attempt did; returns its row."""
    # The dataset keeps no names. A hash of the samples stays what it is in any order.
    digest = hashlib.sha256(recording.samples.astype("<i2").tobytes()).hexdigest()[:16]
    speaker = re.sub("[^A-Za-z0-9]+", "-", recording.speaker)
    stem = f"{speaker}_{recording.emotion}_{digest}"
    path, copies = f"{stem}.flac", 1
    while path in taken:
        copies += 1
        path = f"{stem}_{copies}.flac"
    if not (staging / path).exists():
        part = staging / f"{path}.{os.getpid()}.part"
        soundfile.write(
            part, recording.samples, recording.rate, format="FLAC", subtype="PCM_16"
        )
        part.replace(staging / path)
    sex = CORPORA[name].sex.get(recording.speaker, "") if name in CORPORA else ""
    return path, recording.emotion, recording.speaker, sex, "English"


def _write_index(
    staging: pathlib.Path, rows: Mapping[str, tuple[str, ...]], key: str
) -> None:
    with (staging / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        ordered = [rows[path] for path in sorted(rows)]
        csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *ordered])
    for part in staging.glob("*.part"):
        part.unlink()
    settings = json.dumps({"key": key, "recordings": len(rows)})
    (staging / _SETTINGS).write_text(settings, encoding="utf-8")


def _publish(staging: pathlib.Path, folder: pathlib.Path, key: str) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    staging.rename(folder)
    for abandoned in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(abandoned)


def _how_to_prepare(name: str, dataset: pathlib.Path) -> str:
    # Its command line, `tfds build`, needs Apache Beam; this does not.
    return (
        f"prepare it there:\n  pip install pydub\n"
        f'  python -c "import tensorflow_datasets as tfds; '
        f"tfds.builder('{name}', data_dir='{dataset.parent}')"
        f'.download_and_prepare({DATASETS[name].options})"'
    )


def _damaged(name: str, version: pathlib.Path, error: object) -> InputError:
    return InputError(
        f"The dataset {version} cannot be used ({error}). Delete that folder and "
        f"{_how_to_prepare(name, version.parent)}"
    )
