"""What is wrong with sources and target as they are given."""

from damldg_jax.corpora.scenarios import WITHIN_CORPUS, Split
from damldg_jax.errors import InputError
from experiments.config import Config


def check_split(split: Split, config: Config) -> None:
    """Refuses sources and targets that do not go together.

    Args:
      split: to be trained and tested on.
      config: what was given, for the remedy.

    Raises:
      InputError: sources are missing or given twice, the target is one of them, or a
        path stands where a name should.
    """
    if not split.sources:
        raise InputError("Name the corpora to train on: --sources=emodb,ravdess,...")
    if split.target in split.sources and split.scenario != WITHIN_CORPUS:
        raise InputError(
            f"The target '{split.target}' is among the sources "
            f"{', '.join(split.sources)}: it would not be unseen. Take it out of "
            "--sources."
        )
    for name in (*split.sources, split.target):
        if "=" in name:
            raise InputError(
                f"'{name}': a corpus is given its path in --corpora, and only its "
                "name in --sources, --target and --also_test. Write "
                f"{_with_paths_in_corpora(config)}"
            )
    for name in split.sources:
        if split.sources.count(name) > 1:
            raise InputError(f"The source '{name}' is given twice in --sources.")


def _with_paths_in_corpora(config: Config) -> str:
    """The flags that name corpora, with all paths where they belong."""
    named = {
        "sources": config.sources,
        "target": (config.target,),
        "also_test": config.also_test,
    }
    entries = [name for names in named.values() for name in names]
    paths = [entry for entry in entries if "=" in entry]
    told = {"corpora": dict.fromkeys([*config.corpora, *paths])} | {
        flag: [name.partition("=")[0] for name in names]
        for flag, names in named.items()
    }
    return " ".join(
        f"--{flag}={','.join(names)}" for flag, names in told.items() if names
    )
