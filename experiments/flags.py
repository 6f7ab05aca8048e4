"""The flags of the commands, in groups, and their translation into a ``Config``."""

import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

from absl import flags

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.corpora.scenarios import SCENARIOS
from damldg_jax.corpora.sources import KNOWN
from damldg_jax.emotions import EMOTIONS
from experiments.config import CHOICES, Config

FLAGS = flags.FLAGS
GROUPS: dict[str, list[str]] = {}
_DEFAULTS = Config()


def _define(group: str, define: Callable[..., Any], name: str, *args, **kwargs) -> None:
    """Defines a flag whose default is the configuration's."""
    default = getattr(_DEFAULTS, name)
    if isinstance(default, tuple):
        default = list(default)
    elif isinstance(default, pathlib.Path) or define is flags.DEFINE_enum:
        default = str(default)
    define(name, default, *args, **kwargs)
    GROUPS.setdefault(group, []).append(name)


def _names(names: object) -> str:
    return ", ".join(map(str, names))


# fmt: off
_define("Data", flags.DEFINE_string, "corpora_dir",
        "Folder of the raw corpora, one folder each, named as in --corpora. May be "
        "left out if the records are prepared already.")
_define("Data", flags.DEFINE_string, "data_dir",
        "Folder of the TFRecords: written once, read by every run.")
_define("Data", flags.DEFINE_list, "corpora",
        "Corpora, separated by commas: names, or name=path of a manifest, a CSV file "
        "with the columns path,emotion,speaker (mine=my/manifest.csv). Known names: "
        f"{_names(KNOWN)}.")
_define("Data", flags.DEFINE_list, "sources",
        "Corpora to train on. Left out: all --corpora but the target.")
_define("Data", flags.DEFINE_string, "target",
        "The unseen corpus to test on, or 'all': each of --corpora in turn, the "
        "others being its sources.")
_define("Data", flags.DEFINE_string, "scenario",
        "Instead of --sources and --target, a scenario of the paper: "
        f"{_names(SCENARIOS)}.")
_define("Data", flags.DEFINE_list, "emotions",
        f"Emotions to tell apart, in the order of the classes. Of {_names(EMOTIONS)}.")
_define("Data", flags.DEFINE_enum, "features", CHOICES["features"],
        "What is computed from a recording.")
_define("Data", flags.DEFINE_bool, "skip_unreadable",
        "Go on without recordings that cannot be used, and list them in the results.")
_define("Data", flags.DEFINE_bool, "overwrite",
        "Delete records and runs of other settings that are in the way, and make them "
        "anew.")
_define("Output", flags.DEFINE_string, "workdir",
        "Folder of everything that a run writes. A run that was interrupted is "
        "continued by the same command.")
_define("Training", flags.DEFINE_list, "methods",
        f"Algorithms to compare. Of {_names(ALGORITHMS)}.")
_define("Training", flags.DEFINE_integer, "trials",
        "Runs of each method; the seed of trial k is --seed + k.", lower_bound=1)
_define("Training", flags.DEFINE_integer, "seed",
        "Of the first trial: initialisation, order and crops.",
        lower_bound=0, upper_bound=2**31 - 1)
_define("Training", flags.DEFINE_integer, "epochs",
        "Length of training, 50 if --steps is left out too. In an epoch as many "
        "utterances are drawn as the sources have for training, the same number from "
        "each.", lower_bound=1)
_define("Training", flags.DEFINE_integer, "steps",
        "Length of training in steps, instead of --epochs.", lower_bound=1)
_define("Training", flags.DEFINE_integer, "batch_size",
        "Utterances in a step; rounded to the nearest multiple of the number of "
        "sources.", lower_bound=1)
_define("Training", flags.DEFINE_float, "learning_rate",
        "Of SGD, the paper's eta_t.", lower_bound=0.0)
_define("Training", flags.DEFINE_float, "momentum",
        "Of SGD.", lower_bound=0.0, upper_bound=1.0)
_define("Training", flags.DEFINE_enum, "risk_mean", CHOICES["risk_mean"],
        "Mean in a loss: over domains, each of which counts the same (Eq. 2), or over "
        "samples, each domain counting by its number of utterances (as in the public "
        "code, which draws batches from the joined corpora). The energies of gamma and "
        "Group DRO do not follow it.")
_define("Training", flags.DEFINE_float, "crop_seconds",
        "Length of a training example. Shorter utterances are padded with silence, "
        "in testing too; longer ones are tested whole.", lower_bound=0.1)
_define("Training", flags.DEFINE_bool, "augment",
        "Stretch each example in time by a factor from [0.8, 1.25] and shift it by up "
        "to a tenth of its length.")
