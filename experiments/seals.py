"""Digests of the files of a finished run: what is changed later is not believed.

They lie beside the results, in ``digests.json``. Runs of earlier versions have none,
and nor does one of whose digests somebody has deleted the file: they are taken as they
are.
"""

import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.outputs import METRICS, PREDICTIONS, write_json

RESULT = "result.json"
SEAL = "digests.json"
# Of a file of which that is all that is known.
NOT_WRITTEN = "its content is not what was written"
# What the report and the same command read of a finished run.
_SEALED = (PREDICTIONS, METRICS, "circumstances.json", "sources.csv", "embeddings.npz")


def write_result(path: pathlib.Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Writes how a run came out, which says that it is finished; its digests first.

    Args:
      path: ``result.json`` in its folder, where all else that is to be sealed lies.
      entries: one for each selection rule.
    """
    # Has its name when all is there.
    whole = path.with_suffix(".whole")
    write_json(whole, entries)
    files = [path.with_name(name) for name in _SEALED]
    digests = {x.name: _digest(x.read_bytes()) for x in files if x.exists()}
    digests[path.name] = _digest(whole.read_bytes())
    write_json(path.with_name(SEAL), digests)
    whole.replace(path)


def changed(folder: pathlib.Path) -> list[str]:
    """Names the files of a finished run that are not, to the bit, what was written.

    Args:
      folder: of the run; files that are not there are none of this.

    Raises:
      OSError: a file cannot be read.
      ValueError: the digests themselves are damaged.
    """
    seal = folder / SEAL
    if not seal.exists():
        return []
    digests = json.loads(seal.read_text(encoding="utf-8"))
    if not isinstance(digests, dict) or RESULT not in digests:
        raise ValueError(f"{SEAL} beside it has no digests")
    return [
        name
        for name in (RESULT, *_SEALED)
        if (path := folder / name).exists()
        and name in digests
        and _digest(path.read_bytes()) != digests[name]
    ]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
