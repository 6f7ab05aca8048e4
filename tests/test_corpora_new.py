"""A corpus is one small declaration: the example that the documents give."""

from damldg_jax.corpora import CORPORA, Corpus
from damldg_jax.corpora.completeness import compare
from damldg_jax.corpora.sources import resolve
from tests.trees import make


def test_a_corpus_is_one_small_declaration(tmp_path, monkeypatch):
    mine = Corpus(
        name="mine",
        title="My corpus of emotional speech",
        language="Finnish",
        layout="s01/ang_03.wav (speaker, emotion, sentence)",
        pattern=r"(?P<speaker>s[0-9]{2})/(?P<emotion>ang|joy)_(?P<sentence>[0-9]{2})",
        emotions={"ang": "anger", "joy": "happiness"},
        # The rest may be left out.
        sex={"s01": "female", "s02": "male"},
        folders={"Angry": {"emotion": "ang"}, "Joyful": {"emotion": "joy"}},
        published={"anger": 2, "happiness": 2},
        num_speakers=2,
    )
    monkeypatch.setitem(CORPORA, "mine", mine)

    make(tmp_path, "Mine/s01/ang_01.wav", "Mine/s02/joy_01.flac", "Mine/x/notes.wav")
    found, notices = resolve("mine=" + str(tmp_path / "Mine"), None).listing()
    assert [(u.name, u.emotion, u.speaker, u.sex, u.sentence) for u in found] == [
        ("s01/ang_01", "anger", "s01", "female", "01"),
        ("s02/joy_01", "happiness", "s02", "male", "01"),
    ]
    assert {u.language for u in found} == {"Finnish"}
    assert notices == (
        "mine: 1 audio file(s) left out, name not recognised: x/notes.wav.",
    )
    (warning,) = compare(CORPORA["mine"], found).warnings
    assert "anger 1 of 2, happiness 1 of 2" in warning
