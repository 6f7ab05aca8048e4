"""Eight devices compute the gradient of one, whatever pools the frames."""

import jax
import numpy as np
import pytest

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.meta import Batch
from damldg_jax.parallel import AXIS
from tests.baselines import KEY, QUICK, TELLING, relative
from tests.heads import LEARNT, head, start
from tests.tiny import tiny_batch


def _shared(batch):
    """The batch as eight devices have it."""

    def share(x):
        return x.reshape(x.shape[0], 8, -1, *x.shape[2:]).swapaxes(0, 1)

    return Batch(share(batch.inputs), share(batch.labels))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("pooled", "coral"),
        *((name, method) for name in LEARNT for method in ALGORITHMS),
    ],
)
def test_eight_devices_equal_one(name, method):
    batch = tiny_batch(dtype=np.float64)
    params, batch_stats = start(name, (), np.float64)

    def gradient_on(axis_name):
        network = head(name, (), axis_name)
        algorithm = ALGORITHMS[method].factory(network, TELLING, axis_name)
        state = algorithm.init(params, len(batch.labels))
        return lambda part: algorithm.gradient(params, batch_stats, state, part, KEY)

    one = jax.jit(gradient_on(None), compiler_options=QUICK)
    expected, aux = one(batch)
    mapped = jax.pmap(gradient_on(AXIS), axis_name=AXIS, out_axes=None)
    gradient, shared = mapped(_shared(batch))
    assert relative(gradient, expected) < 1e-9
    assert relative(shared.batch_stats, aux.batch_stats) < 1e-9
    np.testing.assert_allclose(
        shared.metrics["loss"], aux.metrics["loss"], rtol=1e-9, atol=1e-9
    )
