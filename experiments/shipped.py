"""Flagfiles that come with the package, found from any folder.

In a clone they are ``experiments/flagfiles/NAME.flags``. Installed, they lie where
Python keeps packages, which nobody wants to type.
"""

import difflib
import pathlib
from collections.abc import Sequence

from damldg_jax.corpora.files import did_you_mean
from damldg_jax.errors import InputError

FOLDER = pathlib.Path(__file__).parent / "flagfiles"
_FLAGS = ("--flagfile", "-flagfile")
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
    found = []
    for given in argv:
        name, sign, value = given.partition("=")
        if name in _FLAGS and sign:
            found.append(f"{name}={_find(value)}")
        elif found and found[-1] in _FLAGS:
            found.append(_find(given))
        else:
            found.append(given)
    return found


def not_opened(error: OSError) -> InputError:
    """Describes a flagfile that cannot be opened.

    Args:
      error: of the system, with the name of the file.

    Returns:
      An error, to be raised by the caller, that names what may have been meant.
    """
    path = pathlib.Path(str(error.filename))
    if not isinstance(error, FileNotFoundError):
        return InputError(f"The flagfile {path} cannot be read: {error.strerror}.")
    names = sorted(file.stem for file in FOLDER.glob("*.flags"))
    # Without the endings, which are alike in all.
    near = difflib.get_close_matches(path.stem, names, n=1, cutoff=0.75)
    hint = f" Did you mean '{near[0]}.flags'?" if near else did_you_mean(path)
    there = ", ".join(f"{name}.flags" for name in names)
    return InputError(
        f"There is no flagfile '{path}'.{hint} Those of the package are {there}."
    )


def _find(name: str) -> str:
    path = pathlib.PurePath(name)
    shipped = FOLDER / path.name
    if path.parent not in (pathlib.PurePath(), _IN_A_CLONE) or not path.name:
        return name
    return (
        name if pathlib.Path(name).exists() or not shipped.is_file() else str(shipped)
    )
