"""Where the models of runs lie."""

import pathlib
from collections.abc import Sequence

from damldg_jax.errors import InputError, unknown

FOLDER = "models"
SELECTIONS = ("best", "last")
_SUFFIX = ".safetensors"
_SHOWN = 5


def place(run: pathlib.Path, selection: str) -> pathlib.Path:
    """The file of a run's model.

    Args:
      run: its folder.
      selection: one of ``SELECTIONS``.
    """
    return run / FOLDER / f"{selection}{_SUFFIX}"


def find_file(path: pathlib.Path, selection: str | None = None) -> pathlib.Path:
    """Finds the file of a model.

    Args:
      path: the file, the folder of a run, one in which there is a single run, or one
        that holds a model's file beside others, as an export leaves it.
      selection: one of ``SELECTIONS``; left out, the first that there is.

    Returns:
      The file.

    Raises:
      InputError: there is none, or there are several; it names them.
    """
    path = path.expanduser()
    if selection is not None and selection not in SELECTIONS:
        raise unknown("selection", selection, SELECTIONS)
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(
            f"There is no model at {path}: name a model's file or the folder of a run."
        )
    wanted = SELECTIONS if selection is None else (selection,)
    if found := [file for name in wanted if (file := place(path, name)).is_file()]:
        return found[0]
    runs = sorted({file.parents[1] for file in path.rglob(f"{FOLDER}/*{_SUFFIX}")})
    if len(runs) == 1 and runs[0] != path:
        return find_file(runs[0], selection)
    if runs and runs != [path]:
        named = ", ".join(str(run) for run in runs[:_SHOWN])
        more = f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
        raise InputError(
            f"There are several models in {path}: name one of {named}{more}."
        )
    beside = sorted(file for file in path.glob(f"*{_SUFFIX}") if file.is_file())
    if beside and not runs:
        return _exported(path, beside, selection)
    have = sorted(file.stem for file in (path / FOLDER).glob(f"*{_SUFFIX}"))
    there = f"it has {', '.join(have)} only" if have else "no run in it is finished"
    raise InputError(
        f"There is no {' or '.join(wanted)} model in {path}: {there}. A run writes its "
        "models when it is tested; one of an earlier version has none, and must be "
        "trained anew."
    )


def _exported(
    folder: pathlib.Path, files: Sequence[pathlib.Path], selection: str | None
) -> pathlib.Path:
    """The one model's file of a folder that is none of a run, such as an export's."""
    named = ", ".join(str(file) for file in files[:_SHOWN])
    if len(files) > 1:
        raise InputError(
            f"There are several model files in {folder}: name one of {named}."
        )
    if selection is not None:
        raise InputError(
            f"{folder} is no run's folder, so that there is no {selection} model to "
            f"choose in it: name its model alone, {named}."
        )
    return files[0]
