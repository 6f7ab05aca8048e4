import csv
import json

import numpy as np
import pytest
import soundfile

from damldg_jax.corpora.synthetic import SYNTHETIC, write_corpus
from damldg_jax.emotions import PAPER_EMOTIONS
from damldg_jax.errors import InputError

RATE = 16_000
SIZE = {"speakers": 2, "repetitions": 2}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Every domain's rows of the manifest, each with its waveform."""
    root = tmp_path_factory.mktemp("synthetic")
    return {name: _read(write_corpus(name, root / name, **SIZE)) for name in SYNTHETIC}


def _read(manifest):
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        info = soundfile.info(manifest.parent / row["path"])
        assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")
        row["waveform"], _ = soundfile.read(manifest.parent / row["path"])
    return rows


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _pitch(rows, speaker, emotion):
    """Median over the voiced frames of a speaker's utterances, in Hz."""
    frames = []
    for row in rows:
        if (row["speaker"], row["emotion"]) == (speaker, emotion):
            frames.extend(_periods(row["waveform"]))
    return np.median(RATE / np.array(frames))


def _periods(waveform, length=1024, longest=RATE // 70, shortest=RATE // 500):
    """The period of each voiced frame in samples, where its autocorrelation peaks."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, length)[::length]
    power = np.abs(np.fft.rfft(frames - frames.mean(axis=1)[:, None], 2 * length)) ** 2
    correlation = np.fft.irfft(power)[:, :length]
    # Fewer samples lie over each other, the further they are apart.
    correlation *= length / (length - np.arange(length)[None])
    peaks = correlation[:, shortest:longest].argmax(axis=1) + shortest
    heights = np.take_along_axis(correlation, peaks[:, None], axis=1)[:, 0]
    return peaks[heights > 0.6 * correlation[:, 0]]


def _decibels(power):
    return 10 * np.log10(power)


def _band(waveform, low, high):
    """Mean power density from low to high Hz, in dB."""
    hz = np.fft.rfftfreq(len(waveform), 1 / RATE)
    power = np.abs(np.fft.rfft(waveform)) ** 2 / len(waveform)
    return _decibels(power[(hz >= low) & (hz < high)].mean())


def _mean(rows, measure):
    return np.mean([measure(row["waveform"]) for row in rows])


def test_same_settings_give_same_bytes(tmp_path):
    for folder in ("one", "two"):
        write_corpus("synth_hall", tmp_path / folder, speakers=1, repetitions=1)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_utterance_does_not_depend_on_how_many_there_are(tmp_path):
    write_corpus("synth_phone", tmp_path / "few", speakers=1, repetitions=1)
    write_corpus("synth_phone", tmp_path / "many", speakers=2, repetitions=1)
    few, many = _bytes(tmp_path / "few"), _bytes(tmp_path / "many")
    recordings = [name for name in few if name.endswith(".wav")]
    assert len(recordings) == len(PAPER_EMOTIONS)
    assert all(few[name] == many[name] for name in recordings)


def test_seed_changes_every_utterance(tmp_path):
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        write_corpus("synth_studio", folder, speakers=1, repetitions=1, seed=seed)
    zero, one = _bytes(tmp_path / "0"), _bytes(tmp_path / "1")
    assert zero.keys() == one.keys()
    assert all(zero[name] != one[name] for name in zero if name.endswith(".wav"))


def test_every_speaker_acts_every_emotion(corpora):
    speakers = set()
    for rows in corpora.values():
        assert {row["emotion"] for row in rows} == set(PAPER_EMOTIONS)
        assert {row["sex"] for row in rows} == {"female", "male"}
        assert {row["language"] for row in rows} == {"synthetic"}
        pairs = [(row["speaker"], row["emotion"]) for row in rows]
        assert len(set(pairs)) == SIZE["speakers"] * len(PAPER_EMOTIONS)
        assert all(pairs.count(pair) == SIZE["repetitions"] for pair in pairs)
        speakers |= {row["speaker"] for row in rows}
    assert len(speakers) == SIZE["speakers"] * len(SYNTHETIC)  # nobody in two domains


def test_durations_and_levels(corpora):
    for rows in corpora.values():
        for row in rows:
            assert 1.0 <= len(row["waveform"]) / RATE <= 2.6
            assert 0.01 < np.abs(row["waveform"]).max() < 0.96
            assert -50 < _decibels(np.mean(row["waveform"] ** 2)) < -12
            assert abs(row["waveform"].mean()) < 1e-3


@pytest.mark.parametrize("sex", ["female", "male"])
def test_arousal_raises_the_pitch(corpora, sex):
    rows = corpora["synth_studio"]
    speaker = next(row["speaker"] for row in rows if row["sex"] == sex)
    sad = _pitch(rows, speaker, "sadness")
    assert 60 < sad < 260
    for emotion in ("anger", "happiness", "fear"):
        assert _pitch(rows, speaker, emotion) > 1.1 * sad, emotion


# Not in the street, whose noise hides a sad voice's spectrum.
@pytest.mark.parametrize("name", ["synth_studio", "synth_phone", "synth_hall"])
def test_anger_is_louder_and_brighter_than_sadness(corpora, name):
    acted = {
        emotion: [row for row in corpora[name] if row["emotion"] == emotion]
        for emotion in ("anger", "sadness")
    }

    def level(waveform):
        return _decibels(np.mean(waveform**2))

    def brightness(waveform):
        return _band(waveform, 1000, 3000) - _band(waveform, 100, 1000)

    assert _mean(acted["anger"], level) > _mean(acted["sadness"], level) + 5
    assert _mean(acted["anger"], brightness) > _mean(acted["sadness"], brightness) + 3


def test_channels_differ(corpora):
    def top(waveform):  # a telephone's stop band
        return _band(waveform, 4500, 7500) - _band(waveform, 300, 3400)

    def tail(waveform):  # what is left when the voice has fallen silent
        return _decibels(np.mean(waveform[-1000:] ** 2) / np.mean(waveform**2))

    assert _mean(corpora["synth_phone"], top) < -35
    assert _mean(corpora["synth_studio"], top) > _mean(corpora["synth_phone"], top) + 3
    assert (
        _mean(corpora["synth_hall"], tail) > _mean(corpora["synth_studio"], tail) + 15
    )
    assert (
        _mean(corpora["synth_street"], tail) > _mean(corpora["synth_phone"], tail) + 5
    )


def test_whole_corpus_is_not_rewritten(tmp_path):
    manifest = write_corpus("synth_phone", tmp_path / "c", speakers=1, repetitions=1)
    before = manifest.stat().st_mtime_ns

    def refuse(_):
        raise AssertionError("written again")

    again = write_corpus(
        "synth_phone", tmp_path / "c", speakers=1, repetitions=1, progress=refuse
    )
    assert again == manifest
    assert manifest.stat().st_mtime_ns == before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_interrupted_writing_leaves_nothing(tmp_path, error):
    def interrupt(utterances):
        for index, utterance in enumerate(utterances):
            if index == 2:
                raise error
            yield utterance

    with pytest.raises(error):
        write_corpus("synth_phone", tmp_path / "c", **SIZE, progress=interrupt)
    assert not list(tmp_path.iterdir())


def test_other_settings_in_the_same_folder_are_refused(tmp_path):
    folder = tmp_path / "c"
    write_corpus("synth_phone", folder, speakers=1, repetitions=1)
    with pytest.raises(InputError) as caught:
        write_corpus("synth_phone", folder, speakers=1, repetitions=1, seed=7)
    stored = json.loads((folder / "settings.json").read_text())
    message = str(caught.value)
    assert str(folder) in message
    assert json.dumps(stored) in message
    assert json.dumps(stored | {"seed": 7}) in message
    assert "another folder" in message


def test_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="something else"):
        write_corpus("synth_phone", tmp_path, speakers=1, repetitions=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_empty_folder_is_filled(tmp_path):
    (tmp_path / "c").mkdir()
    manifest = write_corpus("synth_phone", tmp_path / "c", speakers=1, repetitions=1)
    assert manifest.is_file()


def test_unknown_name_names_the_nearest(tmp_path):
    with pytest.raises(InputError, match="Did you mean 'synth_phone'"):
        write_corpus("synth_fone", tmp_path / "c")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"speakers": 0}, {"repetitions": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(InputError, match="at least one"):
        write_corpus("synth_phone", tmp_path / "c", **wrong)
