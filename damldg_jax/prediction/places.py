"""Where the models of runs lie."""

import pathlib

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
      path: the file, the folder of a run, or one in which there is a single run.
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
    have = sorted(file.stem for file in (path / FOLDER).glob(f"*{_SUFFIX}"))
    there = f"it has {', '.join(have)} only" if have else "no run in it is finished"
    raise InputError(
        f"There is no {' or '.join(wanted)} model in {path}: {there}. A run writes its "
        "models when it is tested; one of an earlier version has none, and must be "
        "trained anew."
    )
