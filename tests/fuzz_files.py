"""Random label files, flagfiles, results and records for the fuzzer."""

import contextlib
import functools
import io
import re
import shutil
import tempfile
from pathlib import Path
from random import Random

from absl.testing import flagsaver

from damldg_jax.corpora import CORPORA, list_utterances
from damldg_jax.errors import InputError
from damldg_jax.records import packed, tfrecords
from damldg_jax.records.provenance import corpus_folder
from experiments import cli
from experiments.flags import FLAGS, GROUPS
from experiments.outputs import MetricsLog, read_metrics
from experiments.plan import make_plan
from experiments.report.composition import compose
from experiments.report.page import page
from experiments.report.run_folders import find_runs
from tests.fake_runs import write_left_out
from tests.fuzz_audio import check_message, damage
from tests.test_records import EXAMPLES, SETTINGS, assert_same, write
from tests.trees import make_iemocap

_LINES = (
    "[6.29 - 8.23]\tSes01F_impro01_F000\tneu\t[2.5, 2.5, 2.5]",
    "[6.29 - 8.23]\tSes01F_impro01_F001\tang\t[2.5, nan, 2.5]",
    "[6.29 - 8.23]\tSes01F_impro01_F001\tang\t[2.5]",
    "[8.23 - 6.29]\tSes09F_impro01_F000\thap\t[2.5, 2.5, 2.5]",
    "C-E2:\tNeutral;\t()",
    "%",
    "[\t\t\t]",
    "\x00",
)
_VALUES = ("0", "-1", "1e999", "nan", "", "a,b", ",", "true", "x=y", "\u00e9", "=", "'")


def _damaged(rng: Random, text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return damage(rng, bytearray(data)) if rng.random() < 0.7 else data


def try_labels(rng: Random, folder: Path) -> str:
    """Label files of IEMOCAP: turns are listed, or the file is named."""
    turns = {f"Ses0{n}F_impro01_F00{n}": "neu 2.5 3 4" for n in (1, 2)}
    make_iemocap(folder, **turns)
    path = rng.choice(sorted(folder.rglob("*.txt")))
    lines = path.read_text().splitlines()
    for _ in range(rng.choice((0, 0, 1, 3))):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(_LINES))
    path.write_bytes(_damaged(rng, "\n".join(lines)))
    for lost in folder.rglob("*.txt") if rng.random() < 0.2 else ():
        lost.write_bytes(b"")
    try:
        found, notices = list_utterances(CORPORA["iemocap"], folder)
    except InputError as error:
        check_message(str(error), named=str(folder))
        return "refused"
    assert all(notice.isprintable() for notice in notices)
    assert all(utterance.path.is_file() for utterance in found)
    return "read"


def try_flagfile(rng: Random, folder: Path) -> str:
    """Flagfiles: the settings are taken, or one message says which is off."""
    names = [name for group in GROUPS.values() for name in group]
    lines = ["--target=emovo", "--sources=emodb,savee", "# a comment", ""]
    for _ in range(rng.choice((0, 1, 1, 4))):
        value = rng.choice((*_VALUES, str(FLAGS[rng.choice(names)].default)))
        lines.append(f"--{rng.choice(names)}={value}")
    path = folder / "some.flags"
    path.write_bytes(_damaged(rng, "\n".join(lines)))
    heard = io.StringIO()
    with flagsaver.flagsaver(), contextlib.redirect_stderr(heard):
        status = cli.status(
            make_plan, "Tried.", list(GROUPS), ["tried", f"--flagfile={path}"]
        )
    assert status in (0, 2), status
    assert bool(status) == heard.getvalue().startswith("Error: "), heard.getvalue()
    return "refused" if status else "read"


@functools.cache
def _runs() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    write_left_out(folder, methods=("deep_all",), trials=1)
    return folder


def try_results(rng: Random, folder: Path) -> str:
    """Files of finished runs: the report is made, what is damaged is named."""
    shutil.copytree(_runs(), folder, dirs_exist_ok=True)
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    path.write_bytes(damage(rng, bytearray(path.read_bytes())))
    found = find_runs([folder])
    for warning in found.warnings:
        check_message(warning, named=str(path.parent))
    # Figures and statistics take seconds.
    if rng.random() < 0.02:
        page("Tried", "Tried.", compose(found, "last"))
    return "refused" if found.warnings else "read"


def try_metrics(rng: Random, folder: Path) -> str:
    """The log of a run that goes on: its steps are all there, or it is named."""
    lines = [f'{{"step": {n}, "loss": 1.5, "finite": true}}\n' for n in range(1, 9)]
    path = folder / "metrics.jsonl"
    path.write_bytes(_damaged(rng, "".join(lines)))
    step = rng.randrange(9)
    try:
        MetricsLog(folder, ("a", "b"), step).close()
        read = read_metrics(path)
    except InputError as error:
        check_message(str(error), named=str(path))
        return "refused"
    assert (
        {*range(1, step + 1)} <= {line["step"] for line in read} <= {*range(step + 1)}
    )
    return "read"


@functools.cache
def _records() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    write(folder, sorted(EXAMPLES, key=lambda example: example.utterance))
    packed.keep(folder, "mine", SETTINGS)
    return folder


def try_records(rng: Random, folder: Path) -> str:
    """Records: what is read is what was written, or the damage is named."""
    shutil.copytree(_records(), folder, dirs_exist_ok=True)
    home = corpus_folder(folder, "mine")
    path = rng.choice(sorted(p for p in home.rglob("*") if p.is_file()))
    path.write_bytes(_damaged(rng, path.read_bytes()))
    expected = tfrecords.read(_records(), "mine", SETTINGS)
    try:
        found = tfrecords.read(folder, "mine", SETTINGS)
    except InputError as error:
        check_message(re.sub(r"\n.*", "", str(error)), named=str(folder))
        return "refused"
    for a, b in zip(found, expected, strict=True):
        assert_same(a, b)
    return "read"
