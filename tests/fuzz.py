"""Tries random files of all kinds that are read until the time is over.

  python -m tests.fuzz --minutes=10 [--kinds=manifest,records]

Each must end in the right reading or in one message for the user. What does not is
printed with its seed, which gives the same case again: `attempt(kind, seed)`.
"""

import argparse
import itertools
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz_audio import try_audio, try_measure
from tests.fuzz_files import (
    try_flagfile,
    try_labels,
    try_metrics,
    try_records,
    try_results,
)
from tests.fuzz_names import try_manifest, try_tree

CASES = {
    "audio": try_audio,
    "measure": try_measure,
    "manifest": try_manifest,
    "tree": try_tree,
    "labels": try_labels,
    "flagfile": try_flagfile,
    "results": try_results,
    "metrics": try_metrics,
    "records": try_records,
}


def attempt(kind: str, seed: int) -> str:
    """Tries one case in a folder of its own; raises if it ends badly."""
    return attempt_with(kind, Random(seed))


def attempt_with(kind: str, rng: Random) -> str:
    """Tries the case that is drawn."""
    with tempfile.TemporaryDirectory() as folder:
        return CASES[kind](rng, Path(os.path.realpath(folder)))


def _hang(*_: object) -> None:
    raise TimeoutError("not done in a minute")


def main() -> int:
    """Tries cases for the time that is given; returns the number of findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--kinds", default=",".join(CASES), help="of files")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    end = time.monotonic() + 60 * options.minutes
    counts: Counter[str] = Counter()
    signal.signal(signal.SIGALRM, _hang)
    cases = ((seed, kind) for seed in itertools.count(options.seed) for kind in kinds)
    for seed, kind in cases:
        if time.monotonic() > end:
            break
        signal.alarm(60)
        try:
            counts[f"{kind} {attempt(kind, seed)}"] += 1
        except Exception:  # noqa: BLE001 - any exception is what is looked for
            counts[f"{kind} FAILED"] += 1
            print(f"--- {kind}, seed {seed}\n{traceback.format_exc(limit=-4)}")
    print(dict(sorted(counts.items())))
    return sum(number for what, number in counts.items() if "FAILED" in what)


if __name__ == "__main__":
    sys.exit(min(main(), 100))
