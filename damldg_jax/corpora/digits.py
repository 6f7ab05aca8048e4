"""Writes the rotated digits: real handwriting, without a download.

The digits are dealt out to the domains one by one, class by class, so that no digit is
in two of them: what is tested on was never trained on at another angle.
"""

import pathlib
import shutil
import tempfile

import numpy as np

from damldg_jax.corpora.pictures import ANGLES, DIGIT_CLASSES, DIGITS
from damldg_jax.errors import InputError

_SIZE = 32
_FULL_SCALE = 16  # Of scikit-learn's digits.


def write_digits(name: str, folder: pathlib.Path) -> None:
    """Writes a domain of digits, unless the folder is there already.

    Args:
      name: one of ``DIGITS``.
      folder: where ``digit_0/0000.png`` and so on go.

    Raises:
      InputError: the folder cannot be written to.
    """
    if folder.exists():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{folder.name}.", dir=folder.parent
        ) as temporary:
            staging = pathlib.Path(temporary) / folder.name
            _write(DIGITS.index(name), staging)
            shutil.move(staging, folder)
    except OSError as error:
        raise InputError(
            f"The digits '{name}' cannot be written to {folder} ({error}). Choose "
            "another --corpora_dir."
        ) from error


def _write(domain: int, folder: pathlib.Path) -> None:
    from PIL import Image
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8) * (255 / _FULL_SCALE)
    for digit, title in enumerate(DIGIT_CLASSES):
        (folder / title).mkdir(parents=True)
        for number in np.flatnonzero(labels == digit)[domain :: len(DIGITS)]:
            image = Image.fromarray(images[number].round().astype(np.uint8))
            image = image.resize((_SIZE, _SIZE), Image.Resampling.BICUBIC)
            image = image.rotate(ANGLES[domain], Image.Resampling.BICUBIC)
            image.save(folder / title / f"{number:04d}.png")
