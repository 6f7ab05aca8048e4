"""Features on disk: TFRecords are read here, and written by way of `builder.py`.

Each corpus is one configuration of a tensorflow-datasets builder and lies in
``<data_dir>/speech_emotion/<corpus>/<version>/``, with what a reader must know to trust
it: settings of the features, counts, recordings left out, hashes of all content.

Whole or nothing: records are written elsewhere and moved to their place at the end, so
what an interrupted preparation leaves is never taken for data, and older records stay
as they are if one fails. The same bytes each time: utterances are sorted by name, no
clock and no path is stored. `docs/records.md` describes the files.

It brings TensorFlow, which takes seconds to load: see `needed.py`.
"""

import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# See builder.py.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import tensorflow as tf
import tensorflow_datasets as tfds

from damldg_jax.dataset import Example
from damldg_jax.records import checksums, staging
from damldg_jax.records.builder import SPLIT, SpeechEmotion
from damldg_jax.records.content import Content, content_hash, digest, summarize, survey
from damldg_jax.records.provenance import (
    Provenance,
    Summary,
    corpus_folder,
    damaged_records,
    described,
    unreplaced,
)
from damldg_jax.records.quiet import (
    errors_of_reading,
    mute_advice_to_developers,
    quiet,
)
from damldg_jax.records.shards import Chunk, plan
from damldg_jax.records.writing import writing
from damldg_jax.workers import Each, in_turn

mute_advice_to_developers()


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
            builder = SpeechEmotion(provenance, summary, shards, each, temporary)
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
    with unreplaced(corpus_folder(data_dir, corpus), corpus):
        _, summary = described(data_dir, corpus, settings)
        examples = stream(data_dir, corpus, summary.content_hash)
        return sorted(examples, key=lambda example: example.utterance)


def stream(data_dir: pathlib.Path, corpus: str, expected: str) -> Iterator[Example]:
    """Reads the records of a corpus one by one, in the order of the files.

    Args:
      data_dir: where records are kept.
      corpus: name of the corpus.
      expected: hash of their content.

    Yields:
      Its utterances; they count once all are there.

    Raises:
      InputError: as in `read`.
    """
    folder = corpus_folder(data_dir, corpus)
    with unreplaced(folder, corpus):
        if damage := checksums.find_damage(folder):
            place = _first_damaged(folder / damage[0])
            raise damaged_records(folder, corpus, ": ".join(damage) + place)
        digests = []
        for example in _examples(folder, corpus):
            # Whole to the bit, and yet of another program, or of an extractor's error.
            if not len(example.features) or not np.isfinite(example.features).all():
                what = f"'{example.utterance}' has no frames, or such as are no numbers"
                raise damaged_records(folder, corpus, what)
            digests.append(digest(example))
            yield example
        if content_hash(digests) != expected:
            raise damaged_records(folder, corpus, "the content does not match its hash")


def _examples(folder: pathlib.Path, corpus: str) -> Iterator[Example]:
    # File by file, as they were written, and none of it is kept.
    in_order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
    try:
        builder = tfds.builder_from_directory(folder)
        rows = tfds.as_numpy(builder.as_dataset(split=SPLIT, read_config=in_order))
        yield from map(_from_row, rows)
    except (tf.errors.OpError, *errors_of_reading()) as error:
        raise damaged_records(folder, corpus, error) from error


def _first_damaged(path: pathlib.Path) -> str:
    """Says where in a file of records the first damaged one is, if its sums tell."""
    if ".tfrecord-" not in path.name:
        return ""
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
