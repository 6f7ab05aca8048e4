"""Log-mel records on disk: the one module that reads and writes TFRecords.

Each corpus is one configuration of a tensorflow-datasets builder and lies in
``<data_dir>/speech_emotion/<corpus>/<version>/``. With the records lies what a reader
must know to trust them: settings of the features, counts, recordings left out, a
fingerprint of the source files and a hash of the content.

Whole or nothing: records are written elsewhere and moved to their place at the end, so
what an interrupted preparation leaves is never taken for data, and older records stay
as they are if one fails.

Labels are stored as words of the canonical vocabulary, all of them; which emotions are
classes is decided when the records are used.

Nothing else imports tensorflow-datasets, and this module imports it in such a way that
TensorFlow itself, which takes seconds, is loaded by the first call that needs it.
"""

import contextlib
import dataclasses
import hashlib
import io
import os
import pathlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import absl.logging
import numpy as np

# TensorFlow announces on standard error what it could compute with; here it only reads
# and writes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import tensorflow_datasets as tfds

from damldg_jax.dataset import Example, Rejected, RejectedRecordings
from damldg_jax.errors import InputError
from damldg_jax.provenance import (
    BUILDER,
    VERSION,
    Provenance,
    Summary,
    check_settings,
    corpus_folder,
    damaged_records,
    read_description,
)

_SPLIT = "utterances"
_STAGING = ".preparing-"
_ABANDONED_SECONDS = 24 * 3600


def write(
    data_dir: pathlib.Path,
    provenance: Provenance,
    examples: Iterable[Example | Rejected],
    skip_rejected: bool = False,
) -> Summary:
    """Writes the records of a corpus, replacing older ones.

    Args:
      data_dir: where records are kept.
      provenance: stored beside the records.
      examples: every recording of the corpus, usable or not.
      skip_rejected: store the others if some are rejected.

    Returns:
      What was stored.

    Raises:
      RejectedRecordings: some cannot be used and are not to be skipped, or none can.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(data_dir)
    with tempfile.TemporaryDirectory(prefix=_STAGING, dir=data_dir) as temporary:
        staging = pathlib.Path(temporary)
        with _silence():
            builder = _SpeechEmotion(provenance, examples, skip_rejected, staging)
            builder.download_and_prepare(
                download_dir=staging / "downloads",
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
        summary = read_description(staging, provenance.corpus)[1]
        _replace(
            corpus_folder(data_dir, provenance.corpus),
            corpus_folder(staging, provenance.corpus),
        )
    return summary


def _replace(old: pathlib.Path, new: pathlib.Path) -> None:
    """Puts a folder in the place of another; the old one goes once the new is whole."""
    if old.exists():
        shutil.rmtree(old)
    old.parent.mkdir(parents=True, exist_ok=True)
    new.rename(old)


def read(
    data_dir: pathlib.Path, corpus: str, settings: Mapping[str, Any]
) -> list[Example]:
    """Reads the records of a corpus and checks them against their hash.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.
      settings: of the features that are wanted.

    Returns:
      Its utterances, sorted by name.

    Raises:
      InputError: there are none, they are of other features, or they are damaged; it
        names the folder and the remedy.
    """
    folder = corpus_folder(data_dir, corpus)
    description = read_description(data_dir, corpus)
    if description is None:
        raise InputError(f"No records of '{corpus}' in {folder}. Prepare them first.")
    check_settings(data_dir, description[0], settings)
    import tensorflow as tf

    try:
        builder = tfds.builder_from_directory(folder)
        rows = list(tfds.as_numpy(builder.as_dataset(split=_SPLIT)))
        examples = [_from_row(row) for row in rows]
    except (tf.errors.OpError, OSError, ValueError) as error:
        raise damaged_records(folder, corpus, error) from error
    if _hash(map(_digest, examples)) != description[1].content_hash:
        raise damaged_records(folder, corpus, "the content does not match its hash")
    return sorted(examples, key=lambda example: example.utterance)


class _SpeechEmotion(tfds.core.GeneratorBasedBuilder):
    """Emotional speech as spectrograms, one configuration per corpus."""

    VERSION = tfds.core.Version(VERSION)
    name = BUILDER

    def __init__(
        self,
        provenance: Provenance,
        examples: Iterable[Example | Rejected],
        skip_rejected: bool,
        data_dir: pathlib.Path,
    ):
        self._provenance = provenance
        self._examples = examples
        self._skip_rejected = skip_rejected
        config = tfds.core.BuilderConfig(
            name=provenance.corpus, description=f"The corpus {provenance.corpus}."
        )
        super().__init__(data_dir=data_dir, config=config, file_format="tfrecord")

    def _info(self) -> tfds.core.DatasetInfo:
        text, number = tfds.features.Text(), tfds.features.Scalar(np.float32)
        shape = (None, self._provenance.num_features)
        columns = {
            field.name: text if field.type is str else number
            for field in dataclasses.fields(Example)
        }
        columns["features"] = tfds.features.Tensor(shape=shape, dtype=np.float32)
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(columns),
            metadata=tfds.core.MetadataDict(
                provenance=dataclasses.asdict(self._provenance)
            ),
        )

    def _split_generators(self, dl_manager: object) -> dict[str, Iterator]:
        del dl_manager
        return {_SPLIT: self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        skipped, counts, seconds, digests = {}, Counter(), 0.0, []
        for example in self._examples:
            if isinstance(example, Rejected):
                skipped[example.utterance] = example.reason
                continue
            counts[example.emotion] += 1
            seconds += example.seconds
            digests.append(_digest(example))
            yield example.utterance, dataclasses.asdict(example)
        if skipped and (not digests or not self._skip_rejected):
            # Raised in here, so that the builder leaves nothing behind.
            raise RejectedRecordings(skipped, any_usable=bool(digests))
        summary = Summary(
            skipped, dict(sorted(counts.items())), seconds, _hash(digests)
        )
        self.info.metadata["summary"] = dataclasses.asdict(summary)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keeps the builder's own messages from standard output and the log."""
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        absl.logging.set_verbosity(verbosity)


def _from_row(row: Mapping[str, Any]) -> Example:
    values = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    numbers = {n: float(v) for n, v in values.items() if isinstance(v, np.floating)}
    return Example(**{**values, **numbers})


def _digest(example: Example) -> str:
    """A hash of everything in an example that is stored."""
    digest = hashlib.sha256(np.ascontiguousarray(example.features).tobytes())
    for field in dataclasses.fields(Example):
        value = getattr(example, field.name)
        if field.name != "features":
            text = value if isinstance(value, str) else repr(float(np.float32(value)))
            digest.update(f"{field.name}={text};".encode())
    return digest.hexdigest()


def _hash(digests: Iterable[str]) -> str:
    # Sorted: the order in which recordings were processed does not count.
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _remove_abandoned(data_dir: pathlib.Path) -> None:
    """Removes what a killed preparation left; a running one's folder is younger."""
    for folder in data_dir.glob(f"{_STAGING}*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(folder)
