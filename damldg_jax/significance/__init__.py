"""How sure a result is, and whether two methods differ by more than noise.

Other speakers and other seeds would both have given other numbers. So trials and whole
speakers are resampled, methods are compared on the same utterances, and a difference is
claimed only where neither speakers nor seeds explain it.
"""

from damldg_jax.significance.bootstrap import Interval, interval
from damldg_jax.significance.comparison import Comparison, compare
from damldg_jax.significance.holm import holm
from damldg_jax.significance.measures import MEASURES
from damldg_jax.significance.outcome import Outcome
from damldg_jax.significance.words import sentence

__all__ = [
    "MEASURES",
    "Comparison",
    "Interval",
    "Outcome",
    "compare",
    "holm",
    "interval",
    "sentence",
]
