"""A digest of arrays: the same for the same bits, whatever they were written with."""

import hashlib
from typing import Any

import jax
import numpy as np


def digest_of(tree: Any) -> str:
    """Digests arrays and numbers in host memory with their names, types and shapes.

    Args:
      tree: dictionaries, tuples and lists of arrays and numbers.

    Returns:
      SHA-256, as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.asarray(leaf)
        head = f"{jax.tree_util.keystr(path)} {array.dtype.name} {array.shape}\n"
        digest.update(head.encode())
        digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return digest.hexdigest()
