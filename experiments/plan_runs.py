"""Lists the runs of a plan, and refuses such as cannot be trained."""

import dataclasses

import numpy as np

from damldg_jax.batches import check_shares
from damldg_jax.chunks import check_parts
from damldg_jax.corpora.scenarios import Split
from damldg_jax.errors import InputError
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.normalization_checks import check_normalization
from experiments.config import Config
from experiments.data import Prepared
from experiments.devices import choose_layout
from experiments.division import Division
from experiments.domain_checks import check_sizes
from experiments.method_checks import check_methods_of_domains
from experiments.plan import Plan
from experiments.ranges import RANGES
from experiments.results import run_folder
from experiments.runs import Run, schedule
from experiments.unseen import check_unseen


def list_runs(plan: Plan, prepared: Prepared, config: Config) -> list[Run]:
    """Lists the runs of a plan: each split by each method in each trial.

    Args:
      plan: sources and targets.
      prepared: the data.
      config: methods, trials, and how speakers are drawn.

    Returns:
      The runs, in the order in which they are to be done.

    Raises:
      InputError: one of them cannot be trained.
    """
    check_unseen(config, plan.splits, prepared.hashes)
    runs = []
    for split in plan.splits:
        divisions = _divisions(plan, split, prepared, config)
        for division in divisions if config.vary_split else divisions[:1]:
            # Refused before anything is trained.
            _check(split, division, prepared, config)
        for method in config.methods:
            for trial, division in enumerate(divisions):
                folder = run_folder(config.workdir, split, method, trial)
                runs.append(
                    Run(split, division, method, trial, config.seed + trial, folder)
                )
    return runs


def _divisions(
    plan: Plan, split: Split, prepared: Prepared, config: Config
) -> list[Division]:
    """The division of each trial: one for all, or each one's own."""

    def division(seed: int) -> Division:
        drawn = dataclasses.replace(config, split_seed=seed)
        return plan.divide(prepared.dataset, split, drawn, prepared.duplicates)

    if config.vary_split:
        seeds = RANGES["split_seed"].high + 1
        return [
            division((config.split_seed + trial) % seeds)
            for trial in range(config.trials)
        ]
    return [division(config.split_seed)] * config.trials


def _check(
    split: Split, division: Division, prepared: Prepared, config: Config
) -> None:
    """Refuses what cannot be trained."""
    domains, per_domain = len(division.domains), schedule(division, config).per_domain
    sharing = choose_layout(config).num_sharing
    check_methods_of_domains(config, split, domains)
    check_sizes(division.domains, per_domain, config)
    check_shares(per_domain, domains, sharing)
    check_parts(per_domain, domains, sharing, config.micro_batches)
    _check_samples(per_domain, domains, prepared, config)
    check_normalization(
        prepared.dataset,
        NORMALIZATIONS[config.normalization],
        np.concatenate(division.train),
        NETWORKS[config.network].pools_inputs,
        config.normalization_prior,
    )


def _check_samples(
    per_domain: int, num_domains: int, prepared: Prepared, config: Config
) -> None:
    """Refuses steps of too few utterances of each domain for the loss."""
    least = prepared.dataset.target.objective.min_per_domain
    if per_domain < least:
        raise InputError(
            f"--dimension_loss={config.dimension_loss} needs {least} utterances of each"
            f" domain in a step, and --batch_size={config.batch_size} gives "
            f"{per_domain}. Make it {least * num_domains} or more, or choose "
            "--dimension_loss=mse."
        )
