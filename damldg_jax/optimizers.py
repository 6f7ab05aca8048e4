"""The table of optimisers: what applies an algorithm's gradients.

To add one, write a function of ``OptimizerSettings`` and give it a row here.
"""

import dataclasses
from collections.abc import Callable

import jax
import optax

from damldg_jax.types import Params


@dataclasses.dataclass(frozen=True)
class OptimizerSettings:
    """What the optimisers leave to choose; each reads what concerns it.

    Attributes:
      learning_rate: the paper's eta_t.
      momentum: of SGD; of AdamW the decay of the first moment.
      weight_decay: lambda of a penalty ``lambda/2 ||theta||^2`` in SGD's loss; AdamW
        takes ``learning_rate * weight_decay * theta`` off in a step.
    """

    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 0.0


Factory = Callable[[OptimizerSettings], optax.GradientTransformation]


def decayed(params: Params) -> Params:
    """Which parameters decay: matrices and kernels, but no biases and no scales."""
    return jax.tree.map(lambda x: x.ndim > 1, params)


def _sgd(settings: OptimizerSettings) -> optax.GradientTransformation:
    descent = optax.sgd(settings.learning_rate, momentum=settings.momentum)
    if not settings.weight_decay:
        return descent
    decay = optax.add_decayed_weights(settings.weight_decay, mask=decayed)
    return optax.chain(decay, descent)


def _adamw(settings: OptimizerSettings) -> optax.GradientTransformation:
    return optax.adamw(
        settings.learning_rate,
        b1=settings.momentum,
        weight_decay=settings.weight_decay,
        mask=decayed,
    )


OPTIMIZERS: dict[str, Factory] = {
    # The paper's.
    "sgd": _sgd,
    # Loshchilov and Hutter 2019 (https://arxiv.org/abs/1711.05101).
    "adamw": _adamw,
}
