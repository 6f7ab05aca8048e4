"""What the benchmark and its workers tell each other, and how a worker serves.

A worker is a process that measures one setting. It is started with its setting as one
argument of JSON. On standard output it answers in lines of JSON: once compiled and
warmed up, a ``Ready``; to each line ``{"calls": n}`` on standard input
``{"seconds": ...}``, the mean time of a call; at the end of its input
``{"peak_bytes": ...}``. A line may also name a folder for a trace of these calls,
``{"calls": n, "profile": "DIR"}``.

Nothing here needs JAX or a rival of it: the memory of a worker is that of what it
measures.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from experiments.benchmark.setting import Setting


class Ready(NamedTuple):
    """A worker's first line.

    Attributes:
      compile_seconds: by which its first call took longer than its second.
      device: on which it runs.
      versions: of the packages that matter.
      flop_per_call: floating-point operations of a call, where they do not follow
        from the setting.
      bytes_per_call: that a call reads and writes, by XLA's count or by ours.
      temporary_bytes: that XLA sets aside for a call.
      platform: ``cpu``, ``gpu`` or ``tpu``.
      num_devices: there are.
      call_seconds: of the second call.
    """

    compile_seconds: float
    device: str
    versions: Mapping[str, str]
    flop_per_call: float | None = None
    bytes_per_call: float | None = None
    temporary_bytes: int | None = None
    platform: str = "cpu"
    num_devices: int = 1
    call_seconds: float = 0.0


class Cost(NamedTuple):
    """What is known of a compiled program; the attributes are those of ``Ready``."""

    flop_per_call: float | None = None
    bytes_per_call: float | None = None
    temporary_bytes: int | None = None


# Waits for the results of a call.
Wait = Callable[[], object]


class Workload(NamedTuple):
    """What a worker makes of a setting.

    Attributes:
      step: makes one call, and returns what waits for its results, or None when they
        are there already.
      device: on which it runs.
      versions: of the packages that matter.
      peak_bytes: the most memory used so far.
      cost: asked for when the program is compiled.
      platform: ``cpu``, ``gpu`` or ``tpu``.
      num_devices: there are.
      profile: a context that traces into a folder, if the worker can.
      lead_in: calls at the beginning of a turn that are not timed, at least 1.
    """

    step: Callable[[], Wait | None]
    device: str
    versions: Mapping[str, str]
    peak_bytes: Callable[[], int]
    cost: Callable[[], Cost] = Cost
    platform: str = "cpu"
    num_devices: int = 1
    profile: Callable[[str], contextlib.AbstractContextManager] | None = None
    lead_in: int = 1


def process_peak_bytes() -> int:
    """The most memory that this process had resident."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):
        # Not on Linux, where getrusage would count what the parent had at the fork.
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def serve(build: Callable[[Setting], Workload]) -> None:
    """Runs a worker until its input ends.

    Args:
      build: makes the workload of the setting that the command line gives.
    """
    # What a library prints must not be taken for an answer: it goes to standard error.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

        def answer(content: Mapping[str, object]) -> None:
            print(json.dumps(content), file=answers, flush=True)

        workload = build(Setting(**json.loads(sys.argv[1])))
        answer(_warm_up(workload)._asdict())
        for line in sys.stdin:
            request = json.loads(line)
            folder = request.get("profile")
            timed(workload.step, workload.lead_in)
            with workload.profile(folder) if folder else contextlib.nullcontext():
                seconds = timed(workload.step, request["calls"])
            answer({"seconds": seconds})
        answer({"peak_bytes": workload.peak_bytes()})


def _warm_up(workload: Workload) -> Ready:
    first, second = timed(workload.step, 1), timed(workload.step, 1)
    return Ready(
        compile_seconds=max(0.0, first - second),
        device=workload.device,
        versions=workload.versions,
        platform=workload.platform,
        num_devices=workload.num_devices,
        call_seconds=second,
        **workload.cost()._asdict(),
    )


def timed(step: Callable[[], Wait | None], calls: int) -> float:
    """Times calls one behind the other.

    As in training, the next call is under way before the results of the last are
    waited for.

    Args:
      step: makes a call, as that of a ``Workload``.
      calls: how many.

    Returns:
      Seconds of a call, the mean. What a single one took could not be told: where it
      ends depends on how much of it the library does before it returns.
    """
    start, pending = time.perf_counter(), None
    for _ in range(calls):
        wait = step()
        if pending is not None:
            pending()
        pending = wait
    if pending is not None:
        pending()
    return (time.perf_counter() - start) / calls
