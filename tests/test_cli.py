import errno
import gc
import os
import re
import signal

import pytest
from absl.testing import flagsaver

from damldg_jax.errors import InputError
from experiments import cli
from experiments.config import Config
from experiments.flags import FLAGS, GROUPS
from experiments.interruption import Interrupted
from experiments.plan import corpora_to_prepare, make_plan


def status(*arguments, main=make_plan):
    with flagsaver.flagsaver():
        return cli.status(main, "Does things.", list(GROUPS), ["program", *arguments])


WRONG = {
    "--target=emova --sources=emodb,savee": ["'emova'", "Did you mean 'emovo'", "nemo"],
    "--target=emodb --sources=emodb,savee": ["'emodb'", "--sources"],
    "--target=emovo --sources=emodb --methods=da_mldg": ["da_mldg", "emodb"],
    "--target=emovo --sources=emodb,emodb": ["'emodb'", "twice"],
    "--target=emovo --sources=emodb --methods=da_mdlg": ["'da_mdlg'", "'da_mldg'"],
    "--target=emovo --sources=emodb --methods=rsc,rsc": ["'rsc'", "twice"],
    "--target=emovo --sources=emodb --emotions=anger,hapy": ["'hapy'", "happiness"],
    "--target=emovo --sources=emodb --emotions=anger": ["At least two", "anger"],
    "--target=emovo --sources=emodb --emotions=anger,angry": ["'anger'", "twice"],
    "--target=emovo": ["--sources"],
    "--sources=emodb": ["--target"],
    "--target=emovo --sources=emodb --methods=": ["--methods"],
    "--target=all --sources=emodb": ["--corpora"],
    "--target=all --corpora=emodb": ["at least two"],
    "--target=within": ["--corpora"],
    "--target=within --corpora=emodb --methods=mldg": ["several corpora", "deep_all"],
    "--scenario=9": ["'9'", "eng4"],
    "--scenario=4 --target=emodb": ["--target"],
    "--target=emovo --sources=emodb,x=y.csv": [
        "'x=y.csv'",
        "Write --corpora=x=y.csv --sources=emodb,x --target=emovo",
    ],
    "--target=x=y --corpora=emodb,savee --also_test=emovo": [
        "'x=y'",
        "Write --corpora=emodb,savee,x=y --target=x --also_test=emovo",
    ],
    "--target=emovo --sources=a,b,c --corpora=a=a.csv,b=b.csv,c=c.csv "
    "--methods=mldg --num_held_out=3": ["holds 3", "mldg"],
    "--target=emovo --sources=emodb --methods=coral": ["coral", "at least 2 sources"],
    "--target=emovo --sources=emodb --steps=4 --epochs=2": ["--steps=4", "--epochs=2"],
    "--target=mycorpsu --sources=emodb,savee --corpora=mycorpus=x.csv": ["'mycorpus'"],
    "--model_depth=19": ["model_depth=19", "18"],
    "--momentum=1.5": ["momentum=1.5", "[0.0, 1.0]"],
    "--trials=0": ["trials=0"],
    "--steps=many": ["steps=many"],
    "--workdri=x": ["'workdri'", "workdir"],
    "emodb": ["'emodb'", "--name=value"],
    "--target=emovo --sources=emodb, savee": ["No blanks", " --sources=emodb,savee"],
    "--sources=emodb ,savee, emovo --steps=3": ["commas: --sources=emodb,savee,emovo"],
    "--sources emodb, savee": ["No blanks after commas: emodb,savee"],
    "--flagfile=quickstart.flag": ["'quickstart.flag'", "mean 'quickstart.flags'"],
    "--flagfile experiments/flagfiles/lap_top.flags": ["'laptop.flags'", "digits"],
    "--flagfile=quite/another": ["no flagfile 'quite/another'", "paper.flags"],
    "--flagfile=/": ["The flagfile / cannot be read"],
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_names_value_and_remedy_and_exits_with_2(line, capsys):
    assert status(*line.split()) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert all(part in captured.err for part in ["Error: ", *WRONG[line]])


def test_interruption_exits_with_130(capsys):
    def main(config):
        raise KeyboardInterrupt

    assert status(main=main) == 130
    assert "same command" in capsys.readouterr().err


def test_termination_exits_with_143(capsys):
    def main(config):
        raise Interrupted(signal.SIGTERM)

    assert status(main=main) == 143
    assert capsys.readouterr().err.startswith("Terminated; the same command goes on")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_disk_refuses_is_told_with_its_path(capsys, number):
    def main(config):
        raise OSError(number, os.strerror(number), "run/metrics.jsonl")

    assert status(main=main) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"Error: run/metrics.jsonl: {os.strerror(number)}. Make")
    assert "--workdir" in told


