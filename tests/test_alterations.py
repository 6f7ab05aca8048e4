"""Altered recordings: what they sound like, and that only training hears them."""

import copy
import dataclasses
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.alterations import ALTERATIONS, alter
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from damldg_jax.features import LogMel, resolve
from experiments.config import Config
from experiments.plan import corpora_to_alter, corpora_to_prepare

RATE = 16_000


def tone(hz=440.0, seconds=1.0):
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def loudest_hz(waveform):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return np.fft.rfftfreq(len(waveform), 1 / RATE)[spectrum.argmax()]


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.2])
def test_speed_changes_length_and_pitch_together(factor):
    altered = alter(f"speed_{factor}", tone(), RATE)
    assert len(altered) == pytest.approx(RATE / factor, abs=1)
    assert loudest_hz(altered) == pytest.approx(440 * factor, abs=2)


def test_gain_changes_nothing_but_the_level():
    altered, plain = alter("gain", tone(), RATE), tone()
    factor = altered @ plain / (plain @ plain)
    np.testing.assert_allclose(altered, factor * plain, atol=1e-12)
    assert 0.1 <= factor <= 10**0.5
    assert factor != pytest.approx(1, abs=1e-3)


def test_an_equaliser_keeps_the_pitch_and_is_smooth():
    altered = alter("equaliser", tone(), RATE)
    assert len(altered) == RATE
    assert loudest_hz(altered) == pytest.approx(440, abs=2)
    click = np.zeros(RATE)
    click[0] = 1.0
    gains = 20 * np.log10(np.abs(np.fft.rfft(alter("equaliser", click, RATE))))
    assert np.abs(gains).max() <= 12 + 1e-6
    assert np.ptp(gains) > 3
    assert np.abs(np.diff(gains[100:])).max() < 0.2


def test_noise_lies_below_the_voice():
    plain = tone()
    added = alter("noise", plain, RATE) - plain
    ratio = 10 * np.log10((plain**2).mean() / (added**2).mean())
    assert 5 <= ratio <= 25


def test_reverberation_goes_on_after_the_sound():
    click = np.zeros(RATE)
    click[100] = 0.5
    altered = alter("reverberation", click, RATE)
    assert not np.abs(altered[:100]).max() > 1e-9
    assert np.abs(altered[101:3000]).max() > 1e-4
    assert (altered**2).mean() == pytest.approx((click**2).mean())
    early, late = (altered[101:2000] ** 2).sum(), (altered[12_000:] ** 2).sum()
    assert early > 10 * late


def test_an_excerpt_is_a_short_part_where_there_is_sound():
    plain = np.zeros(4 * RATE)
    plain[2 * RATE : 3 * RATE] = tone()
    altered = alter("excerpt", plain, RATE)
    assert 0.5 * RATE <= len(altered) <= 1.5 * RATE
    assert (altered**2).sum() > 0.2 * (plain**2).sum()
    places = np.lib.stride_tricks.sliding_window_view(plain, len(altered))
    assert (places == altered).all(axis=1).any()
    assert len(alter("excerpt", tone(seconds=0.4), RATE)) == 0.3 * RATE


@given(
    st.sampled_from(sorted(ALTERATIONS)),
    st.integers(1_600, 8_000),
    st.integers(0, 99),
)
def test_every_alteration_is_the_same_each_time_and_finite(name, samples, seed):
    waveform = 0.1 * np.random.default_rng(seed).normal(size=samples)
    altered = alter(name, waveform, RATE)
    np.testing.assert_array_equal(altered, alter(name, waveform, RATE))
    assert altered.dtype == np.float64
    assert np.isfinite(altered).all()
    assert not np.array_equal(altered, waveform)
    other = alter(name, waveform[::-1], RATE)
    assert not np.array_equal(other, altered)


@pytest.mark.parametrize("name", sorted(ALTERATIONS))
def test_digital_silence_stays_finite(name):
    assert np.isfinite(alter(name, np.zeros(2_000), RATE)).all()


@pytest.mark.parametrize(
    "name", ["excerpt+reverberation+gain", "reverberation+excerpt", "gain+speed_1.2"]
)
def test_a_chain_is_one_after_the_other_with_draws_of_its_own(name):
    waveform = np.random.default_rng(5).normal(size=2 * RATE)
    seed = [zlib.crc32(waveform.tobytes()), *name.encode()]
    rng, expected = np.random.default_rng(seed), waveform
    for part in name.split("+"):
        expected = ALTERATIONS[part](expected, RATE, rng)
    np.testing.assert_array_equal(alter(name, waveform, RATE), expected)
    first = alter(name.split("+")[0], waveform, RATE)
    assert not np.array_equal(expected[:100], first[:100])


