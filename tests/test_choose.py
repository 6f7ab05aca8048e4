"""Settings chosen on sources alone."""

import dataclasses
import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damldg_jax.corpora.scenarios import LEAVE_TWO_OUT, leave_two_out
from damldg_jax.errors import InputError
from experiments.choose.candidates import read_candidates
from experiments.choose.command import judge
from experiments.choose.inner import Trial, choose, inner_scores
from experiments.choose.told import Judged, as_json, deviations, table
from experiments.config import Config
from experiments.next_steps import next_steps
from tests.cli import run
from tests.fake_runs import utterances, write_run

CORPORA = ("a", "b", "c", "d")


def trials_of(candidate, score, trials=1):
    """Tests whose scores are a function of sources, corpus tested and trial."""
    return [
        Trial((candidate, "deep_all"), frozenset(s.sources), s.target, number, value)
        for s in leave_two_out(CORPORA)
        for number in range(trials)
        for value in [score(set(s.sources), s.target, number)]
    ]


def candidate(folder, names=CORPORA, **changes):
    """A work directory of ``--target=inner``."""
    for split in leave_two_out(names):
        also = {"scenario": LEAVE_TWO_OUT}
        write_run(folder, split.target, split.sources, also=also, **changes)
    return folder


def test_pairs_are_left_out():
    splits = leave_two_out(CORPORA)
    assert len(splits) == 12
    assert {s.scenario for s in splits} == {LEAVE_TWO_OUT}
    assert all(len(s.sources) == 2 and s.target not in s.sources for s in splits)
    assert len({(s.sources, s.target) for s in splits}) == 12
    with pytest.raises(InputError, match="at least three"):
        leave_two_out(["a", "b"])
    with pytest.raises(InputError, match="given twice"):
        leave_two_out(["a", "b", "a"])


def test_scores_by_hand():
    points = {"a": 0.1, "b": 0.2, "c": 0.4, "d": 0.8}
    scores = inner_scores(trials_of("x", lambda sources, tested, n: points[tested]))
    assert scores["x", "deep_all"]["a"] == pytest.approx((0.2 + 0.4 + 0.8) / 3)
    assert scores["x", "deep_all"]["d"] == pytest.approx((0.1 + 0.2 + 0.4) / 3)


@given(st.sampled_from(CORPORA), st.floats(-1, 1))
def test_nothing_of_the_unseen_corpus_has_a_say_in_its_choice(unseen, noise):
    def plain(sources, tested, number):
        return 0.5 + 0.1 * len(sources & {"a", "b"})

    def spoilt(sources, tested, number):
        # Whatever was trained or tested on the unseen corpus comes out otherwise.
        seen = unseen in sources or unseen == tested
        return plain(sources, tested, number) + noise * seen

    one, other = (inner_scores(trials_of("x", f)) for f in (plain, spoilt))
    key = "x", "deep_all"
    assert one[key][unseen] == pytest.approx(other[key][unseen])


def test_each_corpus_has_a_choice_of_its_own():
    # `x` is good where `a` is tested, `y` elsewhere.
    trials = trials_of("x", lambda s, tested, n: 0.9 if tested == "a" else 0.5)
    trials += trials_of("y", lambda s, tested, n: 0.6)
    chosen = choose(inner_scores(trials))
    assert chosen["a"] == ("y", "deep_all")
    assert chosen["b"] == chosen["c"] == ("x", "deep_all")


def test_equal_candidates_are_chosen_by_name():
    trials = trials_of("y", lambda *_: 0.5) + trials_of("x", lambda *_: 0.5)
    assert set(choose(inner_scores(trials)).values()) == {("x", "deep_all")}


def test_candidates_that_cannot_be_compared_are_refused():
    full = trials_of("x", lambda *_: 0.5, trials=2)
    with pytest.raises(InputError, match=r"y: deep_all trained on .* has 1 trial"):
        inner_scores(full + trials_of("y", lambda *_: 0.5))
    with pytest.raises(InputError, match=r"x: deep_all .* 1 trial"):
        inner_scores(full[:-1])


def test_the_table_marks_what_is_chosen():
    trials = trials_of("x", lambda *_: 0.25) + trials_of("y", lambda *_: 0.5)
    scores = inner_scores(trials)
    text = table(Judged(scores, deviations(trials), choose(scores), {}))
    assert text.count("50.0*") == 4
    assert "25.0*" not in text
    # Nothing is said of the spread of one trial, nor of what was not compared.
    assert "±" not in text.splitlines()[2]
    assert "ahead" not in text


def test_deviations_are_of_the_means_over_all_tests():
    # In trial 0 all scores are 0.2 lower, however they differ from test to test.
    def score(sources, tested, number):
        return {"a": 0.9}.get(tested, 0.5) + 0.2 * number

    found = deviations(trials_of("x", score, trials=2))
    assert found == {("x", "deep_all"): pytest.approx(0.2 / 2**0.5)}


