import dataclasses

import numpy as np
import pytest
import soundfile
import threadpoolctl

from damldg_jax import fingerprints
from damldg_jax.audio import RecordingError
from damldg_jax.corpora.declaration import Utterance
from damldg_jax.dataset import Example, Rejected
from damldg_jax.errors import InputError
from damldg_jax.extraction import extract
from damldg_jax.features import LogMel
from damldg_jax.features.reading import OfSound
from damldg_jax.records import parts, tfrecords
from damldg_jax.records.provenance import Provenance, corpus_folder
from damldg_jax.workers import in_threads, in_turn

RATE = 16_000
NUMBER, SIZE = 10, 4  # More than two parts.
FEATURES = LogMel()
PROVENANCE = Provenance("mine", FEATURES.settings(), FEATURES.num_features, "x", False)


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SIZE", SIZE)
        yield


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    """Recordings of noise, not sorted, one of which is empty."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    listed = []
    for number in range(NUMBER):
        path = folder / f"{number}.wav"
        samples = rng.integers(RATE // 5, RATE // 2)
        soundfile.write(path, 0.1 * rng.normal(size=samples), RATE)
        listed.append(Utterance(path.stem, path, "anger", f"s{number % 3}"))
    (folder / "5.wav").write_bytes(b"")
    return listed[::-1]


class Counting(OfSound):
    """Log-mel spectrograms; remembers of which recordings."""

    sample_rate = RATE

    def __init__(self):
        self.recordings = []

    def __call__(self, waveform, recording=""):
        self.recordings.append(recording)
        return FEATURES(waveform)


def divide(folder, utterances, features=FEATURES, settings=PROVENANCE.feature_settings):
    return parts.divide(folder, "mine", utterances, features, settings)


def write(folder, utterances, each):
    divided = divide(folder, utterances)
    tfrecords.write(folder, PROVENANCE, divided, skip_rejected=True, each=each)
    files = corpus_folder(folder, "mine").iterdir()
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def stored(utterances, tmp_path_factory):
    return write(tmp_path_factory.mktemp("records"), utterances, in_threads(1))


def test_an_example_has_features_labels_and_fingerprint(utterances):
    utterance = dataclasses.replace(
        utterances[3], sex="female", language="Greek", sentence="a", valence=2.5
    )
    result = extract(utterance, FEATURES, "mine")
    waveform, _ = soundfile.read(utterance.path)
    np.testing.assert_array_equal(result.features, FEATURES(waveform))
    expected = fingerprints.fingerprint(waveform)
    assert len(expected) > 5
    np.testing.assert_array_equal(result.fingerprint, expected)
    assert result.fingerprint.dtype == np.uint32
    assert result.seconds == len(waveform) / RATE
    labels = (result.utterance, result.emotion, result.speaker, result.sex)
    assert labels == (utterance.name, "anger", utterance.speaker, "female")
    assert (result.language, result.sentence, result.valence) == ("Greek", "a", 2.5)


def test_what_cannot_be_used_is_rejected_with_the_reason(utterances):
    features = Counting()
    empty = next(u for u in utterances if u.name == "5")
    result = extract(empty, features, "mine")
    # Where the file lies is told by the command; it is no part of the records.
    assert result == Rejected("5", "unreadable (the file has no bytes)")
    assert features.recordings == []
    extract(utterances[0], features, "mine")
    assert features.recordings == ["mine/9"]


def test_features_may_reject_a_recording(utterances):
    class Refusing(Counting):
        def __call__(self, waveform, recording=""):
            raise RecordingError(f"no embedding of {recording}")

    result = extract(utterances[0], Refusing(), "mine")
    assert result.reason == "no embedding of mine/9"


@pytest.mark.parametrize("workers", [2, 5, None])
def test_bytes_do_not_depend_on_the_number_of_workers(
    tmp_path, utterances, stored, workers
):
    assert write(tmp_path, utterances, in_threads(workers)) == stored


@pytest.mark.parametrize("threads", [1, 3])
def test_bytes_do_not_depend_on_the_threads_of_a_product(
    tmp_path, utterances, stored, threads
):
    with threadpoolctl.threadpool_limits(threads, user_api="blas"):
        assert write(tmp_path, utterances, in_turn) == stored


def test_bytes_do_not_depend_on_the_order_of_the_list(tmp_path, utterances, stored):
    assert write(tmp_path, utterances[::-1], in_turn) == stored


def test_an_error_ends_the_work_of_all_workers():
    done = []

    def work(number):
        if number == 3:
            raise InputError("three")
        done.append(number)
        return number

    with pytest.raises(InputError, match="three"):
        list(in_threads(1)(work, range(1000)))
    assert len(done) < 1000


def made_by(divided):
    return [example for part in divided for example in part()]


def assert_same(a, b):
    assert len(a) == len(b) == NUMBER
    for x, y in zip(a, b, strict=True):
        assert type(x) is type(y)
        for field in dataclasses.fields(x):
            p, q = getattr(x, field.name), getattr(y, field.name)
            np.testing.assert_array_equal(p, q)
            assert getattr(p, "dtype", type(p)) == getattr(q, "dtype", type(q))


def test_parts_are_kept_and_read_back_exactly(tmp_path, utterances):
    features = Counting()
    divided = divide(tmp_path, utterances, features)
    assert [len(part.utterances) for part in divided] == [4, 4, 2]
    made = made_by(divided)
    assert len(features.recordings) == NUMBER - 1
    assert [e.utterance for e in made] == sorted(u.name for u in utterances)
    assert isinstance(made[5], Rejected)
    assert isinstance(made[6], Example)
    assert_same(made_by(divided), made)
    assert len(features.recordings) == NUMBER - 1


def test_the_next_attempt_makes_only_what_is_missing_or_may_be_mended(
    tmp_path, utterances
):
    made_by(divide(tmp_path, utterances)[:2])
    features = Counting()
    divided = divide(tmp_path, utterances, features)
    # The second part has a recording that was rejected.
    assert parts.tidy(divided) == SIZE
    assert_same(made_by(divided), made_by(divide(tmp_path / "other", utterances)))
    assert len(features.recordings) == NUMBER - SIZE - 1


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: b"\0" + c[1:]])
def test_a_damaged_part_is_made_again(tmp_path, utterances, damage):
    features = Counting()
    divided = divide(tmp_path, utterances, features)
    made = made_by(divided)
    for path in divided[0].folder.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    features.recordings.clear()
    assert_same(made_by(divided), made)
    assert len(features.recordings) == NUMBER - 1


def changed(utterances, **labels):
    return [dataclasses.replace(utterances[0], **labels), *utterances[1:]]


def test_parts_of_other_labels_settings_or_recordings_are_not_used(
    tmp_path, utterances
):
    made_by(divide(tmp_path, utterances))
    assert parts.tidy(divide(tmp_path, changed(utterances, emotion="fear"))) == SIZE
    made_by(divide(tmp_path, utterances))
    copy = tmp_path / "9.wav"
    copy.write_bytes(utterances[0].path.read_bytes() + b"\0")
    assert parts.tidy(divide(tmp_path, changed(utterances, path=copy))) == SIZE
    assert parts.tidy(divide(tmp_path, utterances, settings={"name": "x"})) == 0
    assert not list((tmp_path / ".parts-mine").iterdir())


def test_what_an_attempt_left_half_written_is_removed(tmp_path, utterances):
    divided = divide(tmp_path, utterances)
    divided[0]()
    (divided[0].folder / "unfinished.abc").write_bytes(b"half")
    assert parts.tidy(divided) == SIZE
    assert len(list(divided[0].folder.iterdir())) == 1
    parts.remove(tmp_path, "mine")
    assert not divided[0].folder.exists()
