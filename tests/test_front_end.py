import jax.numpy as jnp
import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.features import FEATURES, Egemaps, LogMel, Mfcc
from damldg_jax.features.front_end import front_end
from tests.trained import RATE, voice

_NOISE = np.random.default_rng(0).normal(size=RATE)
SOUNDS = {
    "speech-like": voice(1.0),
    "from silence to speech": np.concatenate([np.zeros(4000), voice(0.5)]),
    "noise": 0.1 * _NOISE,
    "hardly above silence": 1e-5 * _NOISE,
    "one frame": voice(0.025),
    "one frame and a half": voice(0.035),
    "an impulse": np.eye(1, 4000, 2000)[0],
}


@pytest.mark.parametrize("features", [LogMel(), Mfcc()], ids=lambda f: f.name)
@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_it_computes_what_librosa_does(features, sound):
    expected = features(sound)
    computed = front_end(features)(jnp.asarray(sound[None], jnp.float32))
    assert computed.shape == (1, *expected.shape)
    np.testing.assert_allclose(computed[0], expected, atol=1e-4)


def test_of_silence_nothing_is_heard():
    computed = front_end(LogMel())(jnp.zeros((2, 4000)))
    np.testing.assert_array_equal(computed, np.float32(LogMel().silence))
    np.testing.assert_array_equal(front_end(Mfcc())(jnp.zeros((1, 4000))), 0)


def test_a_steady_tone():
    # On HTK's scale 60 Hz are 92.6 mel, 7800 Hz are 2813, and bands are 1 / 65 of that
    # apart, 41.9: 1 kHz, 1000 mel, is in the middle of the band 20.7.
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    computed = front_end(LogMel())(jnp.asarray(tone[None], jnp.float32))[0]
    assert set(np.asarray(computed.argmax(axis=1))) == {21}


@pytest.mark.parametrize(
    "features",
    [Egemaps(), *(FEATURES[n] for n in FEATURES if n not in ("log_mel", "mfcc"))],
    ids=lambda f: f.name,
)
def test_other_features_are_refused(features):
    with pytest.raises(InputError, match=f"'{features.name}'.* log_mel, mfcc"):
        front_end(features)
