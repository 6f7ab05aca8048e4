"""Flags of the command, and what they ask for."""

import math

from absl import flags

from damldg_jax.errors import InputError
from damldg_jax.fusion import MEANS
from experiments.fuse.ensembles import OVER, Options

_OVER = flags.DEFINE_enum(
    "over",
    None,
    list(OVER),
    "What is fused: the trials of a method in one directory; directories, trial k with "
    "trial k; or both, all trials of all directories. Left out: trials of one "
    "directory, and directories where there are several.",
)
_MEAN = flags.DEFINE_enum(
    "fusion_mean",
    "log",
    list(MEANS),
    "Mean of the logarithms of the probabilities, normalised anew, or arithmetic mean.",
)
_WEIGHTS = flags.DEFINE_list(
    "weights",
    None,
    "Of each directory, in their order; its trials share it. Left out: all the same.",
)
_SIZE = flags.DEFINE_integer(
    "trials_per_ensemble",
    0,
    "With --over=trials or both: trials of an ensemble. Of six trials 3 makes two "
    "ensembles that share none, and so a spread. 0: all in one.",
    lower_bound=0,
)
_METHODS = flags.DEFINE_list(
    "method_of_each",
    None,
    "The method of each directory, or one for all. Left out: each method with its "
    "namesakes, or with the only one of each directory.",
)
_TARGETS = flags.DEFINE_list(
    "only_targets",
    None,
    "Targets to fuse on. Left out: all, which each directory must then have.",
)
_MIX = flags.DEFINE_bool(
    "mix_transductive",
    False,
    "Fuse runs whose inputs are normalised with the target's unlabelled utterances "
    "with runs whose are not. What is fused is transductive.",
)
GROUPS = {
    "Fusion": (
        *("over", "fusion_mean", "weights", "trials_per_ensemble"),
        *("method_of_each", "only_targets", "mix_transductive"),
    ),
    "Output": ("workdir", "overwrite"),
}


def read_options(directories: int) -> Options:
    """Reads the flags.

    Args:
      directories: how many are named.

    Returns:
      What is asked for.

    Raises:
      InputError: flags contradict each other or the directories.
    """
    if not directories:
        raise InputError(
            "Name the work directories: python -m experiments.fuse runs/log_mel "
            "runs/egemaps --workdir=runs/fused."
        )
    return Options(
        over=_over(directories),
        weights=_weights(directories),
        mean=_MEAN.value,
        methods=_methods(directories),
        targets=tuple(_TARGETS.value or ()),
        trials_per_ensemble=_SIZE.value,
        mix_transductive=_MIX.value,
    )


def _over(directories: int) -> str:
    over = _OVER.value or ("directories" if directories > 1 else "trials")
    if over == "trials" and directories > 1:
        raise InputError(
            f"--over=trials is of one directory, and {directories} are named. Fuse "
            "them one by one, each into its own --workdir, or all by --over=both."
        )
    if over != "trials" and directories < 2:
        raise InputError(
            f"--over={over} is of several directories, and one is named. Name others, "
            "or fuse its trials by --over=trials."
        )
    if over == "directories" and _SIZE.value:
        raise InputError(
            f"--trials_per_ensemble={_SIZE.value} fuses trials, and --over=directories "
            "does not. Choose --over=both."
        )
    return over


def _methods(directories: int) -> tuple[str, ...]:
    methods = tuple(_METHODS.value or ())
    if len(methods) not in (0, 1, directories):
        raise InputError(
            f"--method_of_each={','.join(methods)}: {len(methods)} methods for "
            f"{directories} directories. Name one for all, or one for each."
        )
    return methods * directories if len(methods) == 1 else methods


def _weights(directories: int) -> tuple[float, ...]:
    given = _WEIGHTS.value or ["1"] * directories
    try:
        weights = tuple(float(text) for text in given)
    except ValueError:
        weights = ()
    if len(weights) != directories or not all(0 < w < math.inf for w in weights):
        raise InputError(
            f"--weights={','.join(given)}: give a number above 0 for each of the "
            f"{directories} directories, such as "
            f"--weights={','.join(['1'] * directories)}."
        )
    return weights
