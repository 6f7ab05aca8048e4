"""Pieces of work done on Apache Beam, where a user has it.

Every worker must see the recordings and the folder of the records by the same paths as
the command: one machine, or a file system that all share.
"""

import functools
import json
import pathlib
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import threadpoolctl

from damldg_jax.errors import InputError
from damldg_jax.records import staging
from damldg_jax.workers import Each, Item


def on_beam(options: str, data_dir: pathlib.Path) -> Each:
    """Does as many at a time as a runner of Beam allows.

    Args:
      options: of the pipeline, as on Beam's own command line, such as
        ``"--runner=FlinkRunner --flink_master=host:8081"``.
      data_dir: where records are kept; results come back by a folder in it.

    Returns:
      What applies a function to items; both must be picklable.

    Raises:
      InputError: Apache Beam is not installed.
    """
    try:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError as error:
        raise InputError(
            f"--beam needs Apache Beam, which cannot be imported ({error}): "
            "pip install -r requirements-beam.txt"
        ) from error

    def each(function: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Any]:
        try:
            pipeline = beam.Pipeline(options=PipelineOptions(shlex.split(options)))
        except ValueError as error:
            raise InputError(f"--beam_options={options}: {error}") from error
        with staging.folder(data_dir) as folder:
            with pipeline:
                _ = (
                    pipeline
                    | beam.Create(list(enumerate(items)))
                    | beam.Reshuffle()
                    | beam.Map(functools.partial(_call, function))
                    | beam.io.WriteToText(str(folder.absolute() / "results"))
                )
            yield from _results(folder)

    return each


def _call(function: Callable[[Item], Any], item: tuple[int, Item]) -> str:
    _limit_blas()
    number, value = item
    try:
        result, error = function(value), None
    except InputError as caught:
        # Beam wraps what is raised in errors of its own: this one is for the user.
        result, error = None, str(caught)
    return json.dumps({"number": number, "result": result, "error": error})


def _results(folder: pathlib.Path) -> Iterator[Any]:
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir()]
    lines = [line for text in texts for line in text.splitlines()]
    rows = sorted(map(json.loads, lines), key=lambda row: row["number"])
    for row in rows:
        if row["error"] is not None:
            raise InputError(row["error"])
        yield row["result"]


@functools.cache
def _limit_blas() -> None:
    # For as long as the worker lives: the runner gives it a thread for each piece.
    threadpoolctl.threadpool_limits(1, user_api="blas")
