"""What the user should know before a command trains."""

from collections.abc import Sequence

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.masking import widest
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
    notices += about_masks(prepared.dataset.frame_rate, config)
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


def about_masks(frame_rate: float, config: Config) -> list[str]:
    """What is asked for and masks nothing.

    Args:
      frame_rate: frames per second; 0 if each utterance is one frame.
      config: all settings.

    Returns:
      A sentence for each such kind of masks.
    """
    features = config.extractor
    frames = features.num_frames(config.crop_seconds, frame_rate)
    bands = features.num_features // features.channels
    of_each = (
        ("mask_frames", config.mask_frames, frames, "frames", "--mask_features"),
        ("mask_features", config.mask_features, bands, "bands", "--mask_frames"),
    )
    return [
        f"--{flag}={part:g} masks nothing, as an example "
        + (
            f"has {size} {what}: give a greater part, or leave it out."
            if size > 1
            else f"is one of the {what}: leave it out; {other} may have an effect."
        )
        for flag, part, size, what, other in of_each
        if part and not widest(part, size)
    ]


def about_single_frames(config: Config) -> list[str]:
    """What mixing over time means where an utterance is a single frame."""
    return [
        f"{ALGORITHMS[method].title} mixes statistics over time, and each utterance is "
        "a single frame: whole embeddings of two corpora are mixed, and keep the label "
        "of one."
        for method in config.methods
        if ALGORITHMS[method].over_time
    ]
