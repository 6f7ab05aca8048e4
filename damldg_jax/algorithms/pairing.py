"""Domains in pairs: that there are two, and which is mixed with which."""

import jax
import jax.numpy as jnp


def require_pairs(title: str, num_domains: int) -> None:
    """Refuses a single domain where domains are set against one another.

    Args:
      title: of the algorithm.
      num_domains: in the batch.
    """
    if num_domains < 2:
        raise ValueError(
            f"{title} sets source domains against one another, and there is only "
            f"{num_domains}: give it two or more, or train with Deep-All."
        )


def draw_partners(rng: jax.Array, num_domains: int) -> jax.Array:
    """Pairs every domain with another one, by a cyclic shift drawn at random.

    A sample's partner is the one in the same slot of the partner domain. Slots are
    filled at random, so this is a random partner, and it lies on the same device.

    Args:
      rng: key.
      num_domains: at least two.

    Returns:
      [domains], each domain's partner: never itself, and each domain is one's once.
    """
    shift = jax.random.randint(rng, (), 1, num_domains)
    return (jnp.arange(num_domains) + shift) % num_domains
