"""What a finished run leaves for the report, beside its results on the target.

How the last parameters see the sources (their energies against those of the target,
their calibration), and embeddings of some utterances of all corpora, for a picture.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from damldg_jax.dataset import Dataset
from damldg_jax.evaluation import Predictions
from experiments.division import Division
from experiments.outputs import prediction_rows, write_arrays, write_csv
from experiments.runs import Run

# Enough for a histogram of energies, and for a picture of points.
SOURCE_UTTERANCES = 1000
EMBEDDED_UTTERANCES = 300
# What half precision holds.
_HALF_MAX = float(np.finfo(np.float16).max)


class Members(NamedTuple):
    """Some utterances of a corpus, and the side of the split that each is on.

    Attributes:
      indices: [n] into the data set, ascending.
      sides: [n] ``"train"``, ``"validation"`` or ``"test"``.
    """

    indices: np.ndarray
    sides: np.ndarray

    def draw(self, corpus: str, most: int) -> np.ndarray:
        """Places of at most so many, evenly drawn; the same for all runs.

        Args:
          corpus: its name, which the draw depends on.
          most: how many.

        Returns:
          [m] ascending.
        """
        if len(self.indices) <= most:
            return np.arange(len(self.indices))
        rng = np.random.default_rng([*corpus.encode()])
        return np.sort(rng.choice(len(self.indices), most, replace=False))

    def take(self, places: np.ndarray) -> "Members":
        """Those at some places."""
        return Members(self.indices[places], self.sides[places])


def sources_of(division: Division, names: tuple[str, ...]) -> dict[str, Members]:
    """The source utterances that are looked at.

    Args:
      division: of the run.
      names: of its sources.

    Returns:
      At most ``SOURCE_UTTERANCES`` of each source.
    """
    found = {}
    for name, train in zip(names, division.train, strict=True):
        validation = division.validation.get(name, np.zeros(0, train.dtype))
        indices = np.concatenate([train, validation])
        sides = np.repeat(["train", "validation"], [len(train), len(validation)])
        order = np.argsort(indices)
        members = Members(indices[order], sides[order])
        found[name] = members.take(members.draw(name, SOURCE_UTTERANCES))
    return found


def write_exhibits(
    run: Run,
    dataset: Dataset,
    look: Callable[[str, np.ndarray], Predictions],
    tested: Predictions,
) -> None:
    """Writes ``sources.csv`` and ``embeddings.npz``.

    Args:
      run: that is trained.
      dataset: its data.
      look: ``(corpus, its utterances [n]) -> Predictions``, by what was trained.
      tested: what it says of the target, in the order of the run's test utterances.
    """
    sources = sources_of(run.division, run.split.sources)
    seen = {name: look(name, members.indices) for name, members in sources.items()}
    _write_sources(run, dataset, sources, seen)
    test = run.division.test
    target = Members(test, np.repeat(["test"], len(test)))
    # Within a corpus, source and target have one name.
    parts = [(run.split.target, target, tested)]
    parts += [(name, sources[name], seen[name]) for name in sources]
    _write_embeddings(run, dataset, parts)


def _write_sources(
    run: Run,
    dataset: Dataset,
    sources: Mapping[str, Members],
    seen: Mapping[str, Predictions],
) -> None:
    header, rows = [], []
    for name, members in sources.items():
        columns, told = prediction_rows(dataset, members.indices, seen[name])
        header = ["corpus", "side", *columns]
        rows += [[name, *row] for row in np.column_stack([members.sides, told])]
    write_csv(run.folder / "sources.csv", header, rows)


def _write_embeddings(
    run: Run, dataset: Dataset, parts: list[tuple[str, Members, Predictions]]
) -> None:
    columns: dict[str, list] = {
        name: [] for name in ("embedding", "corpus", "utterance", "side", "label")
    }
    for corpus, members, predicted in parts:
        places = members.draw(corpus, EMBEDDED_UTTERANCES)
        indices, sides = members.take(places)
        embedding = np.clip(predicted.embedding[places], -_HALF_MAX, _HALF_MAX)
        columns["embedding"].append(embedding.astype(np.float16))
        columns["corpus"].append([corpus] * len(places))
        columns["utterance"].append([dataset.utterances[index] for index in indices])
        columns["side"].append(sides)
        columns["label"].append(dataset.store.labels[indices])
    joined = {name: np.concatenate(values) for name, values in columns.items()}
    write_arrays(run.folder / "embeddings.npz", joined)
