"""What cannot be written is told to the user, who can make room or choose a folder."""

import contextlib
import pathlib
from collections.abc import Iterator

from damldg_jax.corpora.files import printable
from damldg_jax.errors import InputError


class Unwritable(InputError):
    """A folder or file of the records cannot be written."""


@contextlib.contextmanager
def writing(
    folder: pathlib.Path, *errors: type[Exception], flag: str = "--data_dir"
) -> Iterator[None]:
    """Turns errors of the file system into one that names the folder and the remedy.

    Nothing but writing should go on inside: another error would be told as one of it.

    Args:
      folder: that is written to; it lies in the folder of the records, or is that one.
      *errors: what else is raised when a file cannot be written, with its message.
      flag: by which another folder is chosen.

    Yields:
      None.

    Raises:
      Unwritable: something could not be written.
    """
    try:
        yield
    except (OSError, *errors) as error:
        reason = getattr(error, "strerror", None) or str(error)
        file = getattr(error, "filename", None)
        where = f" ({file})" if file else ""
        raise Unwritable(
            printable(f"Cannot write to {folder}: {reason}{where}. ")
            + "Make room there, see to its permissions, or choose another folder by "
            f"{flag}."
        ) from error
