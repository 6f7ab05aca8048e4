"""A random order as a function: which item lies at a place of a shuffled list.

Nothing is sorted and no list is kept, so an order can be asked for inside a compiled
step, for sizes that are known only there, and a resumed run needs no state for it.
"""

import jax
import jax.numpy as jnp

# Each round moves half of all items, to places drawn anew: 32 leave a single item off
# uniform by 2**-32, and shuffle a million as well as 2 log(10**6) = 28 need be.
_ROUNDS = 32
# How many of them are one piece of code: more run no faster and compile longer.
_UNROLLED = 8
_GOLDEN = 0x9E3779B9


# Compiled even where the caller is not: a loop by itself would be so at each call.
@jax.jit
def permuted(
    place: jax.typing.ArrayLike,
    size: jax.typing.ArrayLike,
    key: jax.typing.ArrayLike,
) -> jax.Array:
    """Looks up places in a random order of 0 to ``size - 1``.

    The swap-or-not shuffle of Hoang, Morris and Rogaway (2012), "An Enciphering Scheme
    Based on a Card Shuffle", Algorithm 1: in each round items are paired at random, the
    two of a pair trading places if a coin says so. It is exact for every size.

    Args:
      place: [...] int32, from 0 to ``size - 1``.
      size: [...] int32, 1 to 2**31 - 1, of the list; broadcast with the others.
      key: [...] uint32, which order; see ``key_of``.

    Returns:
      [...] int32, the item at each place; over all places each item comes once.

    Examples:
      >>> import numpy as np
      >>> order = permuted(np.arange(6), 6, key_of(seed=0, domain=0, passes=0))
      >>> sorted(order.tolist())
      [0, 1, 2, 3, 4, 5]
    """
    place, size, key = jnp.broadcast_arrays(
        *(jnp.asarray(x).astype(jnp.uint32) for x in (place, size, key))
    )

    def swap_or_not(number: jax.Array, item: jax.Array) -> jax.Array:
        word = key + number.astype(jnp.uint32) * jnp.uint32(2)
        total, coins = _mix(word) % size, _mix(word + jnp.uint32(1))
        # The other of the pair: the two sum to `total`, modulo the size.
        other = jnp.where(total < item, total + size, total) - item
        coin = _mix(jnp.maximum(item, other) ^ coins) >> jnp.uint32(31)
        return jnp.where(coin == 1, other, item)

    item = jax.lax.fori_loop(0, _ROUNDS, swap_or_not, place, unroll=_UNROLLED)
    return item.astype(jnp.int32)


def key_of(
    seed: jax.typing.ArrayLike,
    domain: jax.typing.ArrayLike,
    passes: jax.typing.ArrayLike,
) -> jax.Array:
    """Makes the key of an order.

    Args:
      seed: [...] uint32, of the run.
      domain: [...] int32, number of the list; broadcast with the others.
      passes: [...] int32, how often the list was gone through before.

    Returns:
      [...] uint32.
    """
    key = jnp.zeros((), jnp.uint32)
    for word in (seed, domain, passes):
        key, word = jnp.broadcast_arrays(key, jnp.asarray(word).astype(jnp.uint32))
        key = _mix((key ^ word) + jnp.uint32(_GOLDEN))
    return key


def _mix(word: jax.Array) -> jax.Array:
    """Scatters the bits of a word, one to one: the last part of MurmurHash3."""
    word = (word ^ (word >> jnp.uint32(16))) * jnp.uint32(0x85EBCA6B)
    word = (word ^ (word >> jnp.uint32(13))) * jnp.uint32(0xC2B2AE35)
    return word ^ (word >> jnp.uint32(16))
