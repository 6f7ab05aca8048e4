"""The flags of the benchmark, and what they ask for.

They are a set of their own: experiments.main has a ``--steps`` too.
"""

from collections.abc import Collection, Sequence

from absl import flags

from damldg_jax.errors import InputError, unknown
from experiments.benchmark.measures import MEASURES
from experiments.benchmark.options import PAPER_SCENARIOS, Options, shapes_of
from experiments.benchmark.process import PEERS
from experiments.benchmark.session import Effort
from experiments.benchmark.setting import STAGE_SIZES, Setting
from experiments.benchmark.variants import DEFAULT_VARIANT, VARIANTS

_ALL = "all"
_FOCUS = ("deep_all",)

_LISTS = {
    "measure": (MEASURES, f"What to measure. Of {', '.join(MEASURES)}."),
    "variants": (
        DEFAULT_VARIANT.values(),
        f"Training steps to measure. Of {', '.join(VARIANTS)}.",
    ),
    "focus": (
        _FOCUS,
        "Those of which all but the table of steps is measured. In deep_all input has "
        "the largest share; da_mldg_second_order is what takes longest.",
    ),
    "peers": (
        (),
        "Other frameworks to measure in the variants that they have. Of "
        f"{', '.join(PEERS)}.",
    ),
    "scenario": (
        (_ALL,),
        "Scenarios of the paper, whose number of sources gives batches their shape, or "
        f"all. Of {', '.join(PAPER_SCENARIOS)}. All is measured on the first one's "
        "shape, the methods of the paper on the others' too.",
    ),
    "lanes": (("10",), "Numbers of trials to compute side by side on one device."),
}
_ENUMS = {
    "depth": (
        "10",
        list(map(str, STAGE_SIZES)),
        "Layers of the ResNet; 18 in the paper.",
    ),
    "compute_dtype": (
        "float32",
        ["float32", "bfloat16"],
        "Of convolutions, products and activations.",
    ),
    "matmul_precision": (
        "default",
        ["default", "high", "highest"],
        "Of products in float32, as JAX names it. default is tf32 on recent GPUs and "
        "bfloat16 on TPUs.",
    ),
}
_NUMBERS = {
    "width": (16, 1, "Channels of the first stage of the ResNet; 64 in the paper."),
    "batch_size": (32, 1, "Samples of a step, the nearest multiple of the domains."),
    "per_domain": (None, 1, "Samples of each domain, in place of --batch_size."),
    "frames": (198, 1, "Of a sample."),
    "features": (64, 1, "Of a frame."),
    "steps_per_call": (8, 2, "Steps to do in one call, against one."),
    "host_devices": (
        0,
        0,
        "Parts a CPU by force into so many devices where several are measured; 0 does "
        "not.",
    ),
    "trials": (10, 1, "Of the evaluation that is projected."),
    "epochs": (50, 1, "Likewise."),
    "rounds": (3, 1, "In each of which every process has its turn."),
    "steps": (2, 1, "Calls of a process in its turn, at least."),
    "at_once": (6, 2, "Processes that wait in memory at a time, where that will do."),
}


def make_flags() -> flags.FlagValues:
    """Makes the flags."""
    made = flags.FlagValues()
    for name, (default, text) in _LISTS.items():
        flags.DEFINE_list(name, list(default), text, flag_values=made)
    for name, (default, allowed, text) in _ENUMS.items():
        flags.DEFINE_enum(name, default, allowed, text, flag_values=made)
    for name, (default, least, text) in _NUMBERS.items():
        flags.DEFINE_integer(name, default, text, lower_bound=least, flag_values=made)
    flags.DEFINE_float(
        "turn_seconds",
        0.3,
        "How long a turn lasts at least, in calls that take less.",
        lower_bound=0.0,
        flag_values=made,
    )
    flags.DEFINE_string("json", None, "File for the records.", flag_values=made)
    flags.DEFINE_string(
        "profile",
        None,
        "Folder for a trace of a few calls of each step of --focus. To look at it: pip "
        "install tensorboard xprof; tensorboard --logdir=FOLDER, tab Profile.",
        flag_values=made,
    )
    return made


def read_options(
    values: flags.FlagValues, cache_dir: str, shared_cache: str
) -> Options:
    """What parsed flags ask for.

    Args:
      values: of the flags.
      cache_dir: folder for compilation caches whose content is known.
      shared_cache: of the compilation cache of all other workers; that of the
        environment if empty.

    Returns:
      The options.

    Raises:
      InputError: a name is unknown, a list is empty, or two flags exclude another.
    """
    if values.per_domain and values["batch_size"].present:
        raise InputError(
            f"--batch_size={values.batch_size} and --per_domain={values.per_domain} "
            "both give the size of a step: leave one out."
        )
    scenarios = _known("scenario", values.scenario, (*PAPER_SCENARIOS, _ALL))
    if _ALL in scenarios:
        scenarios = PAPER_SCENARIOS
    return Options(
        base=Setting(
            depth=int(values.depth),
            width=values.width,
            frames=values.frames,
            features=values.features,
            dtype=values.compute_dtype,
            precision=values.matmul_precision,
            cache_dir=shared_cache,
        ),
        variants=_some("variants", "variant", values.variants, VARIANTS),
        focus=_some("focus", "variant", values.focus, VARIANTS),
        peers=_known("peer", values.peers, PEERS),
        shapes=shapes_of(scenarios, values.batch_size, values.per_domain),
        lanes=_counts(values.lanes),
        steps_per_call=values.steps_per_call,
        at_once=values.at_once,
        trials=values.trials,
        epochs=values.epochs,
        cache_dir=cache_dir,
    )


def read_measures(values: flags.FlagValues) -> tuple[str, ...]:
    """Names of what to measure, in the order of the table.

    Raises:
      InputError: one is unknown, or none is given.
    """
    named = _some("measure", "measure", values.measure, MEASURES)
    return tuple(name for name in MEASURES if name in named)


def read_effort(values: flags.FlagValues) -> Effort:
    """How long to measure."""
    return Effort(values.rounds, values.steps, values.turn_seconds)


def _known(
    kind: str, names: Sequence[str], allowed: Collection[str]
) -> tuple[str, ...]:
    for name in names:
        if name not in allowed:
            raise unknown(kind, name, allowed)
    return tuple(dict.fromkeys(names))


def _some(
    flag: str, kind: str, names: Sequence[str], allowed: Collection[str]
) -> tuple[str, ...]:
    if not names:
        raise InputError(f"--{flag} is empty. Allowed: {', '.join(allowed)}.")
    return _known(kind, names, allowed)


def _counts(texts: Sequence[str]) -> tuple[int, ...]:
    if not all(text.isdecimal() and int(text) > 1 for text in texts):
        raise InputError(
            f"--lanes={','.join(texts)}: give whole numbers above 1, such as 2,10."
        )
    return tuple(map(int, texts))
