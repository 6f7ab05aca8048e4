"""What notebooks call, so that they hold no logic of their own.

On Colab a runtime is lost at any time, and its disk with it: what lies in Google Drive
stays, and the same cell goes on from there.
"""

import csv
import dataclasses
import importlib.util
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from absl.testing import flagsaver

from damldg_jax.corpora.files import printable
from damldg_jax.corpora.sources import resolve
from damldg_jax.errors import InputError
from damldg_jax.prediction.places import place
from experiments.config import Config
from experiments.console import say
from experiments.flags import FLAGS, read_config
from experiments.listings import list_all
from experiments.outputs import PREDICTIONS
from experiments.plan import make_plan

FLAGFILES = pathlib.Path(__file__).parent / "flagfiles"
_DRIVE = pathlib.Path("/content/drive")
# Of a report, those that tell most; their names begin so.
_FIGURES = ("uar_", "validation_", "gamma_", "confusion_", "embeddings_")


def storage(name: str = "damldg_jax") -> pathlib.Path:
    """Where everything is kept: a folder in Google Drive on Colab, else one beside.

    Args:
      name: of the folder.

    Returns:
      The folder; it is made if it is not there.
    """
    folder = pathlib.Path(name)
    # Colab's package is there in its runtimes alone.
    if _is_on_colab():
        from google.colab import drive

        drive.mount(str(_DRIVE))
        folder = _DRIVE / "MyDrive" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_on_colab() -> bool:
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def settings(
    flagfiles: str | Sequence[str], home: pathlib.Path, **changes: Any
) -> Config:
    """Reads settings from flagfiles, with all folders in one place.

    Args:
      flagfiles: names of one or several in ``FLAGFILES``, or paths; later ones count.
      home: where records, runs and generated corpora are put.
      **changes: settings that are to be others.

    Returns:
      The settings.

    Raises:
      InputError: a file or a setting is none that there is.
    """
    names = [flagfiles] if isinstance(flagfiles, str) else flagfiles
    arguments = [f"--flagfile={_flagfile(name)}" for name in names]
    with flagsaver.flagsaver():
        FLAGS(["notebook", *arguments])
        config = read_config()
    folders = {
        name: home / path
        for name in ("corpora_dir", "data_dir", "workdir")
        if (path := getattr(config, name)) and not path.is_absolute()
    }
    known = {field.name for field in dataclasses.fields(Config)}
    if unknown := sorted(changes.keys() - known):
        raise InputError(f"There is no setting '{unknown[0]}'; see experiments.config.")
    return dataclasses.replace(config, **folders | changes)


def _flagfile(name: str) -> pathlib.Path:
    for path in (FLAGFILES / name, pathlib.Path(name)):
        if path.is_file():
            return path
    have = ", ".join(sorted(path.name for path in FLAGFILES.glob("*.flags")))
    raise InputError(f"There is no flagfile '{name}'. Those that come with it: {have}.")


def has_corpora(folder: pathlib.Path, names: Iterable[str]) -> bool:
    """Whether all corpora lie in a folder; says which do not, and what to do.

    Args:
      folder: to look in.
      names: of known corpora.
    """
    problems = []
    for name in names:
        try:
            resolve(name, folder, ()).listing()
        except InputError as error:
            problems.append(f"{name}: {error}")
    if problems:
        say(
            "\n".join(problems) + f"\nPut each corpus into {folder} as its owners "
            "publish it, in a folder of its name, and run this cell again."
        )
    return not problems


def show_figures(workdirs: Sequence[pathlib.Path], output: pathlib.Path) -> None:
    """Makes the report of work directories and shows the figures that tell most.

    Args:
      workdirs: folders with finished runs.
      output: folder of the report.
    """
    from IPython.display import SVG, display

    from experiments.report.command import make_report

    for warning in make_report(workdirs, output):
        say(warning)
    for start in _FIGURES:
        for path in sorted((output / "figures").glob(f"{start}*.svg"))[:1]:
            display(SVG(path.read_text(encoding="utf-8")))
    say(f"The whole report, tables and figures for a paper too, is in {output}.")


class Mistake(NamedTuple):
    """An utterance of which a model is wrong.

    Attributes:
      path: of the recording.
      label: what it is labelled with.
      predicted: what the model says.
      probability: that the model gives to what it says.
    """

    path: pathlib.Path
    label: str
    predicted: str
    probability: float


def mistakes(
    config: Config, run: pathlib.Path, selection: str = "last", most: int = 3
) -> list[Mistake]:
    """The utterances of the target of which a model is wrong and most sure.

    Args:
      config: of the command that trained it; its corpora must be where they were.
      run: folder of the run.
      selection: rule by which the model was chosen.
      most: how many.

    Returns:
      The surest first.
    """
    with (run / PREDICTIONS).open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["selection"] == selection]
    wrong = [row for row in rows if row["label"] != row["predicted"]]

    def surety(row: dict[str, str]) -> float:
        return float(row[f"probability_{row['predicted']}"])

    wrong.sort(key=surety, reverse=True)
    paths = recordings(config, run)
    return [
        Mistake(paths[r["utterance"]], r["label"], r["predicted"], surety(r))
        for r in wrong[:most]
    ]


def recordings(config: Config, run: pathlib.Path) -> dict[str, pathlib.Path]:
    """Where each utterance of a run's target lies.

    Args:
      config: of the command that trained it; its corpora must be where they were.
      run: folder of the run.

    Returns:
      Paths by the names of utterances.
    """
    sources = make_plan(config).sources
    target = run.parents[1].name.rpartition("-to-")[2]
    listing = list_all({target: sources[target]}, config)[target]
    return {utterance.name: utterance.path for utterance in listing.utterances}


def listen(found: Sequence[Mistake]) -> None:
    """Shows a player for each mistake.

    Args:
      found: the mistakes.
    """
    from IPython.display import Audio, display

    from damldg_jax.audio import read_recording

    for one in found:
        print(
            f"{printable(one.path.name)}: labelled {one.label}, heard as "
            f"{one.predicted} ({one.probability:.0%})"
        )
        recording = read_recording(one.path, sample_rate=16_000)
        display(Audio(recording.waveform, rate=16_000))


def finished_runs(config: Config, method: str | None = None) -> list[pathlib.Path]:
    """Folders of runs that have a model.

    Args:
      config: of the command.
      method: of the runs; left out, of any.

    Returns:
      The folders, sorted.
    """
    folders = (config.workdir / "runs").glob(f"*/{method or '*'}/trial_*")
    return sorted(folder for folder in folders if place(folder, "last").is_file())
