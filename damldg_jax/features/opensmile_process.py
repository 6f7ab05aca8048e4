"""openSMILE in processes of its own: in one with TensorFlow both break off.

A process is asked through its standard input and answers on its standard output: the
number of samples, then the samples, float32; and the functionals, float64. It ends when
its input does, as it does when the process that asks ends.
"""

import atexit
import os
import pathlib
import queue
import struct
import subprocess
import sys

import numpy as np

from damldg_jax.errors import RecordingError

_LENGTH = struct.Struct("<q")
_ROOT = pathlib.Path(__file__).resolve().parents[2]
_idle: "queue.SimpleQueue[subprocess.Popen]" = queue.SimpleQueue()


def functionals(
    waveform: np.ndarray, sample_rate: int, feature_set: str, count: int
) -> np.ndarray:
    """Has openSMILE compute functionals; may be called by several threads.

    Args:
      waveform: [samples] float, full scale 1.
      sample_rate: in Hz.
      feature_set: name of one of openSMILE's.
      count: of its functionals.

    Returns:
      [count] float64.

    Raises:
      RecordingError: openSMILE broke off.
    """
    try:
        process = _idle.get_nowait()
    except queue.Empty:
        process = _start(sample_rate, feature_set)
    samples = np.asarray(waveform, np.float32)
    try:
        process.stdin.write(_LENGTH.pack(len(samples)) + samples.tobytes())
        process.stdin.flush()
        answer = process.stdout.read(8 * count)
    except OSError:
        answer = b""
    if len(answer) < 8 * count:
        _end(process)
        raise RecordingError("openSMILE breaks off")
    _idle.put(process)
    return np.frombuffer(answer)


def _start(sample_rate: int, feature_set: str) -> subprocess.Popen:
    path = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    code = f"from {__name__} import serve; serve()"
    return subprocess.Popen(
        [sys.executable, "-c", code, str(sample_rate), feature_set],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
    )


def _end(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


@atexit.register
def end_all() -> None:
    """Ends all processes that wait to be asked."""
    while not _idle.empty():
        _end(_idle.get())


def serve() -> None:
    """Answers until there is nothing more to answer: what such a process does."""
    import opensmile

    sample_rate, feature_set = int(sys.argv[1]), sys.argv[2]
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set],
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    while head := asked.read(_LENGTH.size):
        (length,) = _LENGTH.unpack(head)
        samples = np.frombuffer(asked.read(4 * length), np.float32)
        table = smile.process_signal(samples, sample_rate)
        answered.write(table.to_numpy(np.float64)[0].tobytes())
        answered.flush()
