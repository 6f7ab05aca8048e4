"""Whole commands whose domains are speakers, on small synthetic corpora."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from damldg_jax.errors import InputError
from experiments.experiment import run_experiments
from experiments.method_checks import suits
from experiments.plan import make_plan
from experiments.report.pictures import _gamma
from tests.test_features_end_to_end import settings, write_corpora
from tests.test_together import assert_alike, lines


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three corpora of six speakers, each of six utterances."""
    folder = tmp_path_factory.mktemp("speakers")
    write_corpora(folder)
    return folder


@pytest.fixture(scope="module")
def config(place):
    return settings(
        place,
        methods=("da_mldg", "group_dro"),
        domains="speakers",
        domains_per_corpus=2,
        trials=2,
        trials_at_once=1,
        batch_size=32,
        steps=2,
        evaluate_every=2,
        hidden_units=(),
        workdir=place / "alone",
        evaluation_statistics="running",
    )


@pytest.fixture(scope="module")
def alone(config):
    return run_experiments(config), lines(config)


def folder_of(config, method, trial=0):
    return config.workdir / "runs" / "one+two-to-three" / method / f"trial_{trial}"


def test_speakers_are_held_out_and_named(config, alone):
    account = json.loads((folder_of(config, "da_mldg") / "run.json").read_text())
    domains = account["training_domains"]
    assert [domain["name"].partition("/")[0] for domain in domains] == [
        *("one", "one", "two", "two")
    ]
    for name, kept in account["validation_speakers"].items():
        mine = [d for d in domains if d["name"].startswith(f"{name}/")]
        speakers = sorted(s for domain in mine for s in domain["speakers"])
        assert speakers == sorted({f"s{n}" for n in range(6)} - {*kept})
    assert sum(d["utterances"] for d in domains) == account["train_utterances"]
    assert account["batch_size"] == 32
    names = {domain["name"] for domain in domains}
    assert all("/" in name and "+" in name for name in names)
    held = [x["held_out"] for x in steps_of(alone, "da_mldg")]
    assert len(held) == 4
    assert {name for (name,) in held} <= names
    weights = [x["domain_weight"] for x in steps_of(alone, "group_dro")]
    assert {len(of_step) for of_step in weights} == {4}


def of_method(entries, method):
    return [entry for entry in entries if entry["method"] == method]


def steps_of(alone, method):
    return [line for line in of_method(alone[1], method) if "finite" in line]


def test_what_is_no_domain_stays_by_corpus(config, alone):
    (split,) = json.loads((config.workdir / "results.json").read_text())["splits"]
    assert split["sources"] == ["one", "two"]
    assert len(split["training_domains"]) == 4
    assert {tuple(entry["sources"]) for entry in alone[0]} == {("one", "two")}
    told = [x for x in alone[1] if "validation_uar" in x]
    assert {tuple(x["validation_uar_by_corpus"]) for x in told} == {("one", "two")}


@pytest.mark.parametrize("parallel", ["trials", "data"])
def test_how_runs_are_laid_out_changes_nothing(config, alone, place, parallel):
    """A trial on each device, or a step of each trial shared out to eight."""
    laid_out = dataclasses.replace(
        config, methods=("da_mldg",), parallel=parallel, workdir=place / parallel
    )
    assert_alike(laid_out, [of_method(part, "da_mldg") for part in alone])


def test_the_same_seed_computes_the_same(config, alone, place):
    again = dataclasses.replace(
        config, workdir=place / "again", methods=("da_mldg",), trials=1
    )
    run_experiments(again)
    expected = [x for x in of_method(alone[1], "da_mldg") if x["trial"] == 0]
    assert lines(again) == expected


def test_runs_of_other_domains_are_not_gone_on_with(config, alone):
    for changes, told in (
        ({"domains": "corpora", "domains_per_corpus": None}, "domains speakers -> "),
        ({"domains_per_corpus": None}, "domains_per_corpus 2 -> None"),
    ):
        with pytest.raises(InputError, match=told):
            run_experiments(dataclasses.replace(config, **changes))


def test_a_corpus_by_itself_has_speakers_to_hold_out(config, place):
    alone = dataclasses.replace(
        config,
        corpora=config.corpora[:1],
        target="within",
        methods=("mldg",),
        trials=1,
        batch_size=15,
        domains_per_corpus=None,
        validation_fraction=0.0,
        workdir=place / "within",
    )
    (entry,) = run_experiments(alone)
    assert (entry["sources"], entry["target"]) == (["one"], "one")
    (account,) = [json.loads(p.read_text()) for p in alone.workdir.rglob("run.json")]
    # One of six is tested on.
    assert len(account["training_domains"]) == 5
    assert account["batch_size"] == 15


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"num_held_out": 4},
            "'da_mldg' needs at least 5 domains, of which it holds 4 out .* "
            "--domains_per_corpus=2 makes 4 of one, two. Make --domains_per_corpus "
            "larger, lower --num_held_out",
        ),
        (
            {"num_held_out": 10, "domains_per_corpus": None},
            "'da_mldg' needs at least 11 domains, .* makes 10 of one, two. Lower",
        ),
        ({"domains_per_corpus": 6}, "=6: 'one' has 5 speakers"),
        ({"batch_size": 3}, "--batch_size=3 is too small .* Make it 4 or more"),
        ({"batch_size": 80}, "takes 20 of each of 4 domains .* Make it 48 or less"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(
    config, place, changes, told
):
    refused = dataclasses.replace(config, workdir=place / "refused", **changes)
    with pytest.raises(InputError, match=told):
        run_experiments(refused)
    assert not (refused.workdir / "runs").exists()


def test_methods_suit_where_speakers_are_domains(config):
    whole = dataclasses.replace(config, domains="corpora", domains_per_corpus=None)
    assert not suits("mldg", 1, whole)
    assert suits("mldg", 1, config)
    assert not suits("mldg", 1, dataclasses.replace(config, num_held_out=2))
    within = dataclasses.replace(whole, target="within", methods=("mldg",))
    with pytest.raises(InputError, match="or make speakers its domains"):
        make_plan(within)


@pytest.mark.parametrize(
    ("per_corpus", "curves"), [(4, 8), (5, 2)], ids=["as they are", "by corpus"]
)
def test_margins_of_more_domains_than_a_figure_can_tell_apart(per_corpus, curves):
    """Are drawn by corpus."""
    names = [f"{corpus}/s{n}" for n in range(per_corpus) for corpus in ("one", "two")]
    metrics = [
        {"step": step, "gamma": 0.1 * step, "held_out": [name]}
        for step, name in enumerate(names)
    ]
    lines = _gamma(SimpleNamespace(runs=[SimpleNamespace(metrics=metrics)]))
    assert len(lines) == curves
    assert sum(len(steps) for ((steps, _),) in lines.values()) == len(names)
    if curves == 2:
        assert [*lines] == ["one", "two"]