def test_a_flagfile_that_is_no_text_is_named(tmp_path, capsys):
    path = tmp_path / "some.flags"
    path.write_bytes(b"--target=\xff\xfe\n")
    assert status(f"--flagfile={path}") == 2
    assert f"--flagfile={path}: a file of flags" in capsys.readouterr().err


def test_numbers_that_are_not_finite_exit_with_1(capsys):
    def main(config):
        raise FloatingPointError("loss nan at step 3")

    assert status(main=main) == 1
    assert "step 3" in capsys.readouterr().err


def test_other_errors_keep_their_traceback():
    def main(config):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        status(main=main)


def test_help_tells_of_every_flag_in_its_group_and_exits_with_0(capsys):
    assert status("--help") == 0
    out = capsys.readouterr().out
    positions = [out.index(f"\n{group}:\n") for group in GROUPS]
    assert positions == sorted(positions)
    for names in GROUPS.values():
        for name in names:
            assert re.search(rf"  --(\[no])?{name}\n      [\w<]", out)


def test_every_setting_has_a_flag_with_its_default():
    with flagsaver.flagsaver():
        FLAGS(["program"])
        from experiments.flags import read_config

        assert read_config() == Config()
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(
        Config.__match_args__
    )


def test_flags_reach_the_configuration():
    seen = []
    arguments = [
        "--sources=emodb, savee",
        "--target=emovo",
        "--data_dir=~/records",
        "--model_depth=10",
        "--nosecond_order",
        "--steps=7",
    ]
    assert status(*arguments, main=seen.append) == 0
    config = seen[0]
    assert config.sources == ("emodb", "savee")
    assert not str(config.data_dir).startswith("~")
    assert (config.model_depth, config.steps) == (10, 7)
    assert not config.hyperparameters.second_order


def test_plan_of_one_target():
    plan = make_plan(Config(corpora=("emodb", "savee", "emovo"), target="emovo"))
    assert [tuple(split) for split in plan.splits] == [
        ("custom", ("emodb", "savee"), "emovo")
    ]
    assert list(plan.sources) == ["emodb", "savee", "emovo"]


def test_plan_of_all_targets():
    plan = make_plan(Config(corpora=("emodb", "savee", "emovo"), target="all"))
    assert [split.target for split in plan.splits] == ["emodb", "savee", "emovo"]
    assert plan.splits[1].sources == ("emodb", "emovo")


def test_plan_of_a_scenario_with_manifests():
    entries = tuple(f"{n}={n}.csv" for n in ("emovo", "shemo", "emodb", "aesdd"))
    plan = make_plan(Config(corpora=entries, scenario="5"))
    assert plan.splits[0].target == "aesdd"


@pytest.mark.parametrize(
    ("name", "value"),
    [("energy_statistics", "bach"), ("parallel", "nonee"), ("model_depth", 19)],
)
def test_a_configuration_checks_its_choices(name, value):
    with pytest.raises(InputError, match=f"Unknown {name} '{value}'"):
        Config(**{name: value})


def test_corpora_named_twice_are_prepared_once():
    config = Config(corpora=("mine=m.csv", "emodb"), sources=("mine", "emodb", "savee"))
    assert list(corpora_to_prepare(config)) == ["mine", "emodb", "savee"]


@pytest.mark.parametrize("entry", [cli.run, cli.run_on])
def test_every_command_has_xla_compile_alike(monkeypatch, entry):
    """Else the features that one prepares are not, to the bit, those of another."""
    for name in ("catch_signals", "leave"):
        monkeypatch.setattr(cli, name, lambda *_: None)
    monkeypatch.setattr(cli, "choose_flags", lambda: seen.append("flags"))
    for name in ("status", "_status"):
        monkeypatch.setattr(cli, name, lambda *_: seen.append("command") or 0)
    seen = []
    threshold = gc.get_threshold()
    with pytest.raises(SystemExit, match="0"):
        entry(print, "Does things.", {})
    gc.set_threshold(*threshold)
    assert seen == ["flags", "command"]
