"""A corpus is one small declaration: the example of the how-to."""

import re
from pathlib import Path

from damldg_jax.corpora import CORPORA
from damldg_jax.corpora.completeness import compare
from damldg_jax.corpora.sources import resolve
from tests.trees import make

PAGE = Path(__file__).resolve().parents[1] / "docs" / "howto" / "own_corpus.md"


def test_a_corpus_is_one_small_declaration(tmp_path, monkeypatch):
    monkeypatch.setitem(CORPORA, "mine", None)  # Taken away again afterwards.
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(next(code for code in blocks if "Corpus(" in code), {})

    make(tmp_path, "Mine/s01/ang_01.wav", "Mine/s02/joy_01.flac", "Mine/x/notes.wav")
    found, notices = resolve("mine", tmp_path).listing()
    assert [(u.name, u.emotion, u.speaker, u.sex, u.sentence) for u in found] == [
        ("s01/ang_01", "anger", "s01", "female", "01"),
        ("s02/joy_01", "happiness", "s02", "male", "01"),
    ]
    assert {u.language for u in found} == {"Finnish"}
    assert notices == (
        "mine: 1 audio file(s) left out, name not recognised: x/notes.wav.",
    )
    (warning,) = compare(CORPORA["mine"], found).warnings
    assert "anger 1 of 40, happiness 1 of 40" in warning
