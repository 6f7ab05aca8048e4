"""Reads settings that are several values, as flags and notebooks give them."""

import math
from collections.abc import Iterable, Sequence

from damldg_jax.errors import InputError
from damldg_jax.labelling import Scale

# Settings that are several whole numbers: the least, and what none stands for.
NUMBERS = {
    "hidden_units": (1, "no hidden layer"),
    "encoder_layer": (0, "the middle layer"),
}


def items(given: object) -> Sequence[object]:
    """Reads several values: a sequence, text with commas, one alone, or None."""
    if isinstance(given, str):
        return given.split(",")
    if given is None:
        return ()
    return tuple(given) if isinstance(given, Iterable) else (given,)


def words(given: object) -> tuple[str, ...]:
    """Reads words: those that are left of the values without blanks around them."""
    found = (str(item).strip() for item in items(given))
    return tuple(word for word in found if word)


def scale(given: str | Sequence[float | str]) -> Scale:
    """Reads a range of numbers.

    Raises:
      InputError: it is none.
    """
    bounds = items(given)
    try:
        low, high = map(float, bounds)
        if -math.inf < low < high < math.inf:
            return low, high
    except (ValueError, TypeError):
        pass  # Told below, as is a range that is none.
    raise InputError(
        f"--dimension_range={','.join(map(str, bounds))} is no range: give the lowest "
        "and the highest value, such as --dimension_range=1,5."
    )


def whole_numbers(
    name: str, values: Sequence[int | str] | int | str
) -> tuple[int, ...]:
    """Reads whole numbers, or text with commas, of a setting of ``NUMBERS``.

    Raises:
      InputError: they are none, or too small.
    """
    texts, (least, nothing) = words(values), NUMBERS[name]
    if not all(text.isdecimal() and int(text) >= least for text in texts):
        raise InputError(
            f"--{name}={','.join(texts)}: give whole numbers, at least {least}, "
            f"separated by commas, or nothing for {nothing}."
        )
    return tuple(map(int, texts))
