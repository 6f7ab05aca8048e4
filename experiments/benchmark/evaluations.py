"""What a run does beside its steps: recomputing statistics, predicting utterances."""

from collections.abc import Callable

import jax
import numpy as np

from damldg_jax.evaluation import compile_predict
from damldg_jax.parallel import replicate
from damldg_jax.recompute import compile_recompute
from experiments.benchmark.inputs import make_input, windowing_of
from experiments.benchmark.setting import Setting
from experiments.benchmark.steps import layout_of, network_of
from experiments.benchmark.variants import PREDICTED

Call = Callable[[], None]


def recompute(setting: Setting) -> Call:
    """Makes what recomputes the statistics to evaluate with, once a call."""
    layout = layout_of(setting)
    given, network = make_input(setting, layout), network_of(setting)
    state = replicate(jax.jit(network.init)(jax.random.key(0)), layout.devices)
    compiled = compile_recompute(
        network, windowing_of(setting), setting.per_domain, layout.devices
    )

    def call() -> None:
        compiled(*state, given.store, given.domains)

    return call


def predict(setting: Setting) -> Call:
    """Makes what predicts ``PREDICTED`` whole utterances, once a call."""
    layout = layout_of(setting)
    given, network = make_input(setting, layout), network_of(setting)
    state = replicate(jax.jit(network.init)(jax.random.key(0)), layout.devices)
    windowing = windowing_of(setting)
    compiled = compile_predict(
        network, windowing.num_frames, windowing.silence, layout.devices
    )
    lengths = np.asarray(given.store.lengths)
    utterances = np.arange(PREDICTED)

    def call() -> None:
        compiled(*state, given.store, lengths, utterances)

    return call


BUILDERS: dict[str, Callable[[Setting], Call]] = {
    "recompute": recompute,
    "predict": predict,
}
