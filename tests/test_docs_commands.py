"""Every command that a document shows is one; those of the beginning are run.

Lines of ``sh`` blocks are parsed with all their flags by the command's own parser. Of
the README and of the tutorial those that ask for no corpora of the reader's are run, in
their order, in one folder, on corpora and networks that are made smaller.
"""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from absl.testing import flagsaver

from experiments.flags import FLAGS, read_config
from experiments.plan import corpora_to_prepare, make_plan
from experiments.shipped import with_shipped_flagfiles
from tests.cli import environment
from tests.documents import PAGES, ROOT, blocks, commands, lines
from tests.trained import RATE, voice

COMMANDS = [command for page in PAGES for command in commands(page)]
# Which no test can run: other programs, whose arguments are theirs.
OTHERS = {
    *("#", "#!/bin/bash", "#SBATCH", "cd", "export", "gcloud", "srun"),
    *("mkdocs", "pip", "pre-commit", "python", "python3", "ruff", "tensorboard"),
}
# What a command does with its settings before it touches a corpus.
PLANS = {
    "experiments.main": make_plan,
    "experiments.linear_svm.__main__": make_plan,
    "experiments.prepare": corpora_to_prepare,
}
# Whose data nobody but the reader has.
READERS = "path/to/"
SMALLER = {
    "experiments.main": (
        *("--model=pooled", "--hidden_units=4", "--crop_seconds=0.6"),
        *("--batch_size=6", "--steps=2", "--evaluate_every=2"),
    )
}


def parse(command):
    """As the command does it; returns what are no flags."""
    # What a shell knows, such as a cluster's number of tasks.
    known = [re.sub(r"\$\w+", "1", argument) for argument in command.arguments]
    arguments = ["program", *known]
    if command.module.startswith("experiments.benchmark"):
        from experiments.benchmark.flags import make_flags, read_options

        values = make_flags()
        rest = values(arguments)[1:]
        read_options(values, "", "")
        return rest
    return FLAGS(with_shipped_flagfiles(arguments))[1:]


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """The folder of the clone, and the reader's module of features."""
    monkeypatch.chdir(ROOT)
    page = ROOT / "docs" / "howto" / "own_features.md"
    (code,) = blocks(page.read_text("utf-8"), "python")
    (tmp_path / "my_features.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_that_is_shown_can_be_given(command):
    importlib.import_module(command.module)  # Where its flags are defined.
    with flagsaver.flagsaver():
        rest = parse(command)
        if command.module in PLANS:
            assert not rest
            PLANS[command.module](read_config())


def test_commands_are_found():
    assert len(COMMANDS) > 30
    assert {command.page for command in COMMANDS} >= {"README.md", "docs/tutorial.md"}
    assert {"experiments.main", "experiments.report.__main__"} <= {
        command.module for command in COMMANDS
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_else_blocks_show_is_of_programs_that_are_known(page):
    for line in lines(page.read_text("utf-8")):
        first = line.split()[0]
        assert first in OTHERS or first.startswith(("--", "damldg-", '"')), line


# Each in turn in one process, as importing JAX anew for each would take longer.
DRIVER = """
import functools, importlib, json, sys
from absl.testing import flagsaver
from experiments import listings

# Of 6 speakers who say each of 5 emotions 4 times.
listings.write_corpus = functools.partial(
    listings.write_corpus, speakers=3, repetitions=1
)

for module, arguments in json.load(sys.stdin):
    main = importlib.import_module(module).main
    sys.argv = [module, *arguments]
    print("$", *sys.argv, flush=True)
    with flagsaver.flagsaver():
        try:
            main()
        except SystemExit as error:
            if error.code:
                sys.exit(error.code)
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The folder in which all was run, and what was printed."""
    place = tmp_path_factory.mktemp("reader")
    # The recordings that a reader has.
    (place / "recordings").mkdir()
    for name in ("call.wav", "recordings/other.wav"):
        soundfile.write(place / name, voice(1.5), RATE)
    shown = [
        (command.module, command.arguments)
        for page in ("docs/tutorial.md", "README.md")
        for command in commands(Path(ROOT, page))
        if READERS not in str(command)
    ]
    # What both show is run once.
    given = [
        (module, [*arguments, *SMALLER.get(module, ())])
        for module, arguments in dict.fromkeys(shown)
    ]
    assert len(given) >= 5
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(given),
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place, done.stdout


def test_the_tutorial_and_the_readme_can_be_followed(outcome):
    _, printed = outcome
    assert "Deep-All" in printed
    assert "DA-MLDG" in printed
    assert printed.count("Synthetic corpora: they show") == 2


def test_they_leave_what_they_say(outcome):
    place, _ = outcome
    for name in ("corpora.html", "report/report.html", "report/report.md"):
        assert (place / name).stat().st_size > 1000
    assert (place / "report" / "tables").is_dir()
    config = json.loads((place / "runs/quickstart/config.json").read_text("utf-8"))
    assert config["settings"]["target"] == "synth_studio"
