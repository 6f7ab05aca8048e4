"""The table of networks.

To add one, write a function that builds a ``Network`` in a file of its own, citing its
paper, and give it a row here.
"""

import dataclasses
from typing import NamedTuple, Protocol

from damldg_jax.assembly import Network
from damldg_jax.models import resnet
from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.pooled import pooled


@dataclasses.dataclass(frozen=True)
class NetworkSettings:
    """What the networks leave to choose; each reads what concerns it.

    Attributes:
      depth: layers of the ResNet, a key of ``STAGE_SIZES``.
      width: channels of its first stage.
      hidden_units: of each hidden layer on pooled statistics.
    """

    depth: int = 18
    width: int = 64
    hidden_units: tuple[int, ...] = (256,)


class Factory(Protocol):
    """Builds a network.

    The arguments are those of ``models.resnet``, but for ``settings``.
    """

    def __call__(
        self,
        settings: NetworkSettings,
        num_outputs: int,
        num_features: int,
        *,
        channels: int = 1,
        silence: float = 0.0,
        axis_name: str | None = None,
        objective: Objective = CLASSES,
    ) -> Network:
        """Returns the network."""
        ...


def _resnet(settings: NetworkSettings, *args, **options) -> Network:
    return resnet(*args, depth=settings.depth, width=settings.width, **options)


def _pooled(settings: NetworkSettings, *args, **options) -> Network:
    return pooled(*args, hidden_units=settings.hidden_units, **options)


class Entry(NamedTuple):
    """A row of the table.

    Attributes:
      factory: builds the network.
      pools_inputs: whether it sees nothing of an utterance but mean and deviation over
        time, so that an utterance must not be normalised by these.
    """

    factory: Factory
    pools_inputs: bool = False


NETWORKS = {"resnet": Entry(_resnet), "pooled": Entry(_pooled, pools_inputs=True)}
