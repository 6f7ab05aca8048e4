"""How much a unit trains on, as far as the records tell without being read."""

from damldg_jax.errors import InputError
from damldg_jax.records.provenance import read_description
from experiments.sweep.rows import is_within
from experiments.sweep.units import Unit


def size_of(unit: Unit) -> float | None:
    """The utterances that the training of a unit draws from.

    Args:
      unit: of a sweep.

    Returns:
      Their number, but for those kept for validation; 1 where the length of training
      is given in steps; None where a corpus is not prepared yet.
    """
    config, split = unit.config, unit.splits[0]
    if config.steps:
        return 1.0
    counts = [_count(unit, name) for name in split.sources]
    if None in counts:
        return None
    return sum(counts) * (1.0 - config.test_fraction if is_within(split) else 1.0)


def _count(unit: Unit, corpus: str) -> int | None:
    try:
        description = read_description(unit.config.data_dir, corpus)
    except InputError:
        return None  # Damaged: whoever reads the records tells.
    if description is None:
        return None
    counts = description[1].counts
    # Of dimensions all emotions take part.
    classes = unit.config.make_target().mapping or counts
    return sum(number for emotion, number in counts.items() if emotion in classes)
