"""How much arithmetic a training step needs, counted from the architecture.

Counted are the multiplications and additions of convolutions and of the linear layer,
two for each weight and place; what lies between (normalisation, ReLU, pooling, the
update) is little of the arithmetic, and is left out. Per sample, with ``F`` of all
layers forward and ``C`` of the stem alone:

* forward: ``F``.
* gradient: ``G = 3 F - C``. Each layer is done forward, for the gradient of its weights
  and for that of its input, which nobody asks of the stem.
* tangent map of a gradient: ``T = 6 F - 4 C``. Each of these products has two factors,
  and its derivative two products; the stem's input is constant, so that the stem needs
  two products instead of six. The transpose, reverse over reverse, needs as many.

With ``s`` samples in S' and ``v`` in V the variants need:

* ``deep_all``: ``(s + v) G``. So do ``rsc``, ``group_dro``, ``irm``, ``vrex``,
  ``coral``, ``mixup``, ``mixstyle`` and ``fish``, of whom S' and V are just domains.
* ``sam``: ``2 (s + v) G``.
* ``mldg_first_order``: ``s G + v G``, gradients of S' at theta and of V at theta'.
* ``mldg_second_order``: ``s G + v G + s T``, and the way back through theta'.
* ``da_mldg_first_order``: ``s G + (s + v) G``. gamma needs the logits of S' at theta'
  and their gradient; the logits of V are there already.
* ``da_mldg_second_order``: ``s G + (s + v) G + s T``.
* ``da_mldg_fixed_margin``: ``s G + v G + s F + s T``, gamma being a mere number.

That is what the objective asks for. An implementation that does more (computes again
what it could have kept, or the same logits twice) does not get it credited.
"""

from collections.abc import Iterator
from typing import NamedTuple

from experiments.benchmark.setting import STAGE_SIZES, Setting
from experiments.benchmark.variants import VARIANTS


class Forward(NamedTuple):
    """Floating-point operations of one sample, forward.

    Attributes:
      total: of all layers, ``F``.
      stem: of the first one, ``C``.
    """

    total: int
    stem: int


def halved(size: int) -> int:
    """Size of an axis after a layer of stride 2 with symmetric padding."""
    return (size + 1) // 2


def forward_flop(setting: Setting) -> Forward:
    """Counts one sample's forward pass.

    Args:
      setting: the network and the shape of a sample.

    Returns:
      Operations of all layers and of the stem.
    """
    time, frequency = halved(setting.frames), halved(setting.features)
    stem = _convolution(7, 1, setting.width, time * frequency)
    time, frequency = halved(time), halved(frequency)
    blocks = sum(
        _block(inputs, outputs, places)
        for inputs, outputs, places in _blocks(setting, time, frequency)
    )
    channels = setting.width * 2 ** (len(STAGE_SIZES[setting.depth]) - 1)
    linear = 2 * channels * setting.classes
    return Forward(stem + blocks + linear, stem)


def _blocks(
    setting: Setting, time: int, frequency: int
) -> Iterator[tuple[int, int, int]]:
    """Yields channels before and after each block, and places after it."""
    inputs = setting.width
    for stage, count in enumerate(STAGE_SIZES[setting.depth]):
        outputs = setting.width * 2**stage
        if stage > 0:
            time, frequency = halved(time), halved(frequency)
        for _ in range(count):
            yield inputs, outputs, time * frequency
            inputs = outputs


def _block(inputs: int, outputs: int, places: int) -> int:
    shortcut = 0 if inputs == outputs else _convolution(1, inputs, outputs, places)
    return (
        _convolution(3, inputs, outputs, places)
        + _convolution(3, outputs, outputs, places)
        + shortcut
    )


def _convolution(kernel: int, inputs: int, outputs: int, places: int) -> int:
    return 2 * kernel**2 * inputs * outputs * places


def step_flop(setting: Setting) -> int:
    """Counts a training step of a variant, as the module says.

    Args:
      setting: the variant, the network and the batch.

    Returns:
      Floating-point operations of one step.
    """
    passes = VARIANTS[setting.variant].passes
    forward = forward_flop(setting)
    gradient = 3 * forward.total - forward.stem
    tangent = 6 * forward.total - 4 * forward.stem
    meta_train = setting.num_train_domains * setting.per_domain
    meta_test = setting.num_test_domains * setting.per_domain
    return (
        meta_train * passes.train_gradients * gradient
        + meta_test * passes.test_gradients * gradient
        + meta_train * passes.train_forwards * forward.total
        + meta_train * passes.train_tangents * tangent
    )
