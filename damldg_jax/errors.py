"""Errors whose cure lies with the user: wrong usage or data that is off.

Commands report them as one message without a traceback and exit with status 2.
"""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """What the user gave cannot be used; the message names it and the remedy."""


class RecordingError(InputError):
    """A recording that cannot be used, with the reason as its message."""


def unknown(kind: str, value: str, allowed: Iterable[str]) -> InputError:
    """Describes a value that is not among the allowed ones.

    Args:
      kind: what the value stands for, such as ``"corpus"``.
      value: what was given.
      allowed: every value that would do.

    Returns:
      An error, to be raised by the caller, that names the value, its nearest
      match and everything that is allowed.
    """
    allowed = sorted(allowed)
    nearest = difflib.get_close_matches(value.lower(), allowed, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return InputError(f"Unknown {kind} '{value}'.{hint} Allowed: {', '.join(allowed)}.")
