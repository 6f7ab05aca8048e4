"""Kills commands at random moments, damages what they leave, and looks what comes out.

  python -m tests.chaos --kills=50

starts real commands (prepare, main, report) on small synthetic corpora, again and
again, and kills each by SIGKILL: in the preparation, the training, the saving of a
checkpoint, the test, the report. In between it flips bytes, cuts files short and sets
the clock. When a life of a work directory ends, all that it holds must equal that of an
undisturbed one; an error must say what to do, which is then done.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from tests.place import PATIENCE, Place, make_corpora

_DAY = 86_400.0
# What a message says to delete.
_DELETE = (
    re.compile(r"in (/\S+) are damaged .*Delete that folder"),
    re.compile(r"Delete (?:its folder, )?(/\S+?)[:.,]?\s"),
)


def kill_in(place: Place, moment: str, rng: random.Random) -> bool:
    """Starts the command of a moment and kills it there; whether it lived so long."""
    name, seen = MOMENTS[moment]
    with place.start(name) as process:
        deadline = time.monotonic() + PATIENCE
        while not seen(place) and process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"{moment}: not seen within {PATIENCE} s")
            time.sleep(0.002)
        _wait(process, rng.uniform(0, DELAYS[moment]))
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return alive


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _is_saving(place: Place) -> bool:
    return any(place.runs.glob("*/trial_0/checkpoints/*tmp*"))


def _is_tested(place: Place) -> bool:
    done = list(place.runs.glob("*/trial_0/checkpoints/24"))
    return len(done) > len(list(place.runs.glob("*/trial_0/result.json")))


# By moment: the command, and what tells that it has come.
MOMENTS = {
    "preparation": ("prepare", lambda place: True),
    "start": ("main", lambda place: True),
    "training": ("main", lambda place: any(place.runs.glob("*/trial_0/metrics.jsonl"))),
    "checkpoint": ("main", _is_saving),
    "test": ("main", _is_tested),
    "report": ("report", lambda place: True),
}
# Seconds after it, at most, until the command is killed.
DELAYS = {
    **{"preparation": 6.0, "start": 6.0, "training": 4.0},
    **{"checkpoint": 0.1, "test": 1.0, "report": 8.0},
}


def flip(path: pathlib.Path, rng: random.Random) -> None:
    """Turns a bit of a file over."""
    content = bytearray(path.read_bytes())
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)


def cut(path: pathlib.Path, rng: random.Random) -> None:
    """Cuts a file short."""
    os.truncate(path, rng.randrange(path.stat().st_size + 1))


def damage_checkpoint(place: Place, rng: random.Random) -> bool:
    """Damages a file of the newest checkpoint of a run, if there is one."""
    newest = [
        max(steps, key=lambda p: int(p.name))
        for run in place.runs.glob("*/trial_0/checkpoints")
        if (steps := [p for p in run.iterdir() if p.name.isdecimal()])
    ]
    return _damage([p for folder in newest for p in folder.rglob("*")], rng)


def damage_records(place: Place, rng: random.Random) -> bool:
    """Damages a file of the records or of their packed copies, if there is one."""
    return _damage(list(place.records.rglob("*")), rng)


def _damage(paths: list[pathlib.Path], rng: random.Random) -> bool:
    files = sorted(p for p in paths if p.is_file() and p.stat().st_size)
    if files:
        rng.choice((flip, cut))(rng.choice(files), rng)
    return bool(files)


def set_clock_back(place: Place, rng: random.Random) -> bool:
    """Has all files be of tomorrow, as they are when the clock is set back a day."""
    del rng
    for path in place.folder.rglob("*"):
        if path.is_file():
            status = path.stat()
            os.utime(path, (status.st_atime + _DAY, status.st_mtime + _DAY))
    return True


DAMAGES = (damage_checkpoint, damage_records, set_clock_back)


def finish_all(
    place: Place,
    told: collections.Counter,
    names: Sequence[str] = ("prepare", "main", "report"),
) -> None:
    """Runs commands to their end, doing what errors say is to be done."""
    for name in names:
        for _ in range(20):
            status, messages = place.finish(name)
            if status == 0:
                break
            told[_follow(place, status, messages)] += 1
        else:
            raise AssertionError(f"{name} does not end:\n{messages}")


def _follow(place: Place, status: int, messages: str) -> str:
    """Does what an error says, and names it."""
    assert status == 2, f"status {status}:\n{messages}"
    assert "Traceback" not in messages, messages
    error = messages[messages.index("Error: ") :]
    if named := next(filter(None, (way.search(error) for way in _DELETE)), None):
        path = pathlib.Path(named[1])
        assert place.folder in path.parents, error
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return f"delete {path.name}"
    assert "--overwrite" in error, error
    status, messages = place.finish("prepare", "--overwrite")
    assert status == 0, messages
    return "--overwrite"


def live(
    place: Place, kills: int, rng: random.Random, counts: collections.Counter
) -> None:
    """A life of a work directory: so many kills, damages in between, and its end."""
    moments = sorted(MOMENTS.keys() - {"report"})
    for _ in range(kills):
        moment = rng.choice(moments)
        counts[f"killed: {moment}"] += kill_in(place, moment, rng)
        if rng.random() < 0.5:
            damage = rng.choice(DAMAGES)
            counts[damage.__name__] += damage(place, rng)
    told: collections.Counter = collections.Counter()
    finish_all(place, told, ("prepare", "main"))
    for _ in range(2):
        counts["killed: report"] += kill_in(place, "report", rng)
    finish_all(place, told, ("report",))
    counts.update({f"told: {what}": count for what, count in told.items()})


def main() -> int:
    """Goes through lives until enough commands are killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="commands to kill")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    given = parser.parse_args()
    rng, counts = random.Random(given.seed), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        corpora = make_corpora(root / "corpora")
        expected = undisturbed(root / "undisturbed", corpora)
        while sum(n for name, n in counts.items() if "killed" in name) < given.kills:
            counts["lives"] += 1
            place = Place(root / f"life_{counts['lives']}", corpora)
            place.folder.mkdir()
            live(place, rng.randint(4, 10), rng, counts)
            found = place.outcome()
            differ = [n for n in expected if found.get(n) != expected[n]]
            assert not differ, f"life {counts['lives']}: {differ} in {place.folder}"
            shutil.rmtree(place.folder)
            print(dict(sorted(counts.items())), flush=True)
    return 0


def undisturbed(folder: pathlib.Path, corpora: pathlib.Path) -> dict[str, str]:
    """What commands come to that nobody kills."""
    place = Place(folder, corpora)
    place.folder.mkdir()
    told: collections.Counter = collections.Counter()
    finish_all(place, told)
    assert not told, told
    return place.outcome()


if __name__ == "__main__":
    sys.exit(main())
