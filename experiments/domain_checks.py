"""Refuses domains that a step cannot be made of, and tells what follows from them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from damldg_jax.dataset import Dataset
from damldg_jax.errors import InputError
from damldg_jax.source_domains import SourceDomain
from experiments.config import Config


def check_sizes(
    domains: Sequence[SourceDomain], per_domain: int, config: Config
) -> None:
    """Refuses groups of speakers that a step cannot be made of.

    Whole corpora are taken as they are: of a small one utterances come twice in a step.

    Args:
      domains: of a run.
      per_domain: utterances of each in a step.
      config: all settings.

    Raises:
      InputError: the batch is too small for so many, or one has too few utterances.
    """
    if not any(domain.speakers for domain in domains):
        return
    number = len(domains)
    if config.batch_size < number:
        raise InputError(
            f"--batch_size={config.batch_size} is too small for --domains=speakers: "
            f"a step has an utterance of each of {number} domains at least. Make it "
            f"{number} or more, or the domains fewer by --domains_per_corpus."
        )
    least = min(domains, key=lambda domain: len(domain.members))
    if (size := len(least.members)) < per_domain:
        raise InputError(
            f"--domains=speakers: the domain '{least.name}' has {size} utterance(s) to "
            f"train on, and --batch_size={config.batch_size} takes {per_domain} of "
            f"each of {number} domains in a step. Make it {size * number} or less, or "
            "the domains fewer and larger by --domains_per_corpus."
        )


def about_domains(
    dataset: Dataset, domains: Sequence[SourceDomain], config: Config
) -> list[str]:
    """What the user should know of domains that are groups of speakers.

    Args:
      dataset: that they are of.
      domains: of a run.
      config: all settings.

    Returns:
      A sentence for each; none of whole corpora.
    """
    if not any(domain.speakers for domain in domains):
        return []
    notices, of_each = [], Counter(domain.corpus for domain in domains)
    if len({*of_each.values()}) > 1:
        told = ", ".join(f"{count} of {name}" for name, count in of_each.items())
        notices.append(
            f"Each speaker is a domain, {told}: a step has as many utterances of each "
            "speaker, so sources of more speakers count for more. "
            "--domains_per_corpus=N has all count alike."
        )
    if config.balance == "classes":
        notices += _about_classes(dataset, domains)
    return notices


def _about_classes(dataset: Dataset, domains: Sequence[SourceDomain]) -> list[str]:
    labels, phrases = dataset.store.labels, dataset.target.phrases
    lacking = {
        domain.name: [
            phrases[label]
            for label in np.setdiff1d(np.arange(len(phrases)), labels[domain.members])
        ]
        for domain in domains
    }
    found = [f"{name} ({', '.join(its)})" for name, its in lacking.items() if its]
    if not found:
        return []
    return [
        f"--balance=classes: {len(found)} of {len(domains)} domains lack classes, such "
        f"as {found[0]}: the others are drawn in their place, so that these come less "
        "often in all."
    ]
