"""Which runs a report reads, which it leaves out, and which it averages."""

import json
import shutil

import pytest

from damldg_jax.errors import InputError
from experiments.report.conditions import conditions
from experiments.report.families import families, scenario_of
from experiments.report.protocols import differences, sort_by_protocol
from experiments.report.run_folders import find_runs
from tests.fake_runs import VERSIONS, write_run


@pytest.fixture
def workdir(tmp_path):
    return tmp_path / "work"


def protocols(*paths):
    return sort_by_protocol(find_runs(paths).runs)


def test_runs_are_found_at_any_depth_and_read_whole(workdir):
    write_run(workdir / "deeper", trial=0)
    write_run(workdir, trial=1)
    found = find_runs([workdir])
    assert len(found.runs) == 2
    assert found.warnings == ()
    said = found.runs[0].predictions["last"]
    assert len(said.utterances) == 36
    assert said.probabilities.shape == (36, 3)
    seen = found.runs[0].sources_seen
    assert {*seen.corpora} == {"emodb", "emovo"}


DAMAGE = {
    "result.json": ["", "{", "[]", "{}", '[{"selection": "last"}]', "[1]", "\x00"],
    "run.json": ["", "[]", "nan"],
    "predictions.csv": ["", "selection,utterance\nlast,x\n", "\x00\x00"],
    "sources.csv": ["corpus,side\nemodb,train\n", "corpus"],
    "embeddings.npz": ["", "no archive"],
    "metrics.jsonl": ["{", '{"step": 1}\n{"st'],
    "circumstances.json": ["", "[]"],
}


@pytest.mark.parametrize(
    ("name", "content"), [(n, c) for n, every in DAMAGE.items() for c in every]
)
def test_a_damaged_run_is_named_and_left_out(workdir, name, content):
    whole = write_run(workdir, trial=0)
    broken = write_run(workdir, trial=1)
    (broken / name).write_text(content)
    found = find_runs([workdir])
    if name == "sources.csv" and content == "corpus":
        # A file of no rows: nothing is contradicted.
        assert len(found.runs) == 2
        return
    assert [run.folder for run in found.runs] == [whole]
    assert len(found.warnings) == 1
    assert str(broken) in found.warnings[0]


def test_results_that_their_predictions_contradict_are_left_out(workdir):
    write_run(workdir, trial=0)
    forged = write_run(workdir, trial=1) / "result.json"
    entries = json.loads(forged.read_text())
    entries[0]["accuracy"] += 0.1
    forged.write_text(json.dumps(entries))
    found = find_runs([workdir])
    assert len(found.runs) == 1
    assert "by predictions.csv" in found.warnings[0]


def test_unfinished_runs_are_counted(workdir):
    write_run(workdir)
    (write_run(workdir, trial=1) / "result.json").unlink()
    assert "1 run(s) are not finished" in find_runs([workdir]).warnings[0]


def test_nothing_but_damage_is_an_error_that_names_it(workdir):
    (write_run(workdir) / "run.json").write_text("")
    with pytest.raises(InputError, match=r"(?s)no finished run.*is damaged"):
        find_runs([workdir])


def test_a_run_in_two_folders_counts_once(workdir, tmp_path):
    write_run(workdir)
    shutil.copytree(workdir, tmp_path / "copy")
    found = find_runs([workdir, tmp_path / "copy", workdir])
    assert len(found.runs) == 1
    assert "counted once" in found.warnings[0]


def test_a_run_with_other_results_is_told(workdir, tmp_path):
    write_run(workdir)
    write_run(tmp_path / "other", skill=3.0)
    found = find_runs([workdir, tmp_path / "other"])
    assert len(found.runs) == 1
    assert "with other results" in found.warnings[0]


def test_methods_trials_and_splits_are_one_protocol(workdir):
    write_run(workdir)
    write_run(workdir, trial=1)
    write_run(workdir, method="da_mldg")
    write_run(workdir, "emodb", ("emovo", "savee"), account={"steps": 60})
    (protocol,) = protocols(workdir)
    assert protocol.letter == "A"
    assert len(protocol.runs) == 4


