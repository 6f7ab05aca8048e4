"""Finds the operation in which a number stopped being finite."""

import functools
import pathlib
import traceback

import jax
import numpy as np

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.training import TrainState, train_step
from experiments.programs import Programs
from experiments.runs import Run, schedule

_JAX = pathlib.Path(jax.__file__).parent


def utterances_of(run: Run, programs: Programs, step: int) -> dict[str, list[str]]:
    """Names the utterances that a step looks at.

    Args:
      run: that is trained.
      programs: compiled functions and data.
      step: its number, from 0.

    Returns:
      By domain, in the order of the batch.
    """
    per_domain = schedule(run.division, programs.config).per_domain
    choice = programs.placement.choice(run.division, per_domain, step, run.seed)
    name_of = programs.dataset.name_of
    return {
        domain.name: [name_of(index) for index in row]
        for domain, row in zip(run.division.domains, choice.utterances, strict=True)
    }


def find_operation(run: Run, programs: Programs, state: TrainState) -> str:
    """Does a step again, one operation at a time, on one device.

    Args:
      run: that is trained.
      programs: compiled functions and data.
      state: before the step in which a number is not finite, in host memory.

    Returns:
      The operation and where it stands; or that the step went well this time.
    """
    placement, division = programs.placement, run.division
    per_domain = schedule(division, programs.config).per_domain
    number = int(state.step)
    choice = placement.choice(division, per_domain, number, run.seed)
    step = functools.partial(
        train_step,
        algorithm=ALGORITHMS[run.method].factory(
            programs.alone, programs.config.hyperparameters, None
        ),
        optimizer=programs.optimizer,
        windowing=programs.windowing,
        per_domain=per_domain,
    )
    store, excerpt = placement.on_host(division, choice)
    given = state, store, placement.domains(division), np.uint32(run.seed), excerpt
    # Outside of a compiled program NumPy's arrays are not JAX's.
    given = jax.device_put(given, jax.local_devices()[0])
    # Numbers that are none are the surer sign: an infinity may be meant.
    for watching in (jax.debug_nans, jax.debug_infs):
        try:
            with watching(True):
                jax.block_until_ready(jax.jit(step)(*given))
        except FloatingPointError as error:
            return f"{_first_line(error)} {_place(error)}"
    return "Done again on one device, all numbers of that step are finite."


def _first_line(error: FloatingPointError) -> str:
    return str(error).strip().splitlines()[0]


def _place(error: FloatingPointError) -> str:
    """The innermost line that is none of JAX's own."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _JAX not in pathlib.Path(frame.filename).parents
    ]
    last = frames[-1]
    return f"({last.filename}, line {last.lineno}, in {last.name}: {last.line})"
