"""Reads the finished runs of work directories; what is not whole is refused."""

import dataclasses
import json
import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.errors import InputError
from experiments.accounts import ACCOUNT
from experiments.report.run_folders import DAMAGE, RunRecord, read_run
from experiments.report.scores import Test

# Of an account: what is fused says so by it.
FUSION = "fusion"


@dataclasses.dataclass(frozen=True, eq=False)
class Directory:
    """A work directory.

    Attributes:
      name: by which results tell of it.
      path: as it was given.
      runs: by test, method and trial.
    """

    name: str
    path: pathlib.Path
    runs: Mapping[tuple[Test, str, int], RunRecord]

    @property
    def methods(self) -> tuple[str, ...]:
        """That have a run, in the order of the table of algorithms."""
        has = {method for _, method, _ in self.runs}
        known = [method for method in ALGORITHMS if method in has]
        return (*known, *sorted(has.difference(known)))

    def tests_of(self, method: str) -> tuple[Test, ...]:
        """On which a method was tested, sorted."""
        return tuple(sorted({test for test, of, _ in self.runs if of == method}))

    def trials(self, test: Test, method: str) -> dict[int, RunRecord]:
        """The trials of a method on a test, by number, ascending."""
        found = {
            trial: run
            for (its, of, trial), run in self.runs.items()
            if (its, of) == (test, method)
        }
        return dict(sorted(found.items()))


def read_directories(
    paths: Sequence[pathlib.Path], methods: Collection[str] = ()
) -> list[Directory]:
    """Reads work directories.

    Args:
      paths: of them.
      methods: whose runs are wanted; none for those of all.

    Returns:
      The directories in the order given.

    Raises:
      InputError: one is not there, is named twice, has no run, or has one that is not
        finished, is damaged, is itself fused or tells no classes apart.
    """
    resolved = [path.resolve() for path in paths]
    for number, path in enumerate(resolved):
        if not path.is_dir():
            raise InputError(
                f"There is no folder {paths[number]}. Name work directories of runs "
                "that are finished, what --workdir was when they were trained."
            )
        if path in resolved[:number]:
            raise InputError(
                f"{paths[number]} is named twice. Name it once; a directory counts "
                "more by --weights."
            )
    return [
        Directory(name, path, _runs(path, methods))
        for name, path in zip(_names(paths, resolved), paths, strict=True)
    ]


def _names(
    paths: Sequence[pathlib.Path], resolved: Sequence[pathlib.Path]
) -> list[str]:
    """The last part of each path, or all of it where two have the same."""
    names = [path.name for path in resolved]
    return [
        name if names.count(name) == 1 else path.as_posix()
        for name, path in zip(names, paths, strict=True)
    ]


def _runs(
    path: pathlib.Path, methods: Collection[str]
) -> dict[tuple[Test, str, int], RunRecord]:
    found: dict[tuple[Test, str, int], RunRecord] = {}
    for run in _records(path, methods):
        key = run.test, run.method, int(run.first["trial"])
        if key in found:
            raise InputError(
                f"{found[key].folder} and {run.folder} are the same trial of the same "
                f"method. Name one work directory instead of {path}, which holds both."
            )
        found[key] = run
    if not found:
        wanted = " or ".join(sorted(set(methods)))
        what = f"run of {wanted}" if methods else "run"
        raise InputError(
            f"There is no finished {what} in {path}. Name work directories of runs "
            "that are finished, what --workdir was when they were trained."
        )
    return found


def _records(path: pathlib.Path, methods: Collection[str]) -> Iterator[RunRecord]:
    for account in sorted(path.rglob(ACCOUNT)):
        folder = account.parent
        try:
            method = json.loads(account.read_text(encoding="utf-8")).get("method")
            if methods and method not in methods:
                continue
            if not (folder / "result.json").exists():
                raise InputError(
                    f"{folder} is not finished. Give the command that began it again: "
                    "it goes on; or leave its method out by --method_of_each."
                )
            if run := read_run(folder):
                yield _usable(run)
        except InputError:
            raise
        except DAMAGE as error:
            raise InputError(
                f"{folder} is damaged ({type(error).__name__}: {error}). Delete it: "
                "the command that made it then makes that run again."
            ) from error


def _usable(run: RunRecord) -> RunRecord:
    """Refuses a run of which there is nothing to fuse."""
    if FUSION in run.account:
        raise InputError(
            f"{run.folder} is itself fused. Name the work directories that it was made "
            "of."
        )
    if not run.classes:
        kind = run.account.get("target_kind")
        raise InputError(
            f"{run.folder} is of --target_kind={kind}, which has no probabilities. "
            "Fuse runs that tell classes apart."
        )
    return run