_define("Training", flags.DEFINE_float, "validation_fraction",
        "Part of the speakers of each source that is kept for choosing the best step.",
        lower_bound=0.0, upper_bound=0.9)
_define("Training", flags.DEFINE_enum, "evaluation_statistics",
        CHOICES["evaluation_statistics"],
        "Batch normalisation in evaluation: by statistics recomputed on training "
        "utterances for the parameters at hand, or by the running ones, which lag.")
_define("Training", flags.DEFINE_integer, "split_seed",
        "Draws the speakers kept for validation; the same for all trials.",
        lower_bound=0, upper_bound=2**31 - 1)
_define("Training", flags.DEFINE_integer, "evaluate_every",
        "Steps between evaluations on the validation speakers, each of which also "
        "saves a checkpoint. Left out: once an epoch.", lower_bound=1)
_define("Meta-learning", flags.DEFINE_float, "inner_learning_rate",
        "Of the virtual update, the paper's eta_s; also of the steps of Fish.",
        lower_bound=0.0)
_define("Meta-learning", flags.DEFINE_integer, "inner_steps",
        "Virtual updates in a row; 1 in the paper. Each further one costs as much "
        "again.", lower_bound=1)
_define("Meta-learning", flags.DEFINE_integer, "num_held_out",
        "Source corpora that are meta-test in a step.", lower_bound=1)
_define("Meta-learning", flags.DEFINE_bool, "second_order",
        "Derive the meta-test loss through the virtual update (the paper). Off: first "
        "order, faster.")
_define("Meta-learning", flags.DEFINE_bool, "margin_gradient",
        "Let the gradient flow through the domain-shift margin gamma; off: gamma is a "
        "mere number. The paper is silent.")
_define("Meta-learning", flags.DEFINE_enum, "energy_statistics",
        CHOICES["energy_statistics"],
        "Batch normalisation where gamma is computed: by the statistics of each batch, "
        "or by running ones (as the public code does). The paper is silent.")
_define("Meta-learning", flags.DEFINE_float, "temperature",
        "T of the energy score; 1 in the paper.", lower_bound=1e-6)
_define("Other algorithms", flags.DEFINE_float, "group_dro_step_size",
        "By which the weights of Group DRO follow the risks.", lower_bound=0.0)
_define("Other algorithms", flags.DEFINE_float, "irm_penalty",
        "Weight of IRM's penalty.", lower_bound=0.0)
_define("Other algorithms", flags.DEFINE_float, "vrex_penalty",
        "Weight of V-REx's variance of risks.", lower_bound=0.0)
_define("Other algorithms", flags.DEFINE_integer, "penalty_warmup",
        "Steps in which the penalties of IRM and V-REx weigh 1.", lower_bound=0)
_define("Other algorithms", flags.DEFINE_float, "coral_penalty",
        "Weight of CORAL's distance between domains.", lower_bound=0.0)
_define("Other algorithms", flags.DEFINE_float, "mixup_alpha",
        "Both parameters of the Beta distribution by which Mixup mixes two domains.",
        lower_bound=1e-6)
_define("Other algorithms", flags.DEFINE_float, "mixstyle_alpha",
        "Both parameters of the Beta distribution by which MixStyle mixes the "
        "statistics of two domains.", lower_bound=1e-6)
_define("Other algorithms", flags.DEFINE_float, "mixstyle_probability",
        "That MixStyle alters a step.", lower_bound=0.0, upper_bound=1.0)
_define("Other algorithms", flags.DEFINE_float, "sam_radius",
        "rho of SAM, how far it climbs before it descends.", lower_bound=0.0)
_define("Model", flags.DEFINE_enum, "model_depth", CHOICES["model_depth"],
        "Layers of the ResNet.")
_define("Model", flags.DEFINE_integer, "model_width",
        "Channels of its first stage, doubled from stage to stage. 8 or 16 suit a "
        "laptop.", lower_bound=1)
_define("Devices", flags.DEFINE_enum, "parallel", CHOICES["parallel"],
        "data: share each step out among all local devices; none: use the first.")
# fmt: on


def read_config() -> Config:
    """Makes the configuration that the parsed flags describe."""
    values: dict[str, Any] = {
        field.name: FLAGS[field.name].value for field in dataclasses.fields(Config)
    }
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(word.strip() for word in value if word.strip())
    for name in ("corpora_dir", "data_dir", "workdir"):
        path = values[name]
        values[name] = pathlib.Path(path).expanduser() if path else None
    values["model_depth"] = int(values["model_depth"])
    values["target"] = values["target"] or ""
    values["scenario"] = values["scenario"] or ""
    return Config(**values)
