"""Says which runs are fused with which."""

from collections.abc import Iterator, Mapping, Sequence

from damldg_jax.errors import InputError
from experiments.console import say_once
from experiments.fuse.directories import Directory
from experiments.fuse.ensembles import Ensemble, Options, Part
from experiments.fuse.names import key_of, title_of_fusion
from experiments.report.run_folders import RunRecord
from experiments.report.scores import Test

Pairs = Sequence[tuple[Directory, str]]


def make_ensembles(
    directories: Sequence[Directory], options: Options
) -> list[Ensemble]:
    """Says which runs are fused.

    Args:
      directories: in the order of the weights.
      options: what is asked for.

    Returns:
      The ensembles, method by method and test by test.

    Raises:
      InputError: a directory lacks a method, a target or a trial that others have, or
        there is nothing to fuse.
    """
    found = []
    for methods in _methods(directories, options):
        pairs = list(zip(directories, methods, strict=True))
        tests = _tests(pairs, options)
        groups = _groups(pairs, tests, options)
        key, size = key_of(methods), len(groups[0])
        title = title_of_fusion(_titles(pairs, tests[0]), options.over, size)
        found += [
            Ensemble(test, key, title, number, tuple(_parts(pairs, test, its, options)))
            for test in tests
            for number, its in enumerate(groups)
        ]
    return found


def _methods(
    directories: Sequence[Directory], options: Options
) -> list[tuple[str, ...]]:
    """The method of each directory, for all that is fused."""
    if options.methods:
        return [options.methods]
    first, *others = directories
    if all({*d.methods} == {*first.methods} for d in others):
        return [(method,) * len(directories) for method in first.methods]
    if all(len(directory.methods) == 1 for directory in directories):
        return [tuple(directory.methods[0] for directory in directories)]
    told = "; ".join(f"{d.path} has {', '.join(d.methods)}" for d in directories)
    raise InputError(
        f"The directories have other methods: {told}. Name that of each by "
        "--method_of_each."
    )


def _tests(pairs: Pairs, options: Options) -> list[Test]:
    """All tests that any has, and thus all; of the targets that are wanted."""
    for directory, method in pairs:
        if method not in directory.methods:
            raise InputError(
                f"{directory.path} has no run of {method}. Name one that it has by "
                "--method_of_each."
            )
    every = {test for directory, method in pairs for test in directory.tests_of(method)}
    tests = sorted(t for t in every if not options.targets or t[0] in options.targets)
    if lacking := {*options.targets} - {target for target, _ in tests}:
        has = sorted({target for target, _ in every})
        raise InputError(
            f"--only_targets: nothing was tested on {', '.join(sorted(lacking))}. "
            f"There are {', '.join(has)}."
        )
    for directory, method in pairs:
        own = directory.tests_of(method)
        for test in tests:
            if test not in own:
                raise _lacks(directory, method, test, own)
    return tests


def _lacks(
    directory: Directory, method: str, test: Test, own: Sequence[Test]
) -> InputError:
    others = [_told(its) for its in own if its[0] == test[0]]
    has = f", but {', '.join(others)}" if others else ""
    targets = ",".join(dict.fromkeys(of for of, _ in own))
    return InputError(
        f"{directory.path} has no {method} of {_told(test)}{has}. "
        "Train it on the same sources, or choose targets that all have, such as "
        f"--only_targets={targets}."
    )


def _groups(
    pairs: Pairs, tests: Sequence[Test], options: Options
) -> list[tuple[int, ...]]:
    """The trials of each ensemble, the same on all tests."""
    seeded: dict[str, tuple[int, ...]] = {}
    for test in tests:
        for directory, method in pairs:
            its = directory.trials(test, method)
            if not _seedless(its):
                where = f"{directory.path} ({method}, {_told(test)})"
                seeded[where] = tuple(its)
    trials = next(iter(seeded.values()), (0,))
    for where, its in seeded.items():
        if its != trials:
            raise InputError(
                f"{next(iter(seeded))} has the trials {_listed(trials)}, and {where} "
                f"{_listed(its)}. Train those that are missing."
            )
    if options.over == "directories":
        return [(trial,) for trial in trials]
    return _chunks(trials, options, seeded)


def _chunks(
    trials: tuple[int, ...], options: Options, seeded: Mapping[str, object]
) -> list[tuple[int, ...]]:
    size = options.trials_per_ensemble or len(trials)
    if size > len(trials) or (options.over == "trials" and size < 2):
        where = next(iter(seeded), "what knows no seed")
        raise InputError(
            f"There are {len(trials)} trial(s) in {where}, too few to fuse "
            f"{max(size, 2)}. Train more by --trials, or choose fewer for "
            "--trials_per_ensemble."
        )
    whole = len(trials) - len(trials) % size
    if left := trials[whole:]:
        say_once(
            f"Left over and not fused, as {size} make an ensemble: trial "
            f"{_listed(left)}."
        )
    return [trials[first : first + size] for first in range(0, whole, size)]


def _parts(
    pairs: Pairs, test: Test, trials: tuple[int, ...], options: Options
) -> Iterator[Part]:
    for (directory, method), weight in zip(pairs, options.weights, strict=True):
        its = directory.trials(test, method)
        # What knows no seed says the same in every trial.
        runs = [*its.values()] if _seedless(its) else [its[trial] for trial in trials]
        share = weight / sum(options.weights) / len(runs)
        yield from (Part(directory.name, run, share) for run in runs)


def _seedless(trials: Mapping[int, RunRecord]) -> bool:
    return all(run.first.get("deterministic") for run in trials.values())


def _titles(pairs: Pairs, test: Test) -> list[tuple[str, str]]:
    """Name of each directory, and title of its method."""
    return [
        (directory.name, next(iter(directory.trials(test, method).values())).title)
        for directory, method in pairs
    ]


def _told(test: Test) -> str:
    target, sources = test
    return f"{'+'.join(sources)} -> {target}"


def _listed(trials: Sequence[int]) -> str:
    return ", ".join(map(str, trials))
