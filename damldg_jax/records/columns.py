"""Examples as columns in files, one for each field: small to read, large to map.

Arrays of all examples lie one behind the other in one file each, with their lengths in
another, so that an example's features are a view into a file that stays on the disk.
"""

import contextlib
import dataclasses
import json
import pathlib
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from damldg_jax.dataset import Example

_HEAD = "texts.json"
_FIELDS = dataclasses.fields(Example)
_TEXTS = tuple(field.name for field in _FIELDS if field.type is str)
_NUMBERS = tuple(field.name for field in _FIELDS if field.type is float)
_ARRAYS = tuple(field.name for field in _FIELDS if field.type is np.ndarray)


def write(
    folder: pathlib.Path, examples: Iterable[Example], head: dict[str, Any]
) -> None:
    """Writes examples, holding the features of one at a time.

    Args:
      folder: empty.
      examples: at least one; arrays of a field differ in length alone.
      head: what ``read_head`` shall give, plain JSON.
    """
    columns = {name: [] for name in (*_TEXTS, *_NUMBERS)}
    lengths = {name: [] for name in _ARRAYS}
    with contextlib.ExitStack() as stack:
        files = {
            name: stack.enter_context(_Growing(folder / f"{name}.npy"))
            for name in _ARRAYS
        }
        for example in examples:
            for name, column in columns.items():
                column.append(getattr(example, name))
            for name, file in files.items():
                lengths[name].append(len(getattr(example, name)))
                file.append(getattr(example, name))
    for name in _NUMBERS:
        np.save(folder / f"{name}.npy", np.array(columns[name], np.float32))
    for name in _ARRAYS:
        np.save(folder / f"{name}_lengths.npy", np.array(lengths[name], np.int64))
    texts = {name: columns[name] for name in _TEXTS}
    text = json.dumps({"head": head, "texts": texts})
    (folder / _HEAD).write_text(text, encoding="utf-8")


def read_head(folder: pathlib.Path) -> dict[str, Any]:
    """What was written beside the examples."""
    return json.loads((folder / _HEAD).read_text(encoding="utf-8"))["head"]


def read(folder: pathlib.Path) -> list[Example]:
    """Reads examples whose arrays are views into files, not to be written to.

    Args:
      folder: whole, as ``write`` left it.

    Returns:
      The examples, in the order in which they were written.
    """
    stored = json.loads((folder / _HEAD).read_text(encoding="utf-8"))["texts"]
    columns = [stored[name] for name in _TEXTS]
    columns += [_load(folder / f"{name}.npy").tolist() for name in _NUMBERS]
    columns += [_views(folder, name) for name in _ARRAYS]
    names = (*_TEXTS, *_NUMBERS, *_ARRAYS)
    rows = zip(*columns, strict=True)
    return [Example(**dict(zip(names, row, strict=True))) for row in rows]


def _views(folder: pathlib.Path, name: str) -> list[np.ndarray]:
    # A view of a plain array costs a tenth of one of a np.memmap.
    joined = np.asarray(_load(folder / f"{name}.npy", mmap_mode="r"))
    ends = np.cumsum(_load(folder / f"{name}_lengths.npy")).tolist()
    starts = [0, *ends[:-1]]
    return [joined[a:b] for a, b in zip(starts, ends, strict=True)]


def _load(path: pathlib.Path, **options: Any) -> np.ndarray:
    return np.load(path, allow_pickle=False, **options)


class _Growing:
    """A file of one array whose length is known only at the end."""

    def __init__(self, path: pathlib.Path):
        self._file = path.open("wb")
        self._shape: tuple[int, ...] = (0,)
        self._dtype = np.dtype(np.float32)

    def __enter__(self) -> Self:
        return self

    def append(self, array: np.ndarray) -> None:
        """Adds rows behind those that are there."""
        if not self._file.tell():
            self._shape, self._dtype = (0, *array.shape[1:]), array.dtype
            self._write_head()
        self._file.write(np.ascontiguousarray(array))
        self._shape = (self._shape[0] + len(array), *self._shape[1:])

    def __exit__(self, *error: object) -> None:
        # The head of such a file has room for a length that grows.
        with self._file:
            self._file.seek(0)
            self._write_head()

    def _write_head(self) -> None:
        described = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": self._shape,
        }
        np.lib.format.write_array_header_1_0(self._file, described)
