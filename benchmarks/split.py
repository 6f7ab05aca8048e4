"""The one batch that a peer trains on, parted into S' and V."""

from typing import NamedTuple, Self

import numpy as np

from experiments.benchmark.setting import Setting, noise


class Split(NamedTuple):
    """Samples of S' and of V, with the domains joined.

    Domains are equally large, so that a mean over samples is the mean over domains of
    the mean over samples in each.

    Attributes:
      train_inputs: [samples of S', frames, features, 1], float.
      train_labels: [samples of S'], int64.
      test_inputs: [samples of V, frames, features, 1], float.
      test_labels: [samples of V], int64.
    """

    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray

    @classmethod
    def of(cls, inputs: np.ndarray, labels: np.ndarray, num_train_domains: int) -> Self:
        """Parts a batch: the first domains are S', the others V.

        Args:
          inputs: [domains, per_domain, frames, features].
          labels: [domains, per_domain].
          num_train_domains: in S'.

        Returns:
          The parts.
        """
        parts = []
        for part in (slice(None, num_train_domains), slice(num_train_domains, None)):
            samples, classes = inputs[part], labels[part]
            samples = samples.reshape(-1, *samples.shape[2:])
            parts += [samples[..., None], classes.ravel().astype(np.int64)]
        return cls(*parts)


def noise_split(setting: Setting) -> Split:
    """The noise that every implementation is measured on, parted."""
    return Split.of(*noise(setting), setting.num_train_domains)
