"""What the user should know before a command trains."""

from collections.abc import Sequence

from damldg_jax.algorithms import ALGORITHMS
from experiments.config import Config
from experiments.data import Prepared
from experiments.domain_checks import about_domains
from experiments.runs import Run, schedule

# What domains are called.
_DOMAINS = {"corpora": "sources", "speakers": "domains"}


def notices_of(prepared: Prepared, runs: Sequence[Run], config: Config) -> list[str]:
    """What the user should know of data and runs, each sentence once.

    Args:
      prepared: the data.
      runs: to be done.
      config: all settings.

    Returns:
      The sentences.
    """
    notices = list(prepared.notices)
    for corpus, reasons in prepared.skipped.items():
        notices.append(f"{corpus}: {len(reasons)} recording(s) are left out.")
    if not prepared.dataset.frame_rate:
        notices += about_single_frames(config)
    for run in runs:
        notices += run.division.notices
        domains = run.division.domains
        notices += about_domains(prepared.dataset, domains, config)
        batch_size = schedule(run.division, config).batch_size
        if batch_size != config.batch_size:
            notices.append(
                f"The batch size is {batch_size}: as many utterances of each of the "
                f"{len(domains)} {_DOMAINS[config.domains]}, nearest to "
                f"{config.batch_size}."
            )
    return list(dict.fromkeys(notices))


def about_single_frames(config: Config) -> list[str]:
    """What mixing or masking over time means where an utterance is a single frame."""
    masked = [
        f"--mask_frames={config.mask_frames} covers nothing, as each utterance is a "
        "single frame; --mask_features does."
    ] * bool(config.mask_frames)
    return masked + [
        f"{ALGORITHMS[method].title} mixes statistics over time, and each utterance is "
        "a single frame: whole embeddings of two corpora are mixed, and keep the label "
        "of one."
        for method in config.methods
        if ALGORITHMS[method].over_time
    ]