OTHERWISE = {
    "setting": {"account": {"model_width": 16}},
    "version": {"versions": {**VERSIONS, "jax": "0.11.0"}},
    "data": {"account": {"data": {"savee": "another"}}},
    "length": {"account": {"steps": 80}},
    "features": {"account": {"features": "mfcc"}},
    "inputs": {"also": {"transductive": True}},
}


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_what_differs_is_not_averaged_but_listed(workdir, change):
    write_run(workdir)
    write_run(workdir, trial=1)
    write_run(workdir, trial=2, **change)
    first, second = protocols(workdir)
    assert (len(first.runs), len(second.runs)) == (2, 1)
    rows = differences([first, second])
    assert len(rows) == 1, rows
    assert rows[0][1] != rows[0][2]


def test_what_practice_adds_to_the_paper_is_told(workdir):
    write_run(workdir / "paper", account={"variants": [], "margin": "plain"})
    others = {
        "variants": ["noise", "gain"],
        "weight_average": "ema",
        "margin": "scaled",
        "mask_frames": 0.2,
        "masks": 3,
        "model": "pooled",
    }
    write_run(workdir / "other", account=others)
    plain, changed = (
        conditions(*protocols(workdir / name)) for name in ("paper", "other")
    )
    assert {*changed} - {*plain} == {
        "Altered copies are trained on too: noise, gain.",
        "An average of the weights is tested: ema.",
        "Gamma of DA-MLDG is scaled instead of Eq. (3).",
        "The classifier is 'pooled' instead of a ResNet-18.",
        "3 mask(s) cover up to 0.2 of the frames each.",
    }


def test_trials_that_draw_speakers_anew_are_one_protocol(workdir):
    for trial, size in enumerate((100, 105, 110)):
        drawn = {"steps": size, "evaluate_every": size // 5, "train_utterances": size}
        account = {"vary_split": True, "batch_size": 10, **drawn}
        write_run(workdir, "savee", ("savee",), trial=trial, account=account)
    (protocol,) = protocols(workdir)
    assert len(protocol.runs) == 3
    longer = {"steps": 200, "train_utterances": 100}
    account = {"vary_split": True, "batch_size": 10, **longer}
    write_run(workdir, "savee", ("savee",), trial=3, account=account)
    assert [len(protocol.runs) for protocol in protocols(workdir)] == [3, 1]


def test_what_made_the_records_may_be_of_another_version(workdir):
    write_run(workdir)
    write_run(workdir, trial=1, versions={**VERSIONS, "tensorflow-datasets": "4.9.9"})
    assert len(protocols(workdir)) == 1


def test_other_corpora_are_no_difference(workdir):
    write_run(workdir)
    write_run(workdir, "savee", ("emodb", "tess"), account={"model_width": 16})
    one, other = protocols(workdir)
    assert [row[0] for row in differences([one, other])] == ["model_width"]


def test_tests_that_belong_together():
    left_out = [("a", ("b", "c")), ("b", ("a", "c")), ("c", ("a", "b"))]
    further = [("x", ("a", "b")), ("x", ("b", "c"))]
    alone = [("d", ("d",)), ("x", ("x",)), ("y", ("a",))]
    found = families([*left_out, *further, *alone])
    assert [family.tests for family in found] == [
        tuple(left_out),
        (alone[0],),
        (alone[1],),
        tuple(further),
        (alone[2],),
    ]
    # Of one target, sets of sources count as further trials.
    assert [len(family.groups) for family in found] == [3, 1, 1, 1, 1]
    assert found[1].title == "Within d"


def test_scenarios_of_the_paper_are_known_by_their_corpora():
    assert scenario_of(("aesdd", ("emodb", "emovo", "shemo"))) == "5"
    assert scenario_of(("emodb", ("aesdd", "emovo", "shemo"))) is None
    both = [
        ("iemocap", ("crema_d", "ravdess", "savee")),
        ("tess", ("crema_d", "ravdess", "savee")),
    ]
    assert families(both)[0].title == "Scenarios 1, 3 of the paper"
