"""Refuses methods that there are not, or that too few domains are there for."""

from damldg_jax.algorithms import ALGORITHMS
from damldg_jax.corpora.scenarios import WITHIN, WITHIN_CORPUS, Split
from damldg_jax.errors import InputError, unknown
from damldg_jax.source_domains import DOMAINS
from experiments.config import Config


def check_methods(config: Config) -> None:
    """Refuses methods that there are not.

    Raises:
      InputError: a name is unknown, twice there, or none is.
    """
    if not config.methods:
        raise InputError("Name at least one method, such as --methods=da_mldg.")
    for method in config.methods:
        if method not in ALGORITHMS:
            raise unknown("method", method, ALGORITHMS)
        if config.methods.count(method) > 1:
            raise InputError(f"The method '{method}' is given twice in --methods.")


def suits(method: str, num_sources: int, config: Config) -> bool:
    """Whether a method can learn from so many sources, as far as can be told of them.

    Args:
      method: its key in the table of algorithms.
      num_sources: how many there are.
      config: says how many domains it is to hold out, and what is a domain.
    """
    per_corpus = DOMAINS[config.domains].per_corpus(config.domains_per_corpus)
    # Where the data decide, they are asked when they are there.
    return per_corpus is None or num_sources * per_corpus >= _least(method, config)


def check_methods_of_split(config: Config, split: Split) -> None:
    """Refuses methods that the sources of a split are too few for.

    Raises:
      InputError: there is one; the message says what it needs.
    """
    for method in config.methods:
        if suits(method, len(split.sources), config):
            continue
        if config.domains != "corpora":
            per_corpus = DOMAINS[config.domains].per_corpus(config.domains_per_corpus)
            raise _too_few(method, len(split.sources) * per_corpus, config, split)
        if split.scenario == WITHIN_CORPUS:
            raise InputError(
                f"The method '{method}' needs several corpora to learn from, and "
                f"'{WITHIN}' trains on one at a time. Name methods that do with "
                f"one: --methods={','.join(_with_one_domain())}; or make speakers its "
                "domains: --domains=speakers."
            )
        raise InputError(
            f"The method '{method}' {_needs(method, config, 'sources')}; given: "
            f"{', '.join(split.sources)}. Add a corpus to --sources, or choose "
            "another method."
        )


def check_methods_of_domains(config: Config, split: Split, num_domains: int) -> None:
    """Refuses methods that the domains of a division are too few for.

    Args:
      config: names the methods.
      split: of the division.
      num_domains: of the division.

    Raises:
      InputError: there is one; the message says what it needs.
    """
    for method in config.methods:
        if num_domains < _least(method, config):
            raise _too_few(method, num_domains, config, split)


def _too_few(method: str, num_domains: int, config: Config, split: Split) -> InputError:
    number = config.domains_per_corpus
    asked = f" with --domains_per_corpus={number}" if number else ""
    remedies = ["Make --domains_per_corpus larger"] if number else []
    if ALGORITHMS[method].holds_out and config.num_held_out > 1:
        remedies.append("lower --num_held_out")
    remedies += ["add a corpus to --sources", "choose another method"]
    *first, last = remedies
    told = f"{', '.join(first)}, or {last}."
    return InputError(
        f"The method '{method}' {_needs(method, config, 'domains')}, and "
        f"--domains={config.domains}{asked} makes {num_domains} of "
        f"{', '.join(split.sources)}. {told[0].upper()}{told[1:]}"
    )


def _needs(method: str, config: Config, what: str) -> str:
    held_out = _held_out(method, config)
    reason = f", of which it holds {held_out} out at each step" * bool(held_out)
    return f"needs at least {_least(method, config)} {what}{reason}"


def _least(method: str, config: Config) -> int:
    """Domains that a method needs."""
    return ALGORITHMS[method].min_domains + _held_out(method, config)


def _held_out(method: str, config: Config) -> int:
    return config.num_held_out if ALGORITHMS[method].holds_out else 0


def _with_one_domain() -> list[str]:
    return [
        name
        for name, entry in ALGORITHMS.items()
        if entry.min_domains == 1 and not entry.holds_out
    ]
