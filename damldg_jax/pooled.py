"""A network for embeddings: statistics over time, hidden layers, a linear classifier.

The mean and the standard deviation of each feature over the frames of an utterance, of
the inputs themselves (``pooling.py``), go through hidden layers (``heads.py``).
"""

from collections.abc import Sequence

import jax

from damldg_jax.assembly import Network
from damldg_jax.heads import on_statistics
from damldg_jax.objectives import CLASSES, Objective
from damldg_jax.pooling import pool_statistics


def _pool(frames: jax.Array, counts: jax.Array, train: bool) -> jax.Array:
    del train  # Nothing of it is of the batch.
    return pool_statistics(frames, counts)


def pooled(
    num_outputs: int,
    num_features: int,
    *,
    hidden_units: Sequence[int] = (256,),
    channels: int = 1,
    silence: float = 0.0,
    axis_name: str | None = None,
    compute_dtype: str = "float32",
    objective: Objective = CLASSES,
) -> Network:
    """Builds a network on statistics over time.

    Args:
      num_outputs: size of the output, such as the number of classes.
      num_features: size of the inputs' feature axis.
      hidden_units: of each hidden layer, maybe none.
      channels: of the inputs; all are pooled alike.
      silence: input value outside of an utterance.
      axis_name: of the devices that share a training batch, or None.
      compute_dtype: a key of ``COMPUTE_DTYPES``: of hidden layers; statistics over
        time and over the batch, parameters and logits keep the parameters' type.
      objective: what the outputs mean.

    Returns:
      The network's pure functions. Its parameters are a dictionary of ``encoder``,
      empty without hidden layers, and ``classifier``.

    Examples:
      >>> import jax.numpy as jnp
      >>> network = pooled(num_outputs=5, num_features=8, hidden_units=())
      >>> params, batch_stats = jax.jit(network.init)(jax.random.key(0))
      >>> inputs = jnp.ones((2, 30, 8, 1))
      >>> outputs = jax.jit(network.evaluate)(params, batch_stats, inputs)
      >>> outputs.logits.shape, outputs.embedding.shape
      ((2, 5), (2, 16))
    """
    return on_statistics(
        _pool,
        num_outputs,
        num_features,
        hidden_units=hidden_units,
        channels=channels,
        silence=silence,
        axis_name=axis_name,
        compute_dtype=compute_dtype,
        objective=objective,
    )
