import dataclasses
import json
import threading
import time

import numpy as np
import pytest

from damldg_jax.corpora.scenarios import Split
from damldg_jax.dataset import Example, build_dataset
from damldg_jax.errors import InputError
from experiments.config import Config
from experiments.data import Prepared
from experiments.differences import differences
from experiments.division import divide
from experiments.results import run_folder
from experiments.runs import Run
from experiments.workdir import claim, held

CORPORA = ("one", "two", "three")
SPLIT = Split("custom", ("one", "two"), "three")


def prepared(**hashes):
    examples = {
        corpus: [
            Example(f"{s}/{e}", np.zeros((3, 2), np.float32), e, s)
            for s in ("a", "b", "c")
            for e in ("anger", "fear")
        ]
        for corpus in CORPORA
    }
    dataset = build_dataset(examples, ["anger", "fear"])
    hashes = {**dict.fromkeys(CORPORA, "0"), **hashes}
    return Prepared(dataset, {}, hashes, duplicates=(), notices=())


def runs(config, data):
    division = divide(data.dataset, SPLIT, config)
    return [
        Run(SPLIT, division, m, 0, 0, run_folder(config.workdir, SPLIT, m, 0))
        for m in config.methods
    ]


def claimed(config, data=None):
    """Claims and leaves a file in each run folder, as a run would."""
    data = data or prepared()
    claim(config, data, runs(config, data))
    for run in runs(config, data):
        (run.folder / "result.json").touch()


def kept(config):
    data = prepared()
    return [(run.folder / "result.json").exists() for run in runs(config, data)]


@pytest.fixture
def config(tmp_path):
    return Config(workdir=tmp_path / "run", methods=("deep_all", "mldg"))


def test_the_same_command_goes_on(config):
    claimed(config)
    claim(config, prepared(), runs(config, prepared()))
    assert kept(config) == [True, True]


def test_methods_and_ways_to_say_the_same_length_may_change(config):
    claimed(config)
    config = dataclasses.replace(config, methods=("deep_all", "rsc"), epochs=50)
    claim(config, prepared(), runs(config, prepared()))
    assert kept(config) == [True, False]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"learning_rate": 0.1}, "learning_rate 0.05 -> 0.1"),
        ({"steps": 7}, "steps 50 -> 7"),
        ({"augment": False}, "augment True -> False"),
        ({"split_seed": 5}, "validation_speakers"),
    ],
    ids=lambda x: str(x),
)
def test_other_settings_are_refused_with_differences_and_remedy(config, changes, told):
    claimed(config)
    config = dataclasses.replace(config, **changes)
    with pytest.raises(InputError) as caught:
        claim(config, prepared(), runs(config, prepared()))
    assert told in str(caught.value)
    assert "--workdir" in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert kept(config) == [True, True]


def test_other_data_are_refused_even_after_a_command_on_yet_others(config):
    claimed(config)
    (config.workdir / "config.json").unlink()
    data = prepared(two="1")
    with pytest.raises(InputError, match=r"recordings or labels of 'two' have changed"):
        claim(config, data, runs(config, data))


def test_what_has_changed_of_data_is_told_by_corpora_and_numbers():
    before = {
        "data": {"one": "a" * 64, "two": "b" * 64},
        "split_hash": "c" * 64,
        "training_hash": "d" * 64,
        "train_utterances": 1193,
        "steps": 50,
    }
    now = {
        "data": {"one": "a" * 64, "two": "e" * 64},
        "split_hash": "f" * 64,
        "training_hash": "0" * 64,
        "train_utterances": 1192,
        "steps": 40,
    }
    assert differences(before, now) == (
        "the recordings or labels of 'two' have changed since; 1193 -> 1192 utterances "
        "to train on; steps 50 -> 40"
    )
    assert differences(before, before) == ""


