"""Means over devices, so that every risk, energy and gradient is already global.

Under ``jax.pmap`` each device sees a share of every domain. A scalar that enters a
product or an absolute value (the margin of Eq. 3 does both) must be averaged where it
is made; averaging gradients at the end alone would be silently wrong. Outside of
``pmap`` the axis name is None and these functions change nothing.
"""

from collections.abc import Sequence
from typing import TypeVar

import jax
import numpy as np

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


def replicate(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """Copies arrays to each device, laid out as ``jax.pmap`` returns its results.

    Given any other layout, the first call would copy them and the second compile
    again.
    """
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    layout = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    return jax.device_put(tree, layout)


def first_replica(tree: Tree) -> Tree:
    """The copy of replicated arrays that the first device holds."""
    return jax.tree.map(
        lambda x: x.addressable_data(0) if isinstance(x, jax.Array) else x, tree
    )


def to_host(tree: Tree) -> Tree:
    """Copies arrays to NumPy, for keeping while the device's own are donated."""
    # np.asarray and jax.device_get may hand out the device's memory itself.
    return jax.tree.map(lambda x: np.array(x, copy=True), tree)
