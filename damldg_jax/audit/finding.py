"""A sentence about corpora that asks for something."""

from typing import NamedTuple

WARNING = "warning"
NOTE = "note"


class Finding(NamedTuple):
    """What was found, and what to do about it.

    Attributes:
      severity: `WARNING` for what makes results wrong or training fail, `NOTE` for
        what one should know.
      corpora: names of those that it is about; none if it is about none.
      text: whole sentences, the last of which is the remedy.
      recordings: names of all recordings, or of the speakers, that it is about.
    """

    severity: str
    corpora: tuple[str, ...]
    text: str
    recordings: tuple[str, ...] = ()
