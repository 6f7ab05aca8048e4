"""Algorithms behind one signature, and the one table that lists them.

To add one, write a function ``(network, hyperparameters, axis_name) -> Algorithm`` in a
file of its own, citing its paper, and give it a row here.
"""

from typing import NamedTuple

from damldg_jax.algorithms.coral import coral
from damldg_jax.algorithms.deep_all import deep_all
from damldg_jax.algorithms.fish import fish
from damldg_jax.algorithms.group_dro import group_dro
from damldg_jax.algorithms.hyperparameters import Hyperparameters
from damldg_jax.algorithms.irm import irm
from damldg_jax.algorithms.mixstyle import mixstyle
from damldg_jax.algorithms.mixup import mixup
from damldg_jax.algorithms.mldg import da_mldg, mldg
from damldg_jax.algorithms.rsc import rsc
from damldg_jax.algorithms.sam import sam
from damldg_jax.algorithms.signature import Algorithm, Aux, Factory, descend
from damldg_jax.algorithms.vrex import vrex

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "Aux",
    "Entry",
    "Factory",
    "Hyperparameters",
    "descend",
]


class Entry(NamedTuple):
    """A row of the table.

    Attributes:
      title: as printed in tables.
      factory: makes the algorithm for a network.
      holds_out: whether it holds source domains out, and so needs more than one.
      min_domains: source domains that it needs beside those that it holds out.
      over_time: whether it mixes statistics over time, of which one frame has none.
    """

    title: str
    factory: Factory
    holds_out: bool = False
    min_domains: int = 1
    over_time: bool = False


ALGORITHMS = {
    "deep_all": Entry("Deep-All", deep_all),
    "rsc": Entry("RSC", rsc),
    "group_dro": Entry("Group DRO", group_dro),
    "irm": Entry("IRM", irm),
    "vrex": Entry("V-REx", vrex, min_domains=2),
    "coral": Entry("CORAL", coral, min_domains=2),
    "mixup": Entry("Mixup", mixup, min_domains=2),
    "mixstyle": Entry("MixStyle", mixstyle, min_domains=2, over_time=True),
    "fish": Entry("Fish", fish),
    "sam": Entry("SAM", sam),
    "mldg": Entry("MLDG", mldg, holds_out=True),
    "da_mldg": Entry("DA-MLDG", da_mldg, holds_out=True),
}
