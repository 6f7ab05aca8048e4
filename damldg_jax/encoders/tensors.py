"""The tensors of an encoder's weights, in a safetensors file or a folder of them."""

import hashlib
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from damldg_jax.errors import InputError

# That names them, unless another does.
FLAG = "encoder_weights"
_SUFFIX = ".safetensors"
_WHOLE = f"model{_SUFFIX}"
# Names are shown as far as a line is long.
_SHOWN = 3


class Tensors:
    """Tensors that are read when they are asked for.

    Attributes:
      path: of the file or folder, as the user gave it.
      told: the flag and the path, as messages tell it.
      shapes: of each tensor, by name.
    """

    def __init__(self, path: pathlib.Path, flag: str = FLAG):
        """Reads the names and shapes.

        Args:
          path: of a file; or of a folder that holds ``model.safetensors`` or the parts
            of a model, all of which are read.
          flag: that gave it, for messages.

        Raises:
          InputError: there is no such file, it is damaged, or two hold one name.
        """
        self.path, self.told = path, f"--{flag}={path}"
        self.files = _files(path, flag)
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._file_of: dict[str, pathlib.Path] = {}
        for file in self.files:
            with _opened(self.told, file) as opened:
                for name in opened.keys():  # noqa: SIM118 - it is no dictionary
                    if name in self.shapes:
                        raise InputError(
                            f"{self.told}: '{name}' is in "
                            f"{self._file_of[name].name} and in {file.name}. Keep the "
                            "files of one model alone in the folder."
                        )
                    self.shapes[name] = tuple(opened.get_slice(name).get_shape())
                    self._file_of[name] = file

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """The shape of a tensor that must be there and have so many axes."""
        found = self.shapes.get(name)
        if found is None or len(found) != rank or 0 in found:
            told = "is missing" if found is None else f"has the shape {list(found)}"
            raise InputError(
                f"{self.told}: '{name}' {told}, where {rank} axes "
                "are needed. The file is damaged, or of another model."
            )
        return found

    def check(
        self, wanted: Mapping[str, tuple[int, ...]], ignored: Sequence[str] = ()
    ) -> None:
        """Refuses tensors that are not all and only those of an encoder.

        Args:
          wanted: shape of each, by name.
          ignored: beginnings of names that do not count.

        Raises:
          InputError: some are missing, too many or misshapen; it names them.
        """
        others = [name for name in self.shapes if not name.startswith(tuple(ignored))]
        problems = []
        if missing := sorted(wanted.keys() - self.shapes.keys()):
            problems.append(f"{_some(missing)} missing")
        if extra := sorted(set(others) - wanted.keys()):
            problems.append(f"{_some(extra)} of no known use")
        for name in sorted(wanted.keys() & self.shapes.keys()):
            if (found := self.shapes[name]) != wanted[name]:
                problems.append(
                    f"'{name}' has the shape {list(found)}, not {list(wanted[name])}"
                )
                break
        if problems:
            raise InputError(
                f"{self.told} is not the encoder that it seems to "
                f"be: {'; '.join(problems)}. Download the file anew, or give that of "
                "the model as it was published."
            )

    def read(self, name: str) -> np.ndarray:
        """Reads a tensor as float32.

        Raises:
          InputError: it cannot be read, or holds what are no finite numbers.
        """
        file = self._file_of[name]
        with _opened(self.told, file) as opened:
            value = np.asarray(opened.get_tensor(name))
        value = value.astype(np.float32)
        if not np.isfinite(value).all():
            raise InputError(
                f"{self.told}: '{name}' holds what are no finite "
                "numbers. Download the file anew."
            )
        return value


def identity(path: pathlib.Path) -> tuple[tuple[str, int, int], ...]:
    """Tells files of weights from others that are put in their place, in no time.

    Args:
      path: as for ``Tensors``; there need be nothing.

    Returns:
      Name, size and date of each file.
    """
    files = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
    states = [(str(file), file.stat()) for file in files if file.is_file()]
    return tuple((name, its.st_size, its.st_mtime_ns) for name, its in states)


def digest(path: pathlib.Path, flag: str = FLAG) -> str:
    """A hash of the files of weights, whatever they are called.

    Args:
      path: as for ``Tensors``.
      flag: that gave it, for messages.

    Returns:
      SHA-256 in hexadecimal digits: of a single file that file's own.

    Raises:
      InputError: there is no such file.
    """
    result = hashlib.sha256()
    for file in _files(path, flag):
        with file.open("rb") as opened:
            while block := opened.read(2**20):
                result.update(block)
    return result.hexdigest()


def _files(path: pathlib.Path, flag: str) -> list[pathlib.Path]:
    if path.is_file():
        return [path]
    found = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else []
    # Beside it lie other forms of the same model.
    whole = [file for file in found if file.name == _WHOLE]
    if not found:
        what = "holds no .safetensors file" if path.is_dir() else "does not exist"
        raise InputError(
            f"--{flag}={path} {what}. Give the .safetensors file of a speech "
            "encoder, or the folder that holds it (docs/speech_encoders.md)."
        )
    return whole or found


def _opened(told: str, file: pathlib.Path):
    from safetensors import SafetensorError, safe_open

    try:
        # Of JAX, as NumPy has no bfloat16.
        return safe_open(file, framework="flax")
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{told}: {file} cannot be read as safetensors ({error}). Download it anew."
        ) from error


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    told = f"{shown} and {more} more" if more > 0 else shown
    return f"{told} {'are' if len(names) > 1 else 'is'}"
