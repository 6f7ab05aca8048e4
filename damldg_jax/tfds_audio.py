"""Corpora as tensorflow-datasets prepares them, made into recordings.

A prepared dataset holds the samples of each recording, its label and its speaker, in
splits that are of no use here. All of it is written once as 16-bit FLAC, sample by
sample the same, with a manifest: from there on it is a corpus like any other.

It brings TensorFlow; `tfds_copies.py` tells without it whether that is needed.
"""

import os
import pathlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

# See records/builder.py.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import tensorflow_datasets as tfds

from damldg_jax import tfds_copies, tfds_files
from damldg_jax.emotions import UNLABELLED, canonical
from damldg_jax.errors import InputError
from damldg_jax.records import locks, staging
from damldg_jax.records.quiet import errors_of_reading
from damldg_jax.records.writing import writing
from damldg_jax.tfds_copies import DATASETS, MANIFEST
from damldg_jax.tfds_files import Recording


def write_recordings(
    name: str,
    dataset: pathlib.Path,
    folder: pathlib.Path,
    progress: Callable[[Iterable, int], Iterable] = lambda items, total: items,
    tell: Callable[[str], object] = lambda text: None,
) -> pathlib.Path:
    """Writes the recordings of a prepared dataset, unless the folder holds them.

    A writing that was interrupted goes on where it stopped; the folder is there
    once it is whole, and made anew when the dataset has changed. One process writes,
    others wait for it.

    Args:
      name: one of `DATASETS`.
      dataset: its folder in the data_dir of tensorflow-datasets.
      folder: where the recordings and their manifest go.
      progress: wraps the recordings, of which it is told the number.
      tell: is told that another process is waited for.

    Returns:
      The manifest, with the columns path, emotion, speaker, sex and language.

    Raises:
      InputError: the dataset is not prepared, damaged or not as its builder makes
        it; or the folder holds something else or cannot be written.
    """
    version = tfds_copies.newest(name, dataset)
    key = tfds_copies.key_of(version)
    if not tfds_copies.holds(folder, key):
        with locks.held(locks.place(folder.parent, folder.name), tell):
            staging.restore(folder, _aside(folder))
            if not tfds_copies.holds(folder, key):
                _make(name, version, folder, key, progress)
    return folder / MANIFEST


def _make(
    name: str,
    version: pathlib.Path,
    folder: pathlib.Path,
    key: str,
    progress: Callable[[Iterable, int], Iterable],
) -> None:
    builder = _builder(name, version)
    total = builder.info.splits.total_num_examples
    unfinished = folder.parent / f".{folder.name}-{key[:16]}"
    rows: dict[str, tuple[str, ...]] = {}
    # Errors of reading are told as such by who reads.
    with writing(folder.parent):
        unfinished.mkdir(parents=True, exist_ok=True)
        for recording in progress(_read(name, version, builder), total):
            row = tfds_files.write(name, unfinished, recording, rows)
            rows[row[0]] = row
        tfds_files.write_index(unfinished, rows, key)
        staging.exchange(folder, unfinished, _aside(folder))
        for abandoned in folder.parent.glob(f".{folder.name}-*"):
            shutil.rmtree(abandoned)


def _aside(folder: pathlib.Path) -> pathlib.Path:
    return folder.parent / f".{folder.name}-replaced"


def _builder(name: str, version: pathlib.Path) -> Any:
    try:
        builder = tfds.builder_from_directory(version)
    except errors_of_reading() as error:
        raise _damaged(name, version, error) from error
    features = builder.info.features
    lacking = {"audio", "label", DATASETS[name].speaker} - set(features)
    if lacking or not getattr(features["audio"], "sample_rate", None):
        problem = f"lacks {', '.join(sorted(lacking)) or 'the sampling rate'}"
        raise _damaged(name, version, problem)
    return builder


def _read(name: str, version: pathlib.Path, builder: Any) -> Iterator[Recording]:
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
                samples = _to_16_bits(row["audio"], f"{number} of the split {split}")
                emotion, speaker = _emotion(name, label), _speaker(name, row)
                yield Recording(samples, rate, emotion, speaker)
    except (tf.errors.OpError, *errors_of_reading()) as error:
        raise _damaged(name, version, error) from error
    if number != total:
        raise _damaged(name, version, f"{number} recordings instead of {total}")


def _emotion(name: str, label: str) -> str:
    labels = DATASETS[name].labels
    return UNLABELLED if labels is None else canonical(labels.get(label, label))


def _speaker(name: str, row: Mapping[str, Any]) -> str:
    known = DATASETS[name]
    value = row[known.speaker]
    told = value.decode() if isinstance(value, bytes) else int(value)
    return known.spelling.format(told)


def _to_16_bits(samples: np.ndarray, recording: str) -> np.ndarray:
    exact = samples.astype(np.int16)
    if samples.ndim != 1 or not np.array_equal(exact, samples):
        raise InputError(f"recording {recording} is not mono of 16 bits")
    return exact


def _damaged(name: str, version: pathlib.Path, error: object) -> InputError:
    return InputError(
        f"The dataset {version} cannot be used ({error}). Delete that folder and "
        f"{tfds_copies.how_to_prepare(name, version.parent)}"
    )
