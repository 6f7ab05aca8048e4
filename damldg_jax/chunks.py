"""A network that computes a batch in parts, one after the other: large batches.

All of a step's logits are there at once, so every algorithm gets the whole batch's
risks, energies and penalties, whatever they are; what is kept of each part is its maps
alone. On the way back each part is computed again, and its gradient added to the sum.
That is gradient accumulation over a whole meta-objective, exact but for rounding, where
no utterance has a say in another's maps: with no statistics over the batch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from damldg_jax.assembly import Network, Outputs
from damldg_jax.errors import InputError
from damldg_jax.types import BatchStats, Params

# From the end of the inputs' axes [..., per_domain, frames, features, 1].
_PER_DOMAIN = -4

# From parameters and a part of the inputs to the part's results.
Part = Callable[[Params, jax.Array], Any]


def in_chunks(network: Network, num_chunks: int, unroll: bool | None = None) -> Network:
    """Makes a network encode a batch in parts of ``per_domain``.

    Args:
      network: any without statistics over the batch.
      num_chunks: parts of equal size; 1 leaves the network as it is.
      unroll: whether the parts are written out instead of looped over; by default on a
        CPU, where convolutions in loops are many times slower.

    Returns:
      The network, equal up to rounding. Its ``encode``, and its ``evaluate`` of inputs
      without lengths, refuse a ``per_domain`` that does not divide.

    Raises:
      InputError: the network has statistics over the batch.
    """
    if num_chunks == 1:
        return network
    _, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
    if jax.tree.leaves(batch_stats):
        raise statistics_in_the_way(num_chunks)
    if unroll is None:
        unroll = jax.default_backend() == "cpu"

    def encode(
        params: Params, batch_stats: BatchStats, inputs: jax.Array
    ) -> tuple[jax.Array, BatchStats]:
        def part(params: Params, inputs: jax.Array) -> jax.Array:
            return network.encode(params, batch_stats, inputs)[0]

        return _one_by_one(part, params, inputs, num_chunks, unroll), batch_stats

    def evaluate(
        params: Params,
        batch_stats: BatchStats,
        inputs: jax.Array,
        lengths: jax.Array | None = None,
    ) -> Outputs:
        # With lengths it is utterances to be predicted, of which nothing is derived.
        if lengths is not None:
            return network.evaluate(params, batch_stats, inputs, lengths)

        def part(params: Params, inputs: jax.Array) -> Outputs:
            return network.evaluate(params, batch_stats, inputs, None)

        return _one_by_one(part, params, inputs, num_chunks, unroll)

    return network._replace(encode=encode, evaluate=evaluate)


def _one_by_one(
    part: Part,
    params: Params,
    inputs: jax.Array,
    num_chunks: int,
    unroll: bool,
) -> Any:
    """Applies a function to each part, keeping nothing of it but its result."""
    axis = inputs.ndim + _PER_DOMAIN
    before, size, after = inputs.shape[:axis], inputs.shape[axis], inputs.shape[-3:]
    if size % num_chunks:
        raise InputError(
            f"--micro_batches={num_chunks} cannot divide the {size} utterances that a "
            "device has of each domain: choose a --batch_size such that it does."
        )
    parts = inputs.reshape(*before, num_chunks, size // num_chunks, *after)
    parts = jnp.moveaxis(parts, axis, 0)
    run = _written_out if unroll else _looped
    outputs = run(jax.checkpoint(part), params, parts)

    def join(x: jax.Array) -> jax.Array:
        x = jnp.moveaxis(x, 0, axis)
        return x.reshape(*before, size, *x.shape[axis + 2 :])

    return jax.tree.map(join, outputs)


def _looped(part: Part, params: Params, parts: jax.Array) -> Any:
    def body(nothing: None, one: jax.Array) -> tuple[None, Any]:
        return nothing, part(params, one)

    return jax.lax.scan(body, None, parts)[1]


def _written_out(part: Part, params: Params, parts: jax.Array) -> Any:
    outputs = []
    for one in parts:
        output = part(params, one)
        # Else XLA would compute several at a time. So each part waits for the one
        # before, and on the way back for the gradient of the one after.
        params, output = jax.lax.optimization_barrier((params, output))
        outputs.append(output)
    return jax.tree.map(lambda *x: jnp.stack(x), *outputs)


def statistics_in_the_way(num_chunks: int) -> InputError:
    """Says that a network with statistics over the batch takes no part of it alone."""
    return InputError(
        f"--micro_batches={num_chunks}: this network normalises over the whole batch, "
        "so parts of it cannot be computed one by one. Choose --model=resnet "
        "--network_norm=group, or --micro_batches=1 (with --remat for less memory)."
    )


def check_parts(
    per_domain: int, num_domains: int, num_devices: int, num_chunks: int
) -> None:
    """Refuses batches of which a device's share does not divide into parts.

    Args:
      per_domain: utterances of each domain in a step, on all devices together.
      num_domains: of the sources.
      num_devices: that share each step.
      num_chunks: parts of a device's share.

    Raises:
      InputError: they do not divide; it names the nearest batch sizes that do.
    """
    unit = num_devices * num_chunks
    if per_domain % unit == 0:
        return
    lower = per_domain // unit * unit
    near = _joined([n * num_domains for n in (lower, lower + unit) if n])
    shares = f" on each of {num_devices} devices" if num_devices > 1 else ""
    raise InputError(
        f"--micro_batches={num_chunks}: {per_domain} utterances of each domain do not "
        f"divide into {num_chunks} parts{shares}. Nearest batch sizes that do, for "
        f"{num_domains} domains: {near} (--batch_size)."
    )


def _joined(sizes: Sequence[int]) -> str:
    return " or ".join(map(str, sizes))
