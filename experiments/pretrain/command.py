r"""Trains a network to tell speakers apart, for runs on emotions to begin with.

  python -m experiments.pretrain --flagfile=experiments/flagfiles/pretrain.flags \
      --corpora_dir=corpora --corpora=voxceleb
  python -m experiments.pretrain --corpora_dir=corpora \
      --corpora=emodb,ravdess,savee,emovo --target=emovo

Speakers of all --corpora but the --target; whatever is said and felt counts. Of each
speaker some utterances are kept for choosing the best step and some for the test. The
encoder of the best step is a model of its run, below --workdir/runs, and a line tells
how a run on emotions begins with it. The same command continues what was interrupted.
There is one method, deep_all, and one trial; flags that concern others count for
nothing.
"""

import dataclasses

from absl import flags

from damldg_jax.errors import InputError
from damldg_jax.prediction.places import place
from experiments.adaptations import asked_for
from experiments.config import Config
from experiments.console import say
from experiments.experiment import Outcome, carry_out_alone
from experiments.flags import GROUPS as ALL_GROUPS
from experiments.pretrain.plan import make_plan

_OTHERS = (
    *("scenario", "also_test", "target_kind", "emotions", "excitement_as_happiness"),
    *("dimension_range", "methods", "trials", "dimension_loss", "dimension_bins"),
    *("vary_split", "domains", "domains_per_corpus"),
)
_NO_GROUPS = ("Meta-learning", "Other algorithms")
GROUPS = {
    group: [name for name in names if name not in _OTHERS]
    for group, names in ALL_GROUPS.items()
    if group not in _NO_GROUPS
}
# What a run must have the same to begin with the encoder.
_OF_THE_NETWORK = (
    *("features", "normalization", "model", "model_depth", "model_width"),
    *("network_norm", "hidden_units", "tuned_layers"),
)
# The paper's, section "Pre-training"; how much is held out is ours.
DEFAULTS = {
    "workdir": "runs/pretraining",
    "batch_size": 64,
    "learning_rate": 0.01,
    "validation_fraction": 0.1,
    "test_fraction": 0.1,
}


def choose_defaults() -> None:
    """Gives flags that runs on emotions share another default."""
    for name, value in DEFAULTS.items():
        flags.FLAGS.set_default(name, value)


def main(config: Config) -> None:
    """Trains, tests on other utterances of the same speakers, and names the encoder.

    Args:
      config: all settings.

    Raises:
      InputError: settings or data are off.
      FloatingPointError: training diverged.
    """
    if config.variants or asked_for(config):
        raise InputError(
            "Pre-training takes neither --variants, as altered copies would be "
            "speakers of their own, nor --evaluation_statistics=target or "
            "--tent_steps, as nobody it is tested on is new to it. Leave them out."
        )
    config = dataclasses.replace(
        config,
        target_kind="speaker",
        methods=("deep_all",),
        trials=1,
        vary_split=False,
        domains="corpora",
        domains_per_corpus=None,
    )
    carry_out_alone(make_plan, config, lambda outcome: _tell(outcome, config))


def _tell(outcome: Outcome, config: Config) -> None:
    """Says how a run begins with the encoder."""
    for run in outcome.runs:
        if run.folder not in outcome.results:
            continue
        selection = "best" if run.division.validation else "last"
        path = place(run.folder, selection)
        begin = " ".join([f"--init_from={path}", *_same_network(config)])
        say(
            f"A run on emotions begins with this encoder by {begin}; it must not be "
            f"tested on {', '.join(run.split.sources)}."
        )


def _same_network(config: Config) -> list[str]:
    """The flags by which a run has the same network and features."""
    told = {name: getattr(config, name) for name in _OF_THE_NETWORK}
    default = {field.name: field.default for field in dataclasses.fields(Config)}
    return [f"--{n}={_text(x)}" for n, x in told.items() if x != default[n]]


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
