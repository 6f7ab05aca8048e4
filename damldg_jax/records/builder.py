"""How records are laid out and written, as tensorflow-datasets describes them."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np

# TensorFlow announces on standard error what it could compute with, which it does not.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import tensorflow as tf
import tensorflow_datasets as tfds

from damldg_jax.dataset import Example
from damldg_jax.records.provenance import BUILDER, VERSION, Provenance, Summary
from damldg_jax.records.shards import Shard
from damldg_jax.records.writing import writing
from damldg_jax.workers import Each

SPLIT = "utterances"


class SpeechEmotion(tfds.core.dataset_builder.FileReaderBuilder):
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
        """Describes what is to be written.

        Args:
          provenance: stored beside the records.
          summary: likewise.
          shards: what goes into each file.
          each: writes files, several at a time or elsewhere.
          data_dir: where the folder of the records is made.
        """
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
        dtype = np.dtype(self._provenance.dtype)
        encoding = "none" if dtype == np.float32 else "bytes"
        columns["features"] = tensor(shape=shape, dtype=dtype.type, encoding=encoding)
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
        template = self._get_filename_template(SPLIT)
        paths = template.sharded_filepaths(len(self._shards))
        tasks = list(zip(map(os.path.abspath, paths), self._shards, strict=True))
        sizes = self._each(_write_shard, tasks)
        split = tfds.core.SplitInfo(
            name=SPLIT,
            shard_lengths=[len(shard.digests) for shard in self._shards],
            num_bytes=sum(sizes),
            filename_template=template,
        )
        self.info.set_splits(tfds.core.splits.SplitDict([split]))


def _write_shard(task: tuple[str, Shard]) -> int:
    """Writes one file and returns the size of its records."""
    (path, shard), size = task, 0
    told = writing(pathlib.Path(path).parent, tf.errors.OpError)
    with told, tf.io.TFRecordWriter(path) as writer:
        for record in map(_serialize, shard.examples()):
            writer.write(record)
            size += len(record)
    return size


def _serialize(example: Example) -> bytes:
    """As the builder's own serializer, but the same bytes in any process."""
    train, columns = tf.train, {}
    for name, value in vars(example).items():
        if isinstance(value, str):
            column = {"bytes_list": train.BytesList(value=[value.encode()])}
        elif np.asarray(value).dtype == np.float16:
            # TFRecords know no numbers of that size.
            column = {"bytes_list": train.BytesList(value=[value.tobytes()])}
        elif np.asarray(value).dtype.kind == "f":
            values = np.asarray(value, np.float32).ravel().tolist()
            column = {"float_list": train.FloatList(value=values)}
        else:
            column = {"int64_list": train.Int64List(value=value.tolist())}
        columns[name] = train.Feature(**column)
    features = train.Features(feature=columns)
    return train.Example(features=features).SerializeToString(deterministic=True)
