"""The table of networks.

To add one, write a function that builds a ``Network`` in a file of its own, citing its
paper, and give it a row here.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple, Protocol

from damldg_jax.assembly import Network
from damldg_jax.attentive import attentive
from damldg_jax.chunks import in_chunks, statistics_in_the_way
from damldg_jax.errors import InputError
from damldg_jax.models import resnet
from damldg_jax.norms import NORMS
from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.pooled import pooled
from damldg_jax.temporal import temporal
from damldg_jax.transformer import transformer

# Encoders of speech have fewer blocks.
_MOST_BLOCKS = 100


@dataclasses.dataclass(frozen=True)
class NetworkSettings:
    """What the networks leave to choose; each reads what concerns it.

    Attributes:
      depth: layers of the ResNet, a key of ``STAGE_SIZES``.
      width: channels of its first stage; hidden units of what scores frames in
        ``attentive``; channels of the convolutions of ``temporal``.
      norm: how the ResNet normalises, a key of ``NORMS``.
      hidden_units: of each hidden layer on statistics over time.
      compute_dtype: of convolutions, products and activations, a key of
        ``COMPUTE_DTYPES``.
      remat: whether the backward pass computes the insides of blocks again, the
        ResNet's or those of ``transformer``, for less memory.
      micro_batches: parts in which a batch is computed, one after the other.
      blocks: of ``transformer``.
      last_norm: whether ``transformer`` normalises what comes out of them.
    """

    depth: int = 18
    width: int = 64
    norm: str = "batch"
    hidden_units: tuple[int, ...] = (256,)
    compute_dtype: str = "float32"
    remat: bool = False
    micro_batches: int = 1
    blocks: int = 1
    last_norm: bool = False


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
        for_cpu: bool | None = None,
        objective: Objective = CLASSES,
    ) -> Network:
        """Returns the network."""
        ...


def _resnet(settings: NetworkSettings, *args, **options) -> Network:
    network = resnet(
        *args,
        depth=settings.depth,
        width=settings.width,
        norm=settings.norm,
        compute_dtype=settings.compute_dtype,
        remat=settings.remat,
        **options,
    )
    return in_chunks(network, settings.micro_batches)


def _head(
    build: Callable[..., Network],
    settings: NetworkSettings,
    *args,
    for_cpu: bool | None = None,
    **options,
) -> Network:
    del for_cpu  # It computes the same everywhere.
    network = build(
        *args,
        hidden_units=settings.hidden_units,
        compute_dtype=settings.compute_dtype,
        **options,
    )
    return in_chunks(network, settings.micro_batches)


def _pooled(settings: NetworkSettings, *args, **options) -> Network:
    return _head(pooled, settings, *args, **options)


def _attentive(settings: NetworkSettings, *args, **options) -> Network:
    build = functools.partial(attentive, width=settings.width)
    return _head(build, settings, *args, **options)


def _temporal(settings: NetworkSettings, *args, **options) -> Network:
    build = functools.partial(temporal, width=settings.width)
    return _head(build, settings, *args, **options)


def _transformer(settings: NetworkSettings, *args, **options) -> Network:
    build = functools.partial(
        transformer,
        blocks=settings.blocks,
        last_norm=settings.last_norm,
        remat=settings.remat,
    )
    return _head(build, settings, *args, **options)


class Entry(NamedTuple):
    """A row of the table.

    Attributes:
      factory: builds the network.
      pools_inputs: whether it sees nothing of an utterance but mean and deviation over
        time, so that an utterance must not be normalised by these.
      norms: keys of ``NORMS`` that it can do with.
      trials_at_once: runs that one device computes side by side fastest.
      least_width: what ``NetworkSettings.width`` must be at least.
      affine: whether normalisation layers of it have scales and biases even without
        hidden layers.
      has_blocks: whether it goes on with the blocks of the speech encoder whose frames
        it is given.
    """

    factory: Factory
    pools_inputs: bool = False
    norms: tuple[str, ...] = ("batch",)
    trials_at_once: int = 1
    least_width: int = 1
    affine: bool = False
    has_blocks: bool = False


NETWORKS = {
    "resnet": Entry(_resnet, norms=tuple(NORMS), affine=True),
    "pooled": Entry(_pooled, pools_inputs=True),
    "attentive": Entry(_attentive),
    "temporal": Entry(_temporal, least_width=2, affine=True),
    "transformer": Entry(_transformer, affine=True, has_blocks=True),
}


def has_affine(name: str, settings: NetworkSettings) -> bool:
    """Whether a network normalises by scales and biases that can be adapted.

    Args:
      name: a key of ``NETWORKS``.
      settings: of the network.
    """
    return NETWORKS[name].affine or bool(settings.hidden_units)


def check(name: str, settings: NetworkSettings) -> None:
    """Refuses settings that exclude each other, before anything is built.

    Args:
      name: a key of ``NETWORKS``.
      settings: of the network.

    Raises:
      InputError: the network has no such normalisation, or one over the batch where
        parts of the batch are to be computed one by one; or parts or blocks are no
        number; or the network is too narrow.
    """
    parts = settings.micro_batches
    if not isinstance(parts, int) or parts < 1:
        raise InputError(f"--micro_batches={parts}: give a whole number, at least 1.")
    if parts > 1 and settings.norm == "batch":
        raise statistics_in_the_way(parts)
    if not isinstance(settings.blocks, int) or not 1 <= settings.blocks <= _MOST_BLOCKS:
        raise InputError(
            f"--tuned_layers={settings.blocks}: give a whole number from 1 to "
            f"{_MOST_BLOCKS}."
        )
    least = NETWORKS[name].least_width
    if settings.width < least:
        raise InputError(
            f"--model_width={settings.width} with --model={name}: its layers normalise "
            f"over their channels, of which it needs at least {least}."
        )
    if settings.norm not in NETWORKS[name].norms:
        raise InputError(
            f"--network_norm={settings.norm} with --model={name}: this network has "
            f"--network_norm={' or '.join(NETWORKS[name].norms)} only; "
            "--model=resnet has others, for spectrograms."
        )
