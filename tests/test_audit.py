"""What is found in corpora, on recordings made for it."""

import numpy as np
import pytest

from damldg_jax.audit import (
    NOTE,
    WARNING,
    CorpusAudit,
    Spread,
    find_copies,
    findings,
)
from damldg_jax.corpora.completeness import Completeness
from tests.recordings import make_recorder, tone
from tests.speech import speech

COMPLETE = Completeness({}, None, (), (), ())


@pytest.fixture
def record(tmp_path):
    return make_recorder(tmp_path)


def audit(*recordings, name="mine", completeness=COMPLETE, notices=()):
    return CorpusAudit(name, "there", False, recordings, notices, completeness)


def varied(record, count=12):
    """A corpus with nothing to say about it: three speakers, two emotions."""
    return [
        record(
            f"r{take}",
            speech(take),
            ("anger", "sadness")[take % 2],
            f"s{take // 2 % 3}",
        )
        for take in range(count)
    ]


def texts(found, severity):
    return [finding.text for finding in found if finding.severity == severity]


def test_a_spread_by_hand():
    assert Spread.of([4.0, 1.0, 2.0]) == (1.0, 2.0, 4.0, 7.0)
    assert Spread.of([]) is None


def test_counts_by_emotion_and_speaker(record):
    corpus = audit(
        record("a", tone(), "sadness", "s2"),
        record("b", tone(), "anger", "s1"),
        record("c", tone(seconds=0.01), "anger", "s1"),
        completeness=COMPLETE._replace(expected={"fear": 3, "anger": 2}),
    )
    assert corpus.counts() == {"anger": 2, "sadness": 1}
    assert corpus.emotions == ("anger", "sadness", "fear")
    assert corpus.table() == {"s1": {"anger": 2}, "s2": {"sadness": 1}}
    assert len(corpus.sounds) == 2
    assert [r.utterance.name for r in corpus.unusable] == ["c"]


def test_nothing_is_found_where_nothing_is_wrong(record):
    corpus = audit(*varied(record))
    assert findings([corpus], find_copies([corpus])) == []


def test_each_fault_of_a_corpus_is_found(record):
    clipped = np.clip(speech(20) * 50, -1, 1)
    corpus = audit(
        *varied(record),
        record("bad", tone(seconds=0.01)),
        record("clipped", clipped, "anger", "s1"),
        record("phone", speech(21)[::2], "anger", "s2", 8000, "ULAW"),
        record("offset", speech(22) + 0.3, "fear", "s3"),
        record("faint", speech(23) * 1e-2 / 4, "fear", "s3", subtype="PCM_24"),
        record("long", np.tile(speech(24), 20), "anger", "s1"),
        notices=("mine: left out.",),
        completeness=COMPLETE._replace(warnings=("mine: 3 missing. Copy it.",)),
    )
    found = findings([corpus], [])
    warnings, notes = texts(found, WARNING), texts(found, NOTE)
    for expected in (
        "mine: 1 of 18 recordings cannot be used: ",
        "mine: 3 missing. Copy it.",
        "mine: 1 of 4 speakers have one emotion only: s3 (fear).",
        "mine: only one speaker has fear (s3).",
        "mine: 1 of 17 recordings are sampled at less than 16000 Hz, down to 8000 Hz",
        "mine: 1 of 17 recordings are clipped, clipped most (",
    ):
        assert any(expected in text for text in warnings + notes), expected
    for expected in (
        "mine: 1 of 17 recordings are quieter than -60 dBFS (root mean square): faint.",
        "mine: 1 of 17 recordings have a constant offset",
        "several sampling rates (Hz): 16000 (16), 8000 (1)",
        "several encodings: WAV PCM_16 (15), WAV ULAW (1), WAV PCM_24 (1)",
        "coded with 8 bits a sample, whose noise is audible: phone.",
        "mine: 1 of 17 recordings last more than 30 s: long.",
        "mine: left out.",
    ):
        assert any(expected in text for text in notes), expected
    assert len(found) == 13
    assert all(text.endswith(".") for text in warnings + notes)
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, reverse=True)


def test_clipping_is_a_warning_where_it_is_common(record):
    clipped = [
        record(f"c{take}", np.clip(speech(take) * 50, -1, 1), e, f"s{take % 3}")
        for take, e in enumerate(["anger", "sadness"] * 3)
    ]
    (finding,) = findings([audit(*clipped)], [])
    assert finding.severity == WARNING
    assert finding.recordings == tuple(f"c{take}" for take in range(6))
    assert "6 of 6 recordings are clipped" in finding.text


def test_one_voice_and_one_emotion_are_told(record):
    alone = [record(f"r{take}", speech(take)) for take in range(3)]
    voice, emotion = texts(findings([audit(*alone)], []), WARNING)
    assert "all of it is by 1 speaker(s)" in voice
    assert "all of it is of one emotion, anger" in emotion


def test_short_recordings_and_silent_ends(record):
    def padded(take, before):
        return np.concatenate([np.zeros(before), speech(take)[4000:10_000]])

    def corpus(before):
        return audit(
            *(
                record(
                    f"r{t}", padded(t, before), ("anger", "fear")[t % 2], f"s{t % 3}"
                )
                for t in range(6)
            )
        )

    (short,) = findings([corpus(0)], [])
    assert "half of the recordings are shorter than 0.38 s" in short.text
    (silent,) = findings([corpus(16_000)], [])
    assert "% is silence at the ends" in silent.text


def test_levels_far_apart_are_told_between_corpora(record):
    loud = varied(record)
    quiet = [
        record(f"q{t}", speech(20 + t) / 8, "anger", f"s{t % 3}") for t in range(6)
    ]
    quiet += [
        record(f"p{t}", speech(30 + t) / 8, "fear", f"s{t % 3}") for t in range(6)
    ]
    corpora = [audit(*loud), audit(*quiet, name="quiet")]
    (finding,) = findings(corpora, find_copies(corpora))
    assert finding.corpora == ("quiet", "mine")
    assert "--normalization=utterance" in finding.text


def test_copies_across_corpora_and_their_labels(record):
    mine = audit(*varied(record))
    same = record("same", speech(0), "anger", "x")
    other = record("other", speech(1) / 4, "fear", "y")
    more = audit(same, other, record("z", speech(40), "fear", "x"), name="more")
    identical, near = find_copies([mine, more])
    assert str(identical) == "mine/r0 = more/same"
    assert identical.identical
    assert identical.contradictions == ()
    assert str(near) == "mine/r1 = more/other"
    assert not near.identical
    assert near.contradictions == ("emotion",)
    assert 0 <= near.error_rate < 0.02
    told = texts(findings([mine, more], [identical, near]), WARNING)
    assert any("same sample by sample: mine/r0 = more/same. Delete" in t for t in told)
    assert any(
        "(emotion 'sadness' or 'fear'). What is said of them differs" in t for t in told
    )


def test_copies_in_a_corpus_must_agree_in_speaker_and_sentence(record):
    one = record("a", speech(0), "anger", "s1", sentence="01")
    two = record("b", speech(0), "anger", "s2", sentence="02")
    three = record("c", speech(0), "anger", "s1", sentence="01")
    first, second = find_copies([audit(one, two, three)])
    assert first.contradictions == ("speaker", "sentence")
    assert (second.first, second.second, second.contradictions) == (one, three, ())
