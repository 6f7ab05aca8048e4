"""Where the real recordings lie on this computer, if they do."""

import os
from pathlib import Path

_SIBLING = Path(__file__).resolve().parents[2] / "shared" / "corpora"


def corpora_dir() -> Path | None:
    """Finds the folder of the real corpora.

    Returns:
      The folder that the environment variable DAMLDG_CORPORA names, or else
      `shared/corpora` beside the repository; None if there is no such folder.
    """
    folder = Path(os.environ.get("DAMLDG_CORPORA") or _SIBLING)
    return folder if folder.is_dir() else None
