"""Whether a corpus is there as published."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.corpora import CORPORA, Utterance, list_utterances
from damldg_jax.corpora.completeness import compare
from tests.real_corpora import corpora_dir
from tests.trees import make

REMEDY = (
    "Copy the corpus anew, or say wherever you report results that a part was used."
)


def utterances(name: str, names: list[str]) -> list[Utterance]:
    """The utterances of a native corpus, without files."""
    corpus = CORPORA[name]
    return [Utterance(n, Path(n), "anger", corpus.name) for n in names]


def spoken(**counts: int) -> list[Utterance]:
    """As many utterances of each emotion, by speakers in turn."""
    emotions = list(Counter(counts).elements())
    return [
        Utterance(f"F{i % 87:02}A{i}", Path("x"), emotion, f"F{i % 87:02}")
        for i, emotion in enumerate(emotions)
    ]


@pytest.mark.parametrize(
    "name", ["crema_d", "savee", "ravdess", "tess", "cafe", "emovo", "urdu"]
)
def test_a_whole_corpus_has_nothing_to_tell(tmp_path, name):
    corpus = CORPORA[name]
    names = list(corpus.complete())
    if name in ("cafe", "savee", "emovo", "urdu"):
        # These are few enough to make the files.
        found, notices = list_utterances(
            corpus, make(tmp_path, *(f"x/{stem}.wav" for stem in names))
        )
        assert len(notices) == len(corpus.remarks)
        assert Counter(u.emotion for u in found) == corpus.published
    else:
        found = utterances(name, names)
    told = compare(corpus, found)
    assert told.expected == corpus.published
    assert told.expected_speakers == corpus.num_speakers
    assert (told.missing, told.surplus, told.warnings) == ((), (), ())


@given(lost=st.sets(st.integers(0, 935), min_size=1, max_size=40))
def test_every_missing_recording_is_named(lost):
    names = sorted(CORPORA["cafe"].complete())
    kept = [f"Fort/{stem}" for i, stem in enumerate(names) if i not in lost]
    told = compare(CORPORA["cafe"], utterances("cafe", kept))
    assert told.missing == tuple(names[i] for i in sorted(lost))
    assert told.surplus == ()
    (warning,) = told.warnings
    assert f"{len(lost)} of the 936 published recordings are missing" in warning
    assert all(name in warning for name in told.missing[:3])


def test_missing_and_surplus_names_are_two_warnings():
    names = [*CORPORA["savee"].complete(), "SAVEE/JE_a16", "DC/n31"]
    for gone in ("DC_a01", "JE_a02", "JK_n30", "KL_su15"):
        names.remove(gone)
    told = compare(CORPORA["savee"], utterances("savee", names))
    assert told.missing == ("DC_a01", "JE_a02", "JK_n30", "KL_su15")
    assert told.surplus == ("DC_n31", "JE_a16")
    assert told.warnings == (
        "savee: 4 of the 480 published recordings are missing: DC_a01, JE_a02, JK_n30 "
        f"and 1 more. {REMEDY}",
        "savee: 2 recording(s) of 478 are not among the published ones: DC_n31, "
        "JE_a16. Take away what does not belong to the corpus.",
    )


def test_odd_spellings_are_not_missing():
    names = [
        stem.replace("1040_ITH_SAD_XX", "1040_ITH_SAD_X")
        for stem in CORPORA["crema_d"].complete()
    ]
    assert "1040_ITH_SAD_X" in names
    assert compare(CORPORA["crema_d"], utterances("crema_d", names)).warnings == ()


def test_counts_are_compared_where_names_are_not_known():
    shemo = CORPORA["shemo"]
    assert compare(shemo, spoken(**shemo.published)).warnings == ()
    told = compare(shemo, spoken(**{**shemo.published, "fear": 30, "anger": 1000}))
    assert told.warnings == (
        "shemo: 2933 recordings, which is not what was published (3000 recordings of "
        f"87 speakers): anger 1000 of 1059, fear 30 of 38. {REMEDY}",
    )
    assert (told.missing, told.surplus) == ((), ())
    (warning,) = compare(shemo, spoken(**{**shemo.published, "fear": 40})).warnings
    assert "fear 40 of 38. Take away what does not belong" in warning


def test_speakers_are_counted():
    (warning,) = compare(CORPORA["shemo"], spoken(anger=10)).warnings
    assert warning.endswith(f"surprise 0 of 225, speakers 10 of 87. {REMEDY}")
    turev = [Utterance("a", Path("a"), "anger", "1157")]
    (warning,) = compare(CORPORA["turev"], turev).warnings
    assert warning == (
        "turev: 1 recordings, which is not what was published (6 speakers): speakers 1 "
        f"of 6. {REMEDY}"
    )


@pytest.mark.parametrize("corpus", [None, CORPORA["aesdd"]])
def test_nothing_is_expected_where_nothing_is_known(corpus):
    told = compare(corpus, [Utterance("a01 (1)", Path("a"), "anger", "1")])
    assert told == ({}, None, (), (), ())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((name, "") for name in ("emodb", "ravdess", "savee", "emovo", "turev")),
        ("nemo", "530 recordings, which is not what was published (4481 recordings"),
    ],
)
def test_real_corpora(name, told):
    folder = corpora_dir()
    if folder is None:
        pytest.skip("the real corpora are absent; DAMLDG_CORPORA names their folder")
    found, _ = list_utterances(CORPORA[name], folder / name)
    warnings = compare(CORPORA[name], found).warnings
    assert len(warnings) == bool(told)
    assert told in "".join(warnings)
