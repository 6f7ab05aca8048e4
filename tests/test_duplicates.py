"""Copies are found however they were changed; other takes are not."""

import io
import time

import numpy as np
import pytest
import soundfile
import soxr

from damldg_jax.audio import read_waveform
from damldg_jax.duplicates import Duplicate, find_duplicates
from damldg_jax.fingerprints import SILENT, fingerprint
from tests.real_corpora import corpora_dir
from tests.speech import RATE, speech

TAKES = range(8)


def resampled(rate):
    def change(wave):
        return soxr.resample(soxr.resample(wave, RATE, rate), rate, RATE)

    return change


def coded(container, coding):
    def change(wave):
        buffer = io.BytesIO()
        soundfile.write(buffer, wave, RATE, format=container, subtype=coding)
        buffer.seek(0)
        return soundfile.read(buffer)[0]

    return change


def noisy(wave):
    noise = np.random.default_rng(0).normal(size=len(wave))
    return wave + 10 ** (-30 / 20) * np.sqrt(np.mean(wave**2)) * noise


def loud(wave):
    return 0.9 * wave / np.abs(wave).max()


CHANGES = {
    "8 kHz": resampled(8000),
    "22.05 kHz": resampled(22_050),
    "44.1 kHz": resampled(44_100),
    "20 dB quieter": lambda wave: wave / 10,
    "upside down": lambda wave: -wave,
    "mu-law": coded("WAV", "ULAW"),
    "8 bits": lambda wave: coded("WAV", "PCM_U8")(loud(wave)),
    "MP3": coded("MP3", "MPEG_LAYER_III"),
    "Vorbis": coded("OGG", "VORBIS"),
    "cut by 0.1 s": lambda wave: wave[1659:-1600],
    "cut by 0.2 s": lambda wave: wave[3264:-3200],
    "silence before": lambda wave: np.concatenate([np.zeros(5000), wave]),
    "noise": noisy,
    "0.3 % faster": lambda wave: soxr.resample(wave, 16_048, RATE),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_copies_are_found_and_nothing_else(change):
    waves = [speech(take) for take in TAKES]
    copies = [change(wave) for wave in waves]
    pairs = find_duplicates([fingerprint(wave) for wave in waves + copies])
    assert [(p.first, p.second) for p in pairs] == [(t, t + 8) for t in TAKES]
    assert all(0 <= pair.error_rate <= 0.2 for pair in pairs)


def test_other_takes_of_one_voice_are_no_copies():
    takes = [fingerprint(speech(take)) for take in range(40)]
    assert find_duplicates(takes) == []


def test_what_is_cut_out_of_a_recording_is_a_copy_of_a_part():
    long = np.concatenate([speech(0), speech(1)])
    pairs = find_duplicates([fingerprint(speech(1)), fingerprint(long)])
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1)]


def words(count, seed=0):
    return np.random.default_rng(seed).integers(1, 2**32, count, np.uint32)


def flipped(fingerprint, part, seed=1):
    """Changes each sign with some probability."""
    rng = np.random.default_rng(seed)
    bits = rng.random((len(fingerprint), 32)) < part
    return fingerprint ^ np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.uint32)


def test_the_error_rate_is_the_part_of_the_signs_that_differ():
    original = words(64)
    copy = original.copy()
    copy[::2] ^= np.uint32(0b11)  # Two of 32 signs in each other word.
    assert find_duplicates([original, copy]) == [Duplicate(0, 1, 1 / 32)]
    assert find_duplicates([copy, copy, original])[0] == Duplicate(0, 1, 0.0)


def test_words_without_a_say_count_neither_way():
    original = words(200)
    copy = original.copy()
    original[:70], copy[60:100] = SILENT, SILENT
    assert find_duplicates([original, copy]) == [Duplicate(0, 1, 0.0)]


@pytest.mark.parametrize(("part", "found"), [(0.12, 1), (0.17, 1), (0.24, 0)])
def test_too_many_differing_signs_are_no_copy(part, found):
    original = words(20_000)
    assert len(find_duplicates([original, flipped(original, part)])) == found


