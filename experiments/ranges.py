"""Which numbers a setting may be, whether a flag or a notebook gives it."""

import numbers
from collections.abc import Mapping
from typing import NamedTuple

from damldg_jax.errors import InputError

# What numpy and jax take for a seed.
_SEEDS = 2**31 - 1
# Keeps what is divided by from being zero.
_LEAST = 1e-6


class Range(NamedTuple):
    """The numbers that a setting may be.

    Attributes:
      low: the least; a float where it need not be whole.
      high: the greatest, or None.
      hint: completes what is said of another number.
    """

    low: float
    high: float | None = None
    hint: str = ""

    @property
    def whole(self) -> bool:
        """Whether it must be a whole number."""
        return isinstance(self.low, int)

    def read(self, name: str, value: object) -> float:
        """Reads such a number, of Python's kind whatever kind it is of.

        Args:
          name: of the setting.
          value: given for it.

        Returns:
          The number; an int where it must be whole.

        Raises:
          InputError: it is none; NaN never is.
        """
        kind = numbers.Integral if self.whole else numbers.Real
        if isinstance(value, kind) and not isinstance(value, bool):
            high = float("inf") if self.high is None else self.high
            if self.low <= value <= high and value != float("inf"):
                return int(value) if self.whole else float(value)
        what = "a whole number" if self.whole else "a number"
        most = "" if self.high is None else f" and at most {self.high}"
        raise InputError(
            f"--{name}={value}: give {what}, at least {self.low}{most}{self.hint}."
        )


RANGES: Mapping[str, Range] = {
    "min_utterances": Range(3),
    "normalization_prior": Range(0.0),
    "workers": Range(1),
    "trials": Range(1),
    "seed": Range(0, _SEEDS),
    "epochs": Range(1),
    "steps": Range(1),
    "batch_size": Range(1),
    "domains_per_corpus": Range(
        2, hint="; with one domain of each corpus it is --domains=corpora"
    ),
    "learning_rate": Range(0.0),
    "momentum": Range(0.0, 1.0),
    "weight_decay": Range(0.0),
    "average_decay": Range(0.0, 1.0),
    "label_smoothing": Range(0.0, 1.0),
    "dimension_bins": Range(2),
    "crop_seconds": Range(0.1),
    "mask_frames": Range(0.0, 1.0),
    "mask_features": Range(0.0, 1.0),
    "masks": Range(1),
    "validation_fraction": Range(0.0, 0.9),
    "test_fraction": Range(0.01, 0.9),
    "tent_steps": Range(0, hint="; 0 for none"),
    "tent_learning_rate": Range(0.0),
    "split_seed": Range(0, _SEEDS),
    "evaluate_every": Range(1),
    "inner_learning_rate": Range(0.0),
    "inner_steps": Range(1),
    "num_held_out": Range(1),
    "temperature": Range(_LEAST),
    "hold_out_steps": Range(1),
    "group_dro_step_size": Range(0.0),
    "irm_penalty": Range(0.0),
    "vrex_penalty": Range(0.0),
    "penalty_warmup": Range(0),
    "coral_penalty": Range(0.0),
    "mixup_alpha": Range(_LEAST),
    "mixstyle_alpha": Range(_LEAST),
    "mixstyle_probability": Range(0.0, 1.0),
    "sam_radius": Range(0.0),
    "model_width": Range(1),
    "tuned_layers": Range(1),
    "micro_batches": Range(1),
    "trials_at_once": Range(1),
    "steps_per_dispatch": Range(1),
    "process_id": Range(0),
    "num_processes": Range(1),
    "connect_timeout": Range(1),
    "peer_timeout": Range(5),
}