def test_of_altered_copies_what_is_not_the_same_is_told():
    before = {"variants": ["gain"], "altered_data": {"a+gain": "1", "b+gain": "2"}}
    after = {"variants": ["gain"], "altered_data": {"a+gain": "1", "b+gain": "3"}}
    assert (
        differences(before, after) == "altered_data {'b+gain': '2'} -> {'b+gain': '3'}"
    )
    more = {"variants": ["gain", "noise"], "altered_data": {"a+gain": "1"}}
    assert differences(before, more) == "variants ['gain'] -> ['gain', 'noise']"


def test_hashes_that_differ_alone_are_cut_to_what_tells_them_apart():
    told = differences({"split_hash": "c" * 64}, {"split_hash": "d" * 64})
    assert told == "split_hash cccccccc... -> dddddddd..."
    told = differences({"init_from": f"{'c' * 64}=sum"}, {"init_from": None})
    assert told == "init_from cccccccc...=sum -> None"


def test_overwriting_deletes_what_differs_and_nothing_else(config):
    claimed(config)
    precious = config.workdir / "runs" / "precious.txt"
    precious.touch()
    folder = runs(config, prepared())[1].folder
    account = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**account, "momentum": 0.5}))
    config = dataclasses.replace(config, overwrite=True)
    claim(config, prepared(), runs(config, prepared()))
    assert kept(config) == [True, False]
    assert precious.exists()


def test_a_damaged_account_is_refused(config):
    claimed(config)
    (runs(config, prepared())[0].folder / "run.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        claim(config, prepared(), runs(config, prepared()))


def test_what_another_command_is_at_is_waited_for(config, capsys):
    wanted, order = runs(config, prepared()), []

    def other():
        with held(wanted[:1]):
            order.append("other")

    with held(wanted):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.3)
        order.append("own")
    thread.join()
    assert order == ["own", "other"]
    assert "Another command trains runs in" in capsys.readouterr().err
    assert not list((config.workdir / "runs").iterdir())


def test_what_a_kill_has_left_of_a_first_file_is_in_nobodys_way(config):
    folder = runs(config, prepared())[0].folder
    folder.mkdir(parents=True)
    (folder / "run.12ab34cd.tmp").write_text("{")
    claimed(config)
    assert kept(config) == [True, True]


# What can be chosen now and could not in version 0.1.0, whose runs tell nothing of it.
NEW = (
    *("variants", "encoder_layer", "encoder_output", "encoder_whole_window"),
    *("normalization_prior", "optimizer", "weight_decay", "weight_average"),
    *("average_decay", "balance", "label_smoothing", "margin", "relative_margin"),
    *("hold_out_steps", "tent_steps", "tent_learning_rate"),
    *("domains", "domains_per_corpus"),
    *("tuned_layers", "mask_frames", "mask_features", "masks"),
)


def forget(config):
    """Makes accounts what version 0.1.0 wrote."""
    for run in runs(config, prepared()):
        path = run.folder / "run.json"
        account = json.loads(path.read_text())
        path.write_text(json.dumps({n: x for n, x in account.items() if n not in NEW}))


def test_runs_of_an_earlier_version_are_gone_on_with(config):
    claimed(config)
    forget(config)
    claim(config, prepared(), runs(config, prepared()))
    assert all(kept(config))


@pytest.mark.parametrize(
    ("name", "value"),
    [("balance", "classes"), ("weight_decay", 0.1), ("variants", ("noise",))],
)
def test_they_are_not_where_something_new_is_asked_for(config, name, value):
    claimed(config)
    forget(config)
    other = dataclasses.replace(config, **{name: value})
    with pytest.raises(InputError, match=f"{name} .* -> "):
        claim(other, prepared(), runs(other, prepared()))


def test_the_prior_counts_where_it_has_a_say(config):
    claimed(config)
    other = dataclasses.replace(config, normalization_prior=3.0)
    claim(other, prepared(), runs(other, prepared()))
    by_corpus = dataclasses.replace(
        config, normalization="corpus", workdir=config.workdir / "corpus"
    )
    claimed(by_corpus)
    forget(by_corpus)
    # Before there was a prior, nothing was believed.
    with pytest.raises(InputError, match=r"normalization_prior 0\.0 -> 1\.0"):
        claim(by_corpus, prepared(), runs(by_corpus, prepared()))