def test_short_stretches_must_be_more_alike():
    original = words(40)
    copy = flipped(original, 0.16)
    copy[7] = original[7]
    assert find_duplicates([original, copy]) == []
    longer = words(400)
    copy = flipped(longer, 0.16)
    copy[7] = longer[7]
    assert len(find_duplicates([longer, copy])) == 1


def test_a_stretch_shared_by_longer_recordings_is_no_copy():
    shared = words(100)
    first, second = (np.concatenate([shared, words(150, seed)]) for seed in (1, 2))
    assert find_duplicates([first, second]) == []
    assert len(find_duplicates([first[:150], second])) == 1


def test_an_end_that_is_the_start_of_another_recording_is_no_copy():
    shared = words(100)
    ending = np.concatenate([words(150, 1), shared])
    assert find_duplicates([ending, np.concatenate([shared, words(150, 2)])]) == []
    assert len(find_duplicates([ending, np.concatenate([shared, words(90, 2)])])) == 1


def test_short_copies_are_found_among_other_recordings():
    short = words(17)
    found = find_duplicates([words(99, 1), short, words(99, 2), short, words(99, 3)])
    assert found == [Duplicate(1, 3, 0.0)]


def test_all_pairs_of_several_copies_are_told_once_and_in_order():
    original = words(100)
    other = words(100, seed=1)
    found = find_duplicates([original, other, original, original])
    assert [(pair.first, pair.second) for pair in found] == [(0, 2), (0, 3), (2, 3)]


@pytest.mark.parametrize("empty", [np.zeros(0, np.uint32), np.zeros(90, np.uint32)])
def test_recordings_without_a_say_have_no_copies(empty):
    assert find_duplicates([]) == []
    assert find_duplicates([empty, empty]) == []
    assert find_duplicates([empty, words(50), empty]) == []


def test_one_word_that_is_everywhere_is_bounded():
    # 2000 recordings that all consist of few words would have 2e6 pairs of each word.
    rng = np.random.default_rng(0)
    some = words(4)
    begun = time.process_time()
    found = find_duplicates([some[rng.integers(0, 4, 300)] for _ in range(2000)])
    assert time.process_time() - begun < 15
    assert found == []


def test_of_many_copies_each_one_is_told():
    original = words(60)
    found = find_duplicates([original] * 200)
    assert {i for pair in found for i in (pair.first, pair.second)} == set(range(200))
    assert len(found) < 200 * 33


def test_the_order_of_recordings_changes_no_pair():
    waves = [fingerprint(speech(take)) for take in TAKES]
    waves += [flipped(wave, 0.05) for wave in waves[:3]]
    order = np.random.default_rng(0).permutation(len(waves))
    pairs = {(p.first, p.second) for p in find_duplicates(waves)}
    shuffled = find_duplicates([waves[i] for i in order])
    assert len(pairs) == 3
    assert {
        tuple(sorted((int(order[p.first]), int(order[p.second])))) for p in shuffled
    } == pairs


@pytest.mark.skipif(
    corpora_dir() is None or not (corpora_dir() / "ravdess").is_dir(),
    reason="no folder of real corpora (DAMLDG_CORPORA names it)",
)
def test_two_takes_of_a_sentence_by_an_actor_are_no_copies():
    # Each of the actor's sentences is there in eight emotions and in two takes. One of
    # them was published under the names of both takes.
    paths = sorted((corpora_dir() / "ravdess" / "Actor_07").iterdir())
    found = find_duplicates([fingerprint(read_waveform(p, RATE)) for p in paths])
    assert [(paths[p.first].stem, paths[p.second].stem) for p in found] == [
        ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
    ]
    assert len(paths) == 60


@pytest.mark.parametrize("seconds", [0.17, 0.2, 0.25])
def test_equal_short_sounds_are_copies(seconds):
    rng = np.random.default_rng(3)
    sounds = [rng.normal(size=round(seconds * 16_000)) for _ in range(3)]
    prints = [fingerprint(sound) for sound in (*sounds, sounds[1], sounds[1])]
    found = find_duplicates(prints)
    assert [(pair.first, pair.second) for pair in found] == [(1, 3), (3, 4)]
    assert {pair.error_rate for pair in found} == {0.0}
