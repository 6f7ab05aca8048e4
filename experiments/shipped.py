"""Flagfiles that come with the package, found from any folder.

In a clone they are ``experiments/flagfiles/NAME.flags``. Installed, they lie where
Python keeps packages, which nobody wants to type.
"""

import pathlib
from collections.abc import Sequence

FOLDER = pathlib.Path(__file__).parent / "flagfiles"
_FLAG = "--flagfile="
_IN_A_CLONE = pathlib.PurePath("experiments", "flagfiles")


def with_shipped_flagfiles(argv: Sequence[str]) -> list[str]:
    """Replaces names of flagfiles that come with the package by where they lie.

    Such a name is ``NAME.flags``, or ``experiments/flagfiles/NAME.flags`` as in a
    clone. A file that is there under the very name given has precedence.

    Args:
      argv: the command line.

    Returns:
      The same, with paths that can be opened from any folder.
    """
    return [_FLAG + _find(x[len(_FLAG) :]) if x.startswith(_FLAG) else x for x in argv]


def _find(name: str) -> str:
    path = pathlib.PurePath(name)
    shipped = FOLDER / path.name
    if path.parent not in (pathlib.PurePath(), _IN_A_CLONE) or not path.name:
        return name
    return (
        name if pathlib.Path(name).exists() or not shipped.is_file() else str(shipped)
    )
