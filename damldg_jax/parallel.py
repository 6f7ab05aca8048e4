"""How runs and their samples lie on devices, and what devices tell each other.

Either all devices share each step of one run: every device sees a share of every
domain. Then a scalar that enters a product or an absolute value (the margin of Eq. 3
does both) must be averaged where it is made; averaging gradients at the end alone would
be silently wrong. Or each device has runs of its own, which know nothing of each other;
several on one device are a ``vmap``.

Where one device does a step alone the axis name is None, and the functions that average
change nothing. This is the only module that calls ``jax.pmap``.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Tree = TypeVar("Tree")

AXIS = "devices"


def mean_over_devices(tree: Tree, axis_name: str | None) -> Tree:
    """Averages each array of a tree over the devices, if there is such an axis."""
    return tree if axis_name is None else jax.lax.pmean(tree, axis_name)


def device_share(array: jax.Array, axis: int, axis_name: str | None) -> jax.Array:
    """Takes this device's share of an array that every device holds in full.

    Drawing random numbers for the whole batch on each device and taking a share
    makes them independent of the number of devices.

    Args:
      array: the same on every device.
      axis: along which it is shared out; its size is a multiple of the devices.
      axis_name: of the devices, or None.

    Returns:
      The share, ``array.shape[axis] / devices`` long.
    """
    if axis_name is None:
        return array
    size = array.shape[axis] // jax.lax.axis_size(axis_name)
    start = jax.lax.axis_index(axis_name) * size
    return jax.lax.dynamic_slice_in_dim(array, start, size, axis)


class Layout(NamedTuple):
    """Which device does what in a training step.

    Attributes:
      devices: that take part; those of other processes too, if a run is shared.
      shared: whether all of them share each step of one run; else each has runs of its
        own.
      lanes: runs that a device has of its own, computed side by side by ``vmap``.
    """

    devices: tuple[jax.Device, ...]
    shared: bool = True
    lanes: int = 1

    @property
    def axis_name(self) -> str | None:
        """Of the devices that share a step, or None if one does it alone."""
        return AXIS if self.shared and len(self.devices) > 1 else None

    @property
    def num_sharing(self) -> int:
        """Devices among which the samples of a step are shared out."""
        return len(self.devices) if self.shared else 1

    @property
    def slots(self) -> int:
        """Runs that are trained at a time."""
        return 1 if self.shared else len(self.devices) * self.lanes

    def place_runs(self, trees: Sequence[Tree]) -> Tree:
        """Puts what belongs to each run where that is computed.

        Args:
          trees: of each slot's run, of NumPy.

        Returns:
          The one tree on each device, if they share a run; else arrays that have two
          axes more, [devices, lanes], the first spread over the devices.
        """
        if self.shared:
            return replicate(trees[0], self.devices)
        shape = (len(self.devices), self.lanes)
        stacked = jax.tree.map(
            lambda *x: np.stack(x).reshape(*shape, *np.shape(x[0])), *trees
        )
        return spread(stacked, self.devices)

    def place_seeds(self, seeds: Sequence[int]) -> jax.Array:
        """Puts the seed of each slot's run where that is computed.

        Args:
          seeds: of each slot's run.

        Returns:
          [devices, lanes] uint32; or [devices], for each the one that they share.
        """
        if not self.shared:
            return self.place_runs([np.uint32(seed) for seed in seeds])
        here = [d for d in self.devices if d.process_index == jax.process_index()]
        return spread(np.full(len(here), seeds[0], np.uint32), self.devices)

    def fetch_runs(self, tree: Tree) -> list[Tree]:
        """Copies what belongs to each run back to the host, in the order of slots."""
        if self.shared:
            return [to_host(tree)]
        host = jax.tree.map(lambda x: np.asarray(x).reshape(-1, *x.shape[2:]), tree)
        # Copies: a view would keep what belongs to all other runs.
        return [
            jax.tree.map(lambda x, n=n: np.array(x[n]), host) for n in range(self.slots)
        ]


def replicate(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """Copies arrays to each device, laid out as ``jax.pmap`` returns its results.

    Given any other layout, the first call would copy them and the second compile
    again. Each process puts its own copies on its own devices.
    """
    return _put(tree, NamedSharding(_mesh(devices), PartitionSpec()))


def spread(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """Deals the first axis of arrays out to devices, laid out as ``jax.pmap`` does.

    Args:
      tree: of NumPy; the part of this process, if others have devices among these.
      devices: in the order of the first axis.

    Returns:
      The arrays, of which each device has one row.
    """
    return _put(tree, NamedSharding(_mesh(devices), PartitionSpec(AXIS)))


def _put(tree: Tree, layout: NamedSharding) -> Tree:
    # jax.device_put would have processes compare what they have, over the network.
    return jax.tree.map(
        lambda x: jax.make_array_from_process_local_data(layout, np.asarray(x)), tree
    )


def _mesh(devices: Sequence[jax.Device]) -> Mesh:
    return Mesh(np.array(devices), (AXIS,))


def local_copy(tree: Tree) -> Tree:
    """Of arrays that are replicated over all processes' devices, those of this one."""

    def copy(x: jax.Array) -> jax.Array:
        shards = [shard.data for shard in x.addressable_shards]
        devices = [shard.device for shard in x.addressable_shards]
        layout = NamedSharding(_mesh(devices), PartitionSpec())
        return jax.make_array_from_single_device_arrays(x.shape, layout, shards)

    return jax.tree.map(copy, tree)


def copy_on(tree: Tree, device: jax.Device) -> Tree:
    """Of arrays that are replicated over devices, those of one, without copying them.

    Args:
      tree: of arrays.
      device: one of this process's that they lie on.

    Returns:
      The same on that device alone.
    """

    def copy(x: jax.Array) -> jax.Array:
        return next(s.data for s in x.addressable_shards if s.device == device)

    return jax.tree.map(copy, tree)


def to_host(tree: Tree) -> Tree:
    """Copies arrays to NumPy, for keeping while the device's own are donated."""
    # np.asarray and jax.device_get may hand out the device's memory itself.
    return jax.tree.map(lambda x: np.array(x, copy=True), tree)


def over_devices(
    function: Callable[..., Any],
    devices: Sequence[jax.Device],
    *,
    in_axes: tuple[Any, ...],
    out_axes: Any,
    donate_argnums: int | tuple[int, ...] = (),
) -> Callable[..., Any]:
    """Maps a function over devices, which it knows by the name ``AXIS``.

    Args:
      function: what each device does.
      devices: that do it.
      in_axes: of each argument the axis that is dealt out, or None.
      out_axes: likewise of the results; what has None must be the same on each device.
      donate_argnums: arguments whose memory the results may take.

    Returns:
      The mapped function; it can be lowered and compiled ahead of time.
    """
    return jax.pmap(
        function,
        axis_name=AXIS,
        in_axes=in_axes,
        out_axes=out_axes,
        devices=devices,
        donate_argnums=donate_argnums,
    )
