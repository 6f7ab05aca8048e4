"""The page and the tables of the report."""

import re

import numpy as np
import pytest

from damldg_jax.audit import WARNING, CorpusAudit, Finding, measure
from damldg_jax.corpora.completeness import Completeness
from damldg_jax.corpora.declaration import Utterance
from experiments.audit_report.histogram import histogram, shared_edges
from experiments.audit_report.page import page
from experiments.audit_report.tables import speakers, tables
from experiments.audit_report.text import report
from tests.html_page import parse

NOTHING = Completeness({}, None, (), (), ())


def test_a_corpus_of_which_nothing_can_be_used_has_a_page(tmp_path):
    bad = measure(Utterance("bad", tmp_path / "bad.wav", "anger", "a"))
    audit = CorpusAudit("mine", "there", False, (bad,), (), NOTHING)
    seen = parse(page([audit], []))
    assert not {"svg", "img"} & {tag for tag, _ in seen.tags}
    assert "Nothing was found." in seen.text
    assert report([audit], []).endswith(
        "Corpora: 1; recordings: 1; minutes: 0.0. Warnings: 0; notes: 0."
    )


def test_synthetic_corpora_are_called_so():
    for synthetic in (True, False):
        audit = CorpusAudit("mine", "there", synthetic, (), (), NOTHING)
        told = "Synthetic, and evidence of nothing: mine." in report([audit], [])
        assert told == synthetic
        assert ("Synthetic" in page([audit], [])) == synthetic


def test_what_comes_from_names_cannot_break_the_page():
    evil = "</script><script>alert(1)</script>\n\x1b[2J"
    audit = CorpusAudit("mine", evil, False, (), (), NOTHING)
    finding = Finding(WARNING, ("mine",), f"{evil}: use --corpora=<x>.", (evil,) * 4)
    text = page([audit], [finding])
    assert "script" not in {tag for tag, _ in parse(text).tags}
    assert "\x1b" not in text
    assert "All 4 names" in text


def test_speakers_of_equal_counts_share_a_row(tmp_path):
    said = {"b": "anger sadness", "a": "anger sadness", "c": "anger anger sadness"}
    recordings = [
        measure(Utterance("", tmp_path / "none", emotion, speaker))
        for speaker, emotions in said.items()
        for emotion in emotions.split()
    ]
    published = NOTHING._replace(expected={"fear": 1, "anger": 4})
    audit = CorpusAudit("mine", "there", False, tuple(recordings), (), published)
    table = speakers(audit)
    assert table.header == ("speaker", "anger", "sadness", "fear", "all")
    assert table.rows == (
        ("each of a, b", "1", "1", "-", "2"),
        ("c", "2", "1", "-", "3"),
    )
    *_, emotions, _ = everything = tables([audit])
    assert emotions.rows == (
        ("anger", "4"),
        ("sadness", "3 of 0"),
        ("fear", "0 of 1"),
    )
    for table in everything:
        assert all(len(row) == len(table.header) for row in table.rows)


def test_bars_of_a_histogram_are_as_high_as_their_counts():
    edges = np.linspace(0, 30, 31)
    drawn = histogram([0.5, 0.6, 1.5, 99.0], edges, "s", 'a "title"')
    bars = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" .*?height="([\d.]+)"/>', drawn)
    # Two in the first bin, one in the second, and the one beyond the axis in the last.
    assert [float(height) for _, _, height in bars] == [100.0, 50.0, 50.0]
    assert [float(x) for x, _, _ in bars] == pytest.approx([34, 43.2, 300.8])
    assert {float(y) + float(height) for _, y, height in bars} == {116.0}
    assert 'aria-label="a &quot;title&quot;"' in drawn


def test_edges_are_round_and_the_same_for_all():
    edges = shared_edges([[1.2, 3.4], [9.3]])
    assert (edges[0], edges[-1], len(edges)) == (0, 10, 31)
    edges = shared_edges([[-43.0], [-18.0]])
    assert (edges[0], edges[-1]) == (-45, -15)
    one = shared_edges([[2.0]])
    assert one[0] <= 2 < one[-1]
