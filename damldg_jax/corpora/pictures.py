"""Data sets of pictures, whose domains take the place of corpora.

PACS: Li et al. 2017, "Deeper, Broader and Artier Domain Generalization"
(https://arxiv.org/abs/1710.03077). Rotated digits: those of scikit-learn, of Alpaydin
and Kaynak's (https://doi.org/10.24432/C50P49), rotated by another angle in each domain.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from damldg_jax.corpora.declaration import Listing, Utterance
from damldg_jax.corpora.files import audio_files, first_few, out_of_reach, shown_name
from damldg_jax.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")

PACS_CLASSES = ("dog", "elephant", "giraffe", "guitar", "horse", "house", "person")
PACS = ("art_painting", "cartoon", "photo", "sketch")
DIGIT_CLASSES = tuple(f"digit_{number}" for number in range(10))
ANGLES = (0, 15, 30, 45, 60, 75)
DIGITS = tuple(f"digits_{angle}" for angle in ANGLES)


@dataclass(frozen=True)
class PictureSet:
    """A domain of pictures.

    Attributes:
      classes: names, as those of the folders that hold the pictures.
      layout: native paths in one line, for error messages.
      embedded: whether it comes with a package and is written out at need.
    """

    classes: tuple[str, ...]
    layout: str
    embedded: bool = False


PICTURES: dict[str, PictureSet] = {
    **{name: PictureSet(PACS_CLASSES, f"{name}/dog/pic_001.jpg") for name in PACS},
    **{
        name: PictureSet(DIGIT_CLASSES, f"{name}/digit_0/0000.png", embedded=True)
        for name in DIGITS
    },
}


def list_pictures(name: str, folder: Path) -> Listing:
    """Lists the pictures of a domain.

    Args:
      name: key of ``PICTURES``.
      folder: of the domain; the folder just above a picture names its class.

    Returns:
      The pictures, each of which counts as a speaker of its own, and remarks.

    Raises:
      InputError: the folder is not there or holds no picture of a class.
    """
    declared = PICTURES[name]
    if not os.path.isdir(folder):
        raise InputError(
            f"There is no folder {folder} for '{name}'. Pictures are to lie there as "
            f"{declared.layout}; or name its folder, --corpora={name}=path/to/folder."
        )
    kept, strangers, unreachable = [], [], []
    for title, path in audio_files(folder, SUFFIXES):
        if out_of_reach(path, folder):
            unreachable.append(shown_name(path, folder))
        elif (of := path.parent.name.lower()) in declared.classes:
            kept.append(Utterance(title, path, emotion=of, speaker=title))
        else:
            strangers.append(shown_name(path, folder))
    if not kept:
        raise InputError(
            f"The folder {folder} of '{name}' has no picture in a folder of its class "
            f"({', '.join(declared.classes)}), such as {declared.layout}."
        )
    notices = []
    if strangers:
        notices.append(
            f"{name}: {len(strangers)} picture(s) left out, in no folder of a class: "
            f"{first_few(strangers)}."
        )
    if unreachable:
        notices.append(
            f"{name}: {len(unreachable)} picture(s) left out, links that lead out of "
            f"the folder or to no file: {first_few(unreachable)}."
        )
    return Listing(tuple(_once(kept)), tuple(notices))


def _once(pictures: list[Utterance]) -> list[Utterance]:
    """Of two files of one name and several suffixes, the first."""
    return list({picture.name: picture for picture in reversed(pictures)}.values())[
        ::-1
    ]