def test_of_copies_there_are_no_copies():
    given = {"corpora": "emodb,savee,emovo", "features": "log_mel+noise"}
    with pytest.raises(InputError, match="have no further copies"):
        Config(**given, variants="gain")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("log_mel+excerpt+nois", "Did you mean 'noise'"),
        ("log_mel+gain+gain", r"The chain 'gain\+gain' has 'gain' twice"),
        ("log_mel+gain+", "Unknown alteration of recordings ''"),
    ],
)
def test_a_chain_that_there_cannot_be_is_refused(name, told):
    with pytest.raises(InputError, match=told):
        resolve(name)


def test_features_of_altered_recordings(tmp_path):
    import soundfile

    path = tmp_path / "x.wav"
    soundfile.write(path, tone(), RATE, subtype="FLOAT")
    features = resolve("log_mel+speed_1.2")
    signal = features.read(path)
    assert signal.seconds == pytest.approx(1 / 1.2, abs=1e-4)
    # Copies are found as if nothing had been altered.
    np.testing.assert_array_equal(signal.fingerprint, LogMel().read(path).fingerprint)
    plain = LogMel()
    altered = alter("speed_1.2", plain.read(path).values, RATE)
    np.testing.assert_array_equal(features(signal.values), plain(altered))
    assert features.num_features == 64
    assert features.settings() == {
        **plain.settings(),
        "name": "log_mel+speed_1.2",
        "alteration": "speed_1.2",
    }
    again = copy.copy(features)
    assert again.settings() == features.settings()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("log_mel+nois", "unknown alteration .* 'nois'.*'noise'"),
        ("rgb224+noise", "not computed from recordings"),
        ("logmel+noise", "unknown features 'logmel'"),
    ],
)
def test_what_cannot_be_altered_is_refused(name, reason):
    with pytest.raises(InputError, match=f"(?i){reason}"):
        resolve(name)


def test_altered_copies_belong_to_no_corpus():
    def examples(value):
        return [
            Example(
                f"{n}",
                np.full((n + 1, 2), value, np.float32),
                emotion,
                "a",
                fingerprint=np.ones(1, np.uint32),
            )
            for n, emotion in enumerate(("anger", "fear", "sadness"))
        ]

    given = {"one": examples(0.0), "two": examples(1.0), "one+noise": examples(2.0)}
    dataset = build_dataset(given, ["anger", "fear"], {"one+noise": "one"})
    assert [*dataset.corpora] == ["one", "two"]
    np.testing.assert_array_equal(dataset.variants["one"], [4, 5])
    assert dataset.corpus_of_each[4:] == ("one+noise", "one+noise")
    assert dataset.utterances[4:] == dataset.utterances[:2]
    assert len(dataset.others["one+noise"]) == 1
    assert [len(words) for words in dataset.fingerprints] == [1, 1, 1, 1, 0, 0]
    assert len([text for text in dataset.notices if "one" in text]) == len(
        [text for text in dataset.notices if "two" in text]
    )


@pytest.mark.parametrize(
    "change", [{"emotion": "fear"}, {"speaker": "b"}, {"valence": 2.5}]
)
def test_copies_of_what_was_labelled_otherwise_are_refused(change):
    one = Example("1", np.ones((2, 2), np.float32), "anger", "a")
    other = Example("2", np.ones((2, 2), np.float32), "fear", "a")
    copies = [dataclasses.replace(one, **change), other]
    with pytest.raises(
        InputError, match=r"'one/1' is labelled .* of one\+noise .*date"
    ):
        build_dataset(
            {"one": [one, other], "one+noise": copies},
            ["anger", "fear"],
            {"one+noise": "one"},
        )
    # What was left out of the corpus since is not trained on anyway.
    given = {"one": [other], "one+noise": [one, other]}
    assert build_dataset(given, ["anger", "fear"], {"one+noise": "one"}).variants


def test_copies_are_prepared_of_what_is_trained_on_alone():
    named = {"corpora": "emodb,savee,emovo", "variants": "noise"}
    assert [*corpora_to_alter(Config(**named))] == ["emodb", "savee", "emovo"]
    config = Config(**named, target="savee")
    assert [*corpora_to_alter(config)] == ["emodb", "emovo"]
    assert [*corpora_to_prepare(config)] == ["emodb", "savee", "emovo"]
