"""Algorithms behind one signature, and the one table that lists them.

To add one, write a function ``(network, hyperparameters, axis_name) -> Algorithm`` in a
file of its own, citing its paper, and give it a row here.
"""

from typing import NamedTuple

from damldg_jax.algorithms.deep_all import deep_all
from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.mldg import da_mldg, mldg
from damldg_jax.algorithms.rsc import rsc
from damldg_jax.algorithms.signature import Algorithm, Aux, Factory

__all__ = ["ALGORITHMS", "Algorithm", "Aux", "Entry", "Factory", "Hyperparameters"]


class Entry(NamedTuple):
    """A row of the table.

    Attributes:
      title: as printed in tables.
      factory: makes the algorithm for a network.
      holds_out: whether it holds source domains out, and so needs more than one.
    """

    title: str
    factory: Factory
    holds_out: bool = False


ALGORITHMS = {
    "deep_all": Entry("Deep-All", deep_all),
    "rsc": Entry("RSC", rsc),
    "mldg": Entry("MLDG", mldg, holds_out=True),
    "da_mldg": Entry("DA-MLDG", da_mldg, holds_out=True),
}
