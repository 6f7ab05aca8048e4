"""What is known of prepared datasets and of the recordings made of them.

It needs neither tensorflow-datasets nor a library for audio: where the recordings are
there, nothing else is needed.
"""

import hashlib
import json
import pathlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from damldg_jax.errors import InputError

MANIFEST = "manifest.csv"
SETTINGS = "settings.json"
# Raised when other files are made of the same dataset.
_FORMAT = 1


class _Dataset(NamedTuple):
    """What is known of a builder of tensorflow-datasets.

    Attributes:
      labels: canonical emotion of each label, where these are no such words; None
        where the labels are no emotions.
      options: of its preparation.
      speaker: the field that tells the speaker.
      spelling: format string that makes a name of what that field holds.
    """

    labels: Mapping[str, str] | None
    options: str = ""
    speaker: str = "speaker_id"
    spelling: str = "{}"


def _manual(zip_file: str) -> str:
    return (
        "download_config=tfds.download.DownloadConfig("
        f"manual_dir='folder/that/holds/{zip_file}')"
    )


DATASETS = {
    "crema_d": _Dataset(
        {"ANG": "anger", "DIS": "disgust", "FEA": "fear"}
        | {"HAP": "happiness", "NEU": "neutral", "SAD": "sadness"}
    ),
    # Its labels are canonical words.
    "savee": _Dataset({}, _manual("AudioData.zip")),
    # Its labels are the numbers in the names of speakers.
    "voxceleb": _Dataset(
        None, _manual("vox_dev_wav.zip"), speaker="label", spelling="id1{:04d}"
    ),
}


def find(name: str, dataset: pathlib.Path, folder: pathlib.Path) -> pathlib.Path | None:
    """Looks for the recordings of a prepared dataset.

    Args:
      name: one of `DATASETS`.
      dataset: its folder in the data_dir of tensorflow-datasets.
      folder: where the recordings and their manifest go.

    Returns:
      The manifest, or None where recordings are still to be made of the dataset.

    Raises:
      InputError: the dataset is not prepared, or the folder holds something else.
    """
    there = holds(folder, key_of(newest(name, dataset)))
    return folder / MANIFEST if there else None


def newest(name: str, dataset: pathlib.Path) -> pathlib.Path:
    """The folder of the newest version of a dataset.

    Args:
      name: one of `DATASETS`.
      dataset: its folder.

    Returns:
      A folder in that.

    Raises:
      InputError: there is none; it tells how one is made.
    """
    versions = {
        tuple(map(int, info.parent.name.split("."))): info.parent
        for info in dataset.glob("*/dataset_info.json")
        if re.fullmatch(r"\d+\.\d+\.\d+", info.parent.name)
    }
    if not versions:
        raise InputError(
            f"There is no dataset {dataset} that tensorflow-datasets has prepared. "
            f"Name the folder that holds {name}, --corpora={name}=tfds:path/to/folder, "
            f"or {how_to_prepare(name, dataset)}"
        )
    return versions[max(versions)]


def key_of(version: pathlib.Path) -> str:
    """A hash of the names, sizes and dates of the files of a dataset."""
    digest = hashlib.sha256(f"{_FORMAT}".encode())
    for path in sorted(version.iterdir()):
        status = path.stat()
        state = (version.name, path.name, status.st_size, status.st_mtime_ns)
        digest.update("\0".join(map(str, state)).encode())
    return digest.hexdigest()


def how_to_prepare(name: str, dataset: pathlib.Path) -> str:
    """What has tensorflow-datasets prepare a dataset, to go on with in a message."""
    # Its command line, `tfds build`, needs Apache Beam; this does not.
    return (
        f"prepare it there:\n  pip install pydub\n"
        f'  python -c "import tensorflow_datasets as tfds; '
        f"tfds.builder('{name}', data_dir='{dataset.parent}')"
        f'.download_and_prepare({DATASETS[name].options})"'
    )


def holds(folder: pathlib.Path, key: str) -> bool:
    """Whether the recordings are there already.

    Args:
      folder: where they go.
      key: of the dataset that they are made of.

    Returns:
      Whether they are there, all of them, made of that dataset.

    Raises:
      InputError: the folder holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        stored = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        whole = len(list(folder.glob("*.flac"))) == stored["recordings"]
        return stored["key"] == key and whole and (folder / MANIFEST).is_file()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} holds something else than recordings made of a dataset of "
            "tensorflow-datasets. Choose another --data_dir, or move it away."
        ) from error
