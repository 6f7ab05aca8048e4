import jax
import numpy as np
import pytest

from damldg_jax.errors import InputError
from damldg_jax.features import LogMel, Mfcc
from damldg_jax.prediction.model import Model
from damldg_jax.prediction.stablehlo import to_stablehlo
from damldg_jax.prediction.waveforms import min_samples, predict_waveforms
from tests import trained
from tests.trained import RATE, voice

WAVES = [
    voice(seconds, hz).astype(np.float32)
    for seconds, hz in ((0.1, 100), (0.3, 200), (1.1, 90))
]
# Anything may follow what is a recording's own.
REST = np.float32(0.3)


def together(waves, samples):
    padded = [np.pad(w, (0, samples - len(w)), constant_values=REST) for w in waves]
    return np.stack(padded), np.array([len(wave) for wave in waves], np.int32)


def compare(model, said, waves=WAVES):
    for wave, probabilities, energy in zip(waves, *said, strict=True):
        expected = model.predict(wave, RATE)
        values = list(expected.probabilities.values())
        np.testing.assert_allclose(probabilities, values, atol=1e-4)
        assert float(energy) == pytest.approx(expected.energy, abs=1e-3)


@pytest.mark.parametrize(
    ("features", "changes"),
    [
        (LogMel(), {"normalization": "utterance", "silence": 0.0}),
        (
            LogMel(),
            {
                **{"normalization": "training", "silence": 0.0},
                **{"network": "pooled", "dimension_bins": 5},
            },
        ),
        (Mfcc(), {"network": "pooled", "silence": 0.0, "num_features": 40}),
    ],
)
def test_it_says_what_the_model_says(features, changes):
    contents = trained.contents(features=features.settings(), **changes)
    if changes.get("normalization") == "training":
        shift, scale = np.full(64, -3, np.float32), np.full(64, 0.5, np.float32)
        contents = contents._replace(shift=shift, scale=scale)
    model = Model(contents, features)
    said = jax.jit(predict_waveforms(model))(*together(WAVES, 18_000))
    compare(model, said)


@pytest.fixture(scope="module")
def model():
    return Model(trained.contents(), LogMel())


@pytest.fixture(scope="module")
def loaded(model):
    artifact = to_stablehlo(model)
    return jax.export.deserialize(bytearray(artifact))


def test_stablehlo_says_what_the_model_says_of_any_length(model, loaded):
    assert loaded.platforms == ("cpu", "cuda", "tpu")
    assert min_samples(model) == 400 + 57 * 160
    for waves, samples in ((WAVES, 18_000), (WAVES[:1], 9520)):
        said = loaded.call(*together(waves, samples))
        compare(model, (said["probabilities"], said["energy"]), waves)


@pytest.mark.parametrize("network", ["attentive", "temporal"])
def test_networks_that_look_at_frames_are_exported_too(network):
    given = {"network": network, "silence": 0.0, "num_features": 40}
    model = Model(trained.contents(features=Mfcc().settings(), **given), Mfcc())
    exported = jax.export.deserialize(bytearray(to_stablehlo(model)))
    said = exported.call(*together(WAVES, 18_000))
    compare(model, (said["probabilities"], said["energy"]))


def test_what_cannot_be_used_gets_no_numbers(loaded):
    waveforms = np.zeros((4, 18_000), np.float32)
    said = loaded.call(waveforms, np.array([399, 400, 18_001, -5], np.int32))
    unusable = [True, False, True, True]
    np.testing.assert_array_equal(np.isnan(said["energy"]), unusable)
    np.testing.assert_array_equal(np.isnan(said["probabilities"]).all(1), unusable)


def test_shorter_waveforms_than_the_shortest_are_refused(loaded):
    with pytest.raises(ValueError, match="shapes"):
        loaded.call(np.zeros((1, 9519), np.float32), np.array([9519], np.int32))


@pytest.mark.parametrize("normalization", ["speaker", "corpus"])
def test_what_needs_other_recordings_is_refused(normalization):
    contents = trained.contents(normalization=normalization, silence=0.0)
    with pytest.raises(
        InputError,
        match=r"training or utterance, or export its weights.*--formats=safetensors",
    ):
        predict_waveforms(Model(contents, LogMel()))
