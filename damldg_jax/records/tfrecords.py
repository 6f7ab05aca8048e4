"""Features on disk: the one module that reads and writes TFRecords.

Each corpus is one configuration of a tensorflow-datasets builder and lies in
``<data_dir>/speech_emotion/<corpus>/<version>/``, with what a reader must know to trust
it: settings of the features, counts, recordings left out, hashes of all content.

Whole or nothing: records are written elsewhere and moved to their place at the end, so
what an interrupted preparation leaves is never taken for data, and older records stay
as they are if one fails. The same bytes each time: utterances are sorted by name, no
clock and no path is stored. `docs/records.md` describes the files.

TensorFlow, which takes seconds, is loaded by the first call that needs it.
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

# TensorFlow announces on standard error what it could compute with, which it does not.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import tensorflow_datasets as tfds

from damldg_jax.dataset import Example
from damldg_jax.errors import InputError
from damldg_jax.records import checksums, staging
from damldg_jax.records.content import Content, content_hash, digest, summarize, survey
from damldg_jax.records.provenance import (
    BUILDER,
    VERSION,
    Provenance,
    Summary,
    check_settings,
    corpus_folder,
    damaged_records,
    read_description,
    unreplaced,
)
from damldg_jax.records.quiet import errors_of_reading, quiet
from damldg_jax.records.shards import Chunk, Shard, plan
from damldg_jax.records.writing import writing
from damldg_jax.workers import Each, in_turn

_SPLIT = "utterances"


def write(
    data_dir: pathlib.Path,
    provenance: Provenance,
    chunks: Sequence[Chunk],
    skip_rejected: bool = False,
    each: Each = in_turn,
    progress: Callable[[int], object] = lambda count: None,
) -> Summary:
    """Writes the records of a corpus, replacing older ones.

    Args:
      data_dir: where records are kept; no other process may work on the same corpus
        there meanwhile (see `locks`).
      provenance: stored beside the records.
      chunks: every recording of the corpus, usable or not, sorted by name. Each is
        called twice, to count what there is and to write it.
      skip_rejected: store the others if some are rejected.
      each: does the work on chunks, several at a time or elsewhere.
      progress: is told how many recordings each chunk had.

    Returns:
      What was stored.

    Raises:
      RejectedRecordings: some cannot be used and are not to be skipped, or none can.
      InputError: recordings have changed between the two calls, there are none, or
        the records cannot be written.
    """
    corpus, contents = provenance.corpus, []
    with staging.folder(data_dir) as temporary:
        for values in each(survey, chunks):
            contents.append(Content(*values))
            progress(contents[-1].num_recordings)
            os.utime(temporary)  # Others see that somebody is at work.
        summary = summarize(corpus, contents, skip_rejected)
        shards = plan(chunks, contents)
        with quiet(), writing(data_dir):
            tfds.disable_progress_bar()
            builder = _SpeechEmotion(provenance, summary, shards, each, temporary)
            builder.download_and_prepare(
                download_dir=temporary / "downloads",
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
            new = corpus_folder(temporary, corpus)
            checksums.write(new)
            staging.replace(data_dir, corpus, new)
    return summary


def read(
    data_dir: pathlib.Path, corpus: str, settings: Mapping[str, Any]
) -> list[Example]:
    """Reads the records of a corpus and checks every byte against its hash.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.
      settings: of the features that are wanted.

    Returns:
      Its utterances, sorted by name.

    Raises:
      InputError: there are none, of other features or damaged ones; it names the file,
        the record where it can, and the remedy.
    """
    folder = corpus_folder(data_dir, corpus)
    description = read_description(data_dir, corpus)
    if description is None:
        raise InputError(f"No records of '{corpus}' in {folder}. Prepare them first.")
    check_settings(data_dir, description[0], settings)
    with unreplaced(folder, corpus):
        return _read(folder, corpus, description[1].content_hash)


def _read(folder: pathlib.Path, corpus: str, expected: str) -> list[Example]:
    import tensorflow as tf

    if damage := checksums.find_damage(folder):
        file, problem = damage
        place = _first_damaged(folder / file) if ".tfrecord-" in file else ""
        raise damaged_records(folder, corpus, f"{file}: {problem}{place}")
    try:
        builder = tfds.builder_from_directory(folder)
        rows = tfds.as_numpy(builder.as_dataset(split=_SPLIT))
        examples = [_from_row(row) for row in rows]
    except (tf.errors.OpError, *errors_of_reading()) as error:
        raise damaged_records(folder, corpus, error) from error
    if content_hash(map(digest, examples)) != expected:
        raise damaged_records(folder, corpus, "the content does not match its hash")
    return sorted(examples, key=lambda example: example.utterance)


class _SpeechEmotion(tfds.core.dataset_builder.FileReaderBuilder):
    """Emotional speech as features, one configuration per corpus."""

    VERSION = tfds.core.Version(VERSION)
    name = BUILDER

    def __init__(
        self,
        provenance: Provenance,
        summary: Summary,
        shards: Sequence[Shard],
        each: Each,
        data_dir: pathlib.Path,
    ):
        self._provenance, self._summary = provenance, summary
        self._shards, self._each = shards, each
        config = tfds.core.BuilderConfig(
            name=provenance.corpus, description=f"The corpus {provenance.corpus}."
        )
        super().__init__(data_dir=data_dir, config=config, file_format="tfrecord")

    def _info(self) -> tfds.core.DatasetInfo:
        text, number = tfds.features.Text(), tfds.features.Scalar(np.float32)
        columns = {
            field.name: text if field.type is str else number
            for field in dataclasses.fields(Example)
        }
        tensor, shape = tfds.features.Tensor, (None, self._provenance.num_features)
        columns["features"] = tensor(shape=shape, dtype=np.float32)
        columns["fingerprint"] = tensor(shape=(None,), dtype=np.uint32)
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(columns),
            metadata=tfds.core.MetadataDict(
                provenance=dataclasses.asdict(self._provenance),
                summary=dataclasses.asdict(self._summary),
            ),
        )

    def _download_and_prepare(self, **options: object) -> None:
        del options
        template = self._get_filename_template(_SPLIT)
        paths = template.sharded_filepaths(len(self._shards))
        tasks = list(zip(map(os.path.abspath, paths), self._shards, strict=True))
        sizes = self._each(_write_shard, tasks)
        split = tfds.core.SplitInfo(
            name=_SPLIT,
            shard_lengths=[len(shard.digests) for shard in self._shards],
            num_bytes=sum(sizes),
            filename_template=template,
        )
        self.info.set_splits(tfds.core.splits.SplitDict([split]))


def _write_shard(task: tuple[str, Shard]) -> int:
    """Writes one file and returns the size of its records."""
    import tensorflow as tf

    (path, shard), size = task, 0
    told = writing(pathlib.Path(path).parent, tf.errors.OpError)
    with told, tf.io.TFRecordWriter(path) as writer:
        for record in map(_serialize, shard.examples()):
            writer.write(record)
            size += len(record)
    return size


def _serialize(example: Example) -> bytes:
    """As the builder's own serializer, but the same bytes in any process."""
    from tensorflow import train

    columns = {}
    for name, value in vars(example).items():
        if isinstance(value, str):
            column = {"bytes_list": train.BytesList(value=[value.encode()])}
        elif np.asarray(value).dtype.kind == "f":
            values = np.asarray(value, np.float32).ravel().tolist()
            column = {"float_list": train.FloatList(value=values)}
        else:
            column = {"int64_list": train.Int64List(value=value.tolist())}
        columns[name] = train.Feature(**column)
    features = train.Features(feature=columns)
    return train.Example(features=features).SerializeToString(deterministic=True)


def _first_damaged(path: pathlib.Path) -> str:
    """Says where in a file the first damaged record is, if its own sums tell."""
    import tensorflow as tf

    number, last = 0, ""
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            features = tf.train.Example.FromString(record).features.feature
            last = features["utterance"].bytes_list.value[0].decode()
            number += 1
    except (tf.errors.OpError, *errors_of_reading()):
        after = f", the one after utterance '{last}'" if last else ""
        return f", first in record {number + 1}{after}"
    return f"; it holds {number} whole records"


def _from_row(row: Mapping[str, Any]) -> Example:
    texts = {n: v.decode() for n, v in row.items() if isinstance(v, bytes)}
    numbers = {n: float(v) for n, v in row.items() if isinstance(v, np.floating)}
    return Example(**{**row, **texts, **numbers})
