"""The machine: standardised inputs, classes and corpora weighed alike, C from sources.

Each source corpus, and within it each class, counts the same. The regularisation C is
that by which machines trained on all source corpora but one do best on the one left
out; of a single source, on speakers left out. The target has no say in it. Altered
copies are trained on like recordings; what is left out is judged by recordings alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from damldg_jax.errors import InputError
from damldg_jax.evaluation import Predictions
from damldg_jax.metrics import score

REGULARISATIONS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_FOLDS = 5
_MOST_ITERATIONS = 20_000


class Classifier(NamedTuple):
    """A row of the table.

    Attributes:
      title: of it in tables.
      build: from C to the untrained machine, the same each time.
      difference: whether of two classes its decision value is the difference of their
        logits; else it is the logit of the one and, negative, of the other.
    """

    title: str
    build: Callable[[float], ClassifierMixin]
    difference: bool = False


CLASSIFIERS: Mapping[str, Classifier] = {
    "linear_svm": Classifier(
        "Linear SVM",
        lambda c: LinearSVC(
            C=c, dual="auto", max_iter=_MOST_ITERATIONS, random_state=0
        ),
    ),
    # Multinomial: the loss that networks have.
    "logistic_regression": Classifier(
        "Logistic regression",
        lambda c: LogisticRegression(C=c, max_iter=_MOST_ITERATIONS),
        difference=True,
    ),
}


class Training(NamedTuple):
    """Utterances to train on.

    Attributes:
      inputs: [n, features] float.
      labels: [n] int.
      corpora: [n] int, number of the source corpus.
      speakers: [n] text.
      copies: [n] bool, whether each is an altered copy.
    """

    inputs: np.ndarray
    labels: np.ndarray
    corpora: np.ndarray
    speakers: np.ndarray
    copies: np.ndarray

    def take(self, which: np.ndarray) -> "Training":
        """Some of the utterances."""
        return Training(*(column[which] for column in self))


class Machine(NamedTuple):
    """A trained machine.

    Attributes:
      pipeline: standardises and decides.
      classifier: a key of ``CLASSIFIERS``.
      num_classes: of all, also those that no source has.
      regularisation: C.
      held_out_uar: mean UAR on the corpora, or speakers, left out, for each C tried.
    """

    pipeline: Pipeline
    classifier: str
    num_classes: int
    regularisation: float
    held_out_uar: dict[float, float]

    def predict(self, inputs: np.ndarray) -> Predictions:
        """Decides.

        Args:
          inputs: [n, features] float.

        Returns:
          A softmax of the decision values: a logistic regression's own probabilities;
          of a support vector machine, whose values are taken for logits, of the right
          order, and not calibrated.
        """
        classifier = CLASSIFIERS[self.classifier]
        logits = _logits(self.pipeline, inputs, self.num_classes, classifier)
        highest = logits.max(axis=1, keepdims=True)
        exponents = np.exp(logits - highest)
        total = exponents.sum(axis=1, keepdims=True)
        energy = (highest + np.log(total))[:, 0]
        scaled = self.pipeline[0].transform(inputs)
        return Predictions(exponents / total, energy, scaled.astype(np.float32))


def train(
    training: Training, num_classes: int, classifier: str = "linear_svm"
) -> Machine:
    """Chooses C on the sources and trains with it on all of them.

    Args:
      training: utterances of the sources.
      num_classes: labels are below it.
      classifier: a key of ``CLASSIFIERS``.

    Returns:
      The machine; the same for the same utterances.

    Raises:
      InputError: the sources have one class alone.
    """
    if len(np.unique(training.labels)) < 2:
        raise InputError(
            "The sources have utterances of one class alone, of which nothing can be "
            "learnt: add a source, or choose other --emotions."
        )
    row = CLASSIFIERS[classifier]
    tried = {c: _held_out_uar(training, num_classes, row, c) for c in REGULARISATIONS}
    # Of equals the smaller, which is the simpler machine.
    best = max(tried, key=lambda c: (tried[c], -c))
    pipeline = _fit(training, row.build(best))
    return Machine(pipeline, classifier, num_classes, best, tried)


def _held_out_uar(
    training: Training, num_classes: int, classifier: Classifier, c: float
) -> float:
    found = []
    for kept, left_out in _folds(training):
        part, rest = training.take(kept), training.take(left_out)
        rest = rest.take(~rest.copies)
        if len(np.unique(part.labels)) < 2:
            continue
        pipeline = _fit(part, classifier.build(c))
        said = _logits(pipeline, rest.inputs, num_classes, classifier).argmax(axis=1)
        found.append(score(rest.labels, said, num_classes).uar)
    return float(np.mean(found)) if found else 0.0


def _folds(training: Training) -> Iterator[Sequence[np.ndarray]]:
    numbers = np.unique(training.corpora)
    if len(numbers) > 1:
        for number in numbers:
            left_out = training.corpora == number
            yield np.flatnonzero(~left_out), np.flatnonzero(left_out)
        return
    speakers = len(np.unique(training.speakers))
    if speakers > 1:
        folds = GroupKFold(min(_FOLDS, speakers))
        yield from folds.split(training.inputs, groups=training.speakers)


def _fit(training: Training, machine: ClassifierMixin) -> Pipeline:
    pipeline = Pipeline([("scaler", StandardScaler()), ("machine", machine)])
    weights = _weights(training)
    return pipeline.fit(
        training.inputs, training.labels, machine__sample_weight=weights
    )


def _weights(training: Training) -> np.ndarray:
    """Such that each class of each corpus counts the same, with the mean 1."""
    keys = np.stack([training.corpora, training.labels], axis=1)
    _, place, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    weights = 1 / count[place.reshape(-1)]
    return weights / weights.mean()


def _logits(
    pipeline: Pipeline, inputs: np.ndarray, num_classes: int, classifier: Classifier
) -> np.ndarray:
    """[n, classes] decision values; a class that no source has is never said."""
    values = pipeline.decision_function(inputs)
    if values.ndim == 1:
        values = np.stack([-values, values], axis=1)
        values = values / 2 if classifier.difference else values
    lowest = values.min(initial=0.0) - 10.0
    logits = np.full((len(inputs), num_classes), lowest)
    logits[:, pipeline[-1].classes_] = values
    return logits