def test_the_command(tmp_path):
    candidate(tmp_path / "one", skill=0.0)
    candidate(tmp_path / "two", skill=3.0)
    (runs,) = read_candidates([tmp_path / "one"], "last").values()
    assert len(runs) == 12
    done = run(
        "experiments.choose", "one", "two", "--choose_json=chosen.json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "nothing of itself had a part in it" in done.stdout
    content = json.loads((tmp_path / "chosen.json").read_text())
    assert content["chosen"] == {corpus: ["two", "deep_all"] for corpus in CORPORA}
    first, second = content["scores"]
    assert (first["candidate"], second["candidate"]) == ("one", "two")
    assert "ahead" not in first
    means = [statistics.fmean(of["scores"].values()) for of in (first, second)]
    ahead = second["ahead"]
    assert ahead["difference"] == pytest.approx(means[1] - means[0])
    assert 0 < ahead["low"] < ahead["difference"] < ahead["high"]
    assert f"+{100 * ahead['difference']:.1f} (+" in done.stdout


def test_a_candidate_is_held_against_the_first_that_is_named(tmp_path):
    candidate(tmp_path / "a", skill=0.0)
    candidate(tmp_path / "b", skill=3.0)
    folders = [tmp_path / name for name in "ba"]
    judged = judge(read_candidates(folders, "last"), "last")
    assert [*judged.scores] == [(str(folder), "deep_all") for folder in folders]
    assert [*judged.ahead] == [(str(tmp_path / "a"), "deep_all")]
    (ahead,) = judged.ahead.values()
    assert ahead.difference < 0
    # Each corpus is tested three times, by the same speakers.
    assert ahead.num_targets == 12
    speakers = {utterance["speaker"] for utterance in utterances("a")}
    assert ahead.num_speakers == 4 * len(speakers)
    assert as_json(judged)["scores"][0]["deviation"] is None


def test_tests_of_fewer_corpora_do_not_count(tmp_path):
    """As a directory has them that was begun with fewer."""
    more, one = candidate(tmp_path / "more"), candidate(tmp_path / "one", skill=3.0)
    whole = judge(read_candidates([more, one], "last"), "last")
    candidate(more, CORPORA[:3], skill=9.0)
    judged = judge(read_candidates([more, one], "last"), "last")
    assert judged.scores == whole.scores
    assert judged.deviations.keys() == whole.deviations.keys()
    (now,), (before,) = judged.ahead.values(), whole.ahead.values()
    assert now == pytest.approx(before, nan_ok=True)


def test_of_several_methods_the_first_of_the_table_is_the_first(tmp_path):
    both = candidate(tmp_path / "both", method="da_mldg", skill=3.0)
    candidate(both, method="deep_all", skill=0.0)
    judged = judge(read_candidates([both], "last"), "last")
    assert [method for _, method in judged.scores] == ["deep_all", "da_mldg"]
    ((_, method),) = judged.ahead
    assert method == "da_mldg"
    assert judged.ahead[str(both), method].difference > 0


@pytest.mark.parametrize(
    ("trials", "told"),
    [(1, "over speakers alone: of a single trial"), (2, "over speakers and trials")],
)
def test_what_an_interval_allows_for_is_told(tmp_path, trials, told):
    for name in ("one", "two"):
        for trial in range(trials):
            candidate(tmp_path / name, trial=trial)
    folders = [tmp_path / "one", tmp_path / "two"]
    assert told in table(judge(read_candidates(folders, "last"), "last"))


def test_of_dimensions_scores_are_compared_and_nothing_else(tmp_path):
    folders = [candidate(tmp_path / name) for name in ("one", "two")]
    for file in tmp_path.rglob("result.json"):
        entries = json.loads(file.read_text())
        ccc = 0.5 if "two" in file.parts else 0.25
        of_classes = {"uar", "recall", "confusion"}
        kept = [{n: x for n, x in e.items() if n not in of_classes} for e in entries]
        file.write_text(json.dumps([{**e, "mean_ccc": ccc} for e in kept]))
    judged = judge(read_candidates(folders, "last"), "last")
    assert [*judged.scores.values()] == [
        {corpus: pytest.approx(score) for corpus in CORPORA} for score in (0.25, 0.5)
    ]
    assert not judged.ahead
    assert "ahead" not in table(judged)


@pytest.mark.parametrize("beside", ["nothing", "networks"])
def test_a_method_without_a_seed_has_one_trial(tmp_path, beside):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        candidate(folder)
    for file in tmp_path.rglob("result.json"):
        entries = json.loads(file.read_text())
        file.write_text(json.dumps([{**e, "deterministic": True} for e in entries]))
    if beside == "networks":
        folders.append(tmp_path / "three")
        for trial in range(3):
            candidate(folders[-1], trial=trial)
    judged = judge(read_candidates(folders, "last"), "last")
    over = {
        "nothing": "over speakers; one",
        "networks": "over speakers and trials; one",
    }
    assert over[beside] in table(judged)


@pytest.mark.parametrize("unknown", [("a",), CORPORA])
def test_corpora_whose_speakers_are_not_known_are_told(tmp_path, unknown):
    of_none = {
        name: [{**row, "speaker": ""} for row in utterances(name)]
        if name in unknown
        else utterances(name)
        for name in CORPORA
    }
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        candidate(folder, corpora=of_none)
    text = table(judge(read_candidates(folders, "last"), "last"))
    if unknown == CORPORA:
        assert "no corpus has two speakers that are known" in text
    else:
        assert "Of a no two speakers are known" in text
    assert ("95 %" in text) == (unknown != CORPORA)


def test_who_has_left_pairs_out_is_told_of_this_command(tmp_path):
    config = Config(target="inner", corpora=CORPORA, workdir=tmp_path)
    folders = [write_run(tmp_path)]
    assert next_steps(folders, config).endswith(f"experiments.choose {tmp_path}")
    others = dataclasses.replace(config, target="all")
    assert "choose" not in next_steps(folders, others)


def test_candidates_of_disjoint_corpora_are_refused():
    def one(name, sources, tested):
        return Trial((name, "deep_all"), frozenset(sources), tested, 0, 0.5)

    with pytest.raises(InputError, match="no candidate left exactly two out"):
        inner_scores([one("x", "a", "b"), one("x", "a", "c"), one("y", "d", "e")])
