"""A folder in which commands are run as a user does, on small synthetic corpora."""

import dataclasses
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

from damldg_jax.corpora.synthetic import write_corpus
from damldg_jax.records import locks
from tests.cli import environment

NAMES = ("studio", "phone", "hall")
# Seconds after which a command counts as hanging.
PATIENCE = 300.0


@dataclasses.dataclass
class Place:
    """Where commands are run.

    Attributes:
      folder: of everything.
      corpora: of the recordings.
    """

    folder: pathlib.Path
    corpora: pathlib.Path

    @property
    def records(self) -> pathlib.Path:
        return self.folder / "records"

    @property
    def workdir(self) -> pathlib.Path:
        return self.folder / "work"

    @property
    def runs(self) -> pathlib.Path:
        return self.workdir / "runs" / "phone+studio-to-hall"

    @property
    def entries(self) -> tuple[str, ...]:
        """The corpora, as ``--corpora`` names them."""
        return tuple(f"{n}={self.corpora}/synth_{n}/manifest.csv" for n in NAMES)

    def command(self, name: str) -> list[str]:
        """The command line of a command, as a user gives it."""
        python = [sys.executable, "-m", f"experiments.{name}"]
        if name == "report":
            return [*python, str(self.workdir)]
        return [
            *python,
            f"--corpora={','.join(self.entries)}",
            f"--data_dir={self.records}",
            f"--workdir={self.workdir}",
            "--target=hall",
            "--methods=deep_all,da_mldg",
            # What compiles in no time.
            *("--model=pooled", "--hidden_units=8", "--crop_seconds=0.6"),
            *("--batch_size=6", "--steps=24", "--evaluate_every=3"),
        ]

    def start(self, name: str, *more: str) -> subprocess.Popen[str]:
        """Starts a command, maybe with further flags."""
        return subprocess.Popen(
            [*self.command(name), *more],
            cwd=self.folder,
            env=environment(self.corpora),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, name: str, *more: str) -> tuple[int, str]:
        """Runs a command to its end; returns its exit status and messages."""
        with self.start(name, *more) as process:
            _, messages = process.communicate(timeout=PATIENCE)
        return process.returncode, messages

    def outcome(self) -> dict[str, str]:
        """Digests of all whose content is the same for the same command."""
        found = {}
        for path in sorted(self.records.rglob("*.tfrecord*")):
            found[path.name] = _digest(path.read_bytes())
        for name in ("predictions.csv", "metrics.jsonl"):
            found[name] = _digest((self.workdir / name).read_bytes())
        results = json.loads((self.workdir / "results.json").read_text())
        for entry in results["runs"]:
            del entry["seconds"]
        found["results.json"] = _digest(json.dumps(results).encode())
        return found


def make_corpora(folder: pathlib.Path) -> pathlib.Path:
    """Writes three small corpora."""
    for name in NAMES:
        full = f"synth_{name}"
        write_corpus(full, folder / full, speakers=3, repetitions=1)
    return folder


def make_once(folder: pathlib.Path) -> pathlib.Path:
    """Makes these corpora and their records, unless another process has made them."""
    done = folder / "done"
    with locks.held(locks.place(folder, "corpora")):
        if not done.exists():
            place = Place(folder, make_corpora(folder / "corpora"))
            status, messages = place.finish("prepare")
            assert status == 0, messages
            done.touch()
    return folder


def prepared(folder: pathlib.Path, made: pathlib.Path) -> Place:
    """A new place whose records are a copy of those that ``make_once`` has made."""
    folder.mkdir()
    shutil.copytree(made / "records", folder / "records")
    return Place(folder, made / "corpora")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
