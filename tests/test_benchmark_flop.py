"""The benchmark's count of arithmetic, by hand and against XLA's."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.meta import Batch
from damldg_jax.models import STAGE_SIZES
from experiments.benchmark import setting as settings
from experiments.benchmark.flop import Forward, forward_flop, step_flop
from experiments.benchmark.setting import Setting
from experiments.benchmark.steps import algorithm_of, network_of
from experiments.benchmark.variants import DEFAULT_VARIANT, PAPER_METHODS, VARIANTS

# Large maps, so that there are few places at whose edge a convolution meets zeros,
# which XLA does not count; and wide, so that what is no convolution is little.
LARGE = Setting(depth=10, width=32, per_domain=2, frames=256, features=256)


def test_the_networks_are_those_of_the_library():
    assert settings.STAGE_SIZES == STAGE_SIZES


def test_every_method_can_be_measured():
    assert set(DEFAULT_VARIANT) == set(ALGORITHMS)
    assert set(PAPER_METHODS) <= set(DEFAULT_VARIANT)


def test_forward_flop_by_hand():
    # 16 x 8 after the stem, 8 x 4 after the pool; then 8 x 4, 4 x 2, 2 x 1, 1 x 1.
    setting = Setting(depth=10, width=1, frames=32, features=16, classes=3)
    stem = 2 * 49 * 1 * 1 * 128
    stage1 = 2 * (9 + 9) * 32
    stage2 = 2 * (9 * 1 * 2 + 9 * 2 * 2 + 1 * 2) * 8
    stage3 = 2 * (9 * 2 * 4 + 9 * 4 * 4 + 2 * 4) * 2
    stage4 = 2 * (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8) * 1
    linear = 2 * 8 * 3
    assert stem == 12544
    assert stage1 + stage2 + stage3 + stage4 + linear == 1152 + 896 + 896 + 1792 + 48
    assert forward_flop(setting) == Forward(total=17328, stem=12544)


@pytest.mark.parametrize(
    ("variant", "flop"),
    [
        # F = 17328 and C = 12544: G = 39440 and T = 53792; two samples in S', one in V.
        ("deep_all", 3 * 39440),
        ("rsc", 3 * 39440),
        ("fish", 3 * 39440),
        ("sam", 6 * 39440),
        ("mldg_first_order", 3 * 39440),
        ("mldg_second_order", 3 * 39440 + 2 * 53792),
        ("da_mldg_first_order", 5 * 39440),
        ("da_mldg_second_order", 5 * 39440 + 2 * 53792),
        ("da_mldg_fixed_margin", 3 * 39440 + 2 * 17328 + 2 * 53792),
    ],
)
def test_step_flop_by_hand(variant, flop):
    setting = Setting("jax", variant, 10, 1, 1, frames=32, features=16, classes=3)
    assert step_flop(setting) == flop


@pytest.mark.parametrize("variant", VARIANTS)
def test_xla_counts_as_much(variant):
    """As the step is written, before XLA looks for what it can spare."""
    setting = dataclasses.replace(LARGE, variant=variant)
    network = network_of(setting)
    algorithm = algorithm_of(setting, network)
    params, batch_stats = jax.eval_shape(network.init, jax.random.key(0))
    state = jax.eval_shape(lambda p: algorithm.init(p, setting.num_domains), params)
    examples = (setting.num_domains, setting.per_domain)
    batch = Batch(
        jax.ShapeDtypeStruct((*examples, 256, 256, 1), jnp.float32),
        jax.ShapeDtypeStruct(examples, jnp.int32),
    )
    key = jax.eval_shape(lambda: jax.random.key(0))
    lowered = jax.jit(algorithm.gradient).lower(params, batch_stats, state, batch, key)
    counted = lowered.cost_analysis()["flops"]
    assert 0.94 < counted / step_flop(setting) < 1.0
