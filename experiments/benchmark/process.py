"""Workers of the benchmark as processes, each asked when its turn has come."""

import collections
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from damldg_jax.errors import InputError
from experiments.benchmark.protocol import Ready
from experiments.benchmark.setting import Setting
from experiments.benchmark.variants import VARIANTS

_ROOT = Path(__file__).resolve().parents[2]
_TAIL_LINES = 15


class Implementation(NamedTuple):
    """Who does the steps.

    Attributes:
      module: of its worker.
      package: that the worker needs.
      variants: that it has.
    """

    module: str
    package: str
    variants: tuple[str, ...]


_PYTORCH = "benchmarks.pytorch_peer"
_SECOND_ORDER = ("mldg_second_order", "da_mldg_second_order", "da_mldg_fixed_margin")
IMPLEMENTATIONS = {
    "jax": Implementation("experiments.benchmark.worker", "jax", tuple(VARIANTS)),
    "pytorch_create_graph": Implementation(
        _PYTORCH, "torch", ("deep_all", "mldg_first_order", *_SECOND_ORDER)
    ),
    "pytorch_func": Implementation(_PYTORCH, "torch", ("deep_all", *_SECOND_ORDER)),
    "tensorflow": Implementation(
        "benchmarks.tensorflow_peer", "tensorflow", ("deep_all", *_SECOND_ORDER)
    ),
}
# What --peers may name.
PEERS = tuple(name for name in IMPLEMENTATIONS if name != "jax")


class WorkerError(RuntimeError):
    """A worker could not do what it was asked; the message names it and tells why."""


class Worker:
    """One process that measures one setting; a context that ends it."""

    def __init__(self, setting: Setting, implementation: Implementation):
        """Starts the process.

        Args:
          setting: what it measures.
          implementation: where its code is.

        Raises:
          WorkerError: it did not get as far as its first step.
        """
        self.setting = setting
        # A file and not a pipe, which would fill up while nobody reads it.
        self._errors = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close()
            "w+", encoding="utf-8", errors="replace"
        )
        argument = json.dumps(setting.__dict__)
        self._process = subprocess.Popen(
            [sys.executable, "-m", implementation.module, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(setting),
            encoding="utf-8",
        )
        try:
            self.ready = Ready(**self._answer())
        except BaseException:
            self.close()
            raise

    def measure(self, calls: int, profile: Path | None = None) -> float:
        """Has the worker make some calls.

        Args:
          calls: of its program, one behind the other.
          profile: folder for a trace of them, if one is wanted.

        Returns:
          Seconds of a call, the mean.

        Raises:
          WorkerError: it broke off.
        """
        request = {"calls": calls, "profile": str(profile) if profile else None}
        # A broken pipe says less than the missing answer that follows.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return self._answer()["seconds"]

    def finish(self) -> int:
        """Ends the worker's input, and returns the most bytes that it used.

        Raises:
          WorkerError: it broke off.
        """
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        return self._answer()["peak_bytes"]

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.close()

    def _answer(self) -> Mapping[str, Any]:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        status = self._process.wait()
        raise WorkerError(
            f"The worker '{self.setting.name}' broke off ({_status(status)}). The end "
            f"of what it said:\n{self._tail()}"
        )

    def _tail(self) -> str:
        self._errors.seek(0)
        lines = collections.deque(self._errors, maxlen=_TAIL_LINES)
        return "".join(lines).rstrip() or "(nothing)"


def _status(status: int) -> str:
    if status < 0:
        return f"killed by signal {-status}; 9 may mean that memory ran out"
    return f"exit status {status}"


def _environment(setting: Setting) -> dict[str, str]:
    """Variables of a worker: it finds this code, and shares a device's memory."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    cache = {
        "JAX_COMPILATION_CACHE_DIR": setting.cache_dir,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        # All workers wait on one device: none may claim its memory in advance.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        **(cache if setting.cache_dir else {}),
    }


def check_installed(implementations: Iterable[Implementation]) -> None:
    """Looks for the packages of workers without loading them.

    Args:
      implementations: of the workers.

    Raises:
      InputError: some are missing; it names them and the remedy.
    """
    packages = {implementation.package for implementation in implementations}
    missing = [p for p in sorted(packages) if importlib.util.find_spec(p) is None]
    if missing:
        raise InputError(
            f"Not installed: {', '.join(missing)}. The peers need "
            "'pip install -r benchmarks/requirements.txt'."
        )
    if any(
        not (_ROOT / f"{i.module.replace('.', '/')}.py").is_file()
        for i in implementations
    ):
        raise InputError(
            "The peers' code lies in benchmarks/ of a clone of the repository: run the "
            "command from there."
        )
