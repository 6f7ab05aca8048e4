"""Pixels of a picture, row by row, instead of what is computed from a recording.

A picture takes the place of an utterance: its rows are the frames, and the feature axis
holds the channels of the first column, then those of the second, and so on. From the
records on, nothing knows the difference.
"""

import dataclasses
import hashlib
import pathlib
import struct
from typing import Any, ClassVar

import numpy as np

from damldg_jax.columns import Columns
from damldg_jax.errors import RecordingError
from damldg_jax.features.reading import OneByOne, Signal

# Mean and deviation of ImageNet's channels, for which torchvision's weights are made.
# The paper subtracts the mean; a scale changes nothing before batch normalisation, but
# for weights that were trained with it.
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# Kept of each side: at the least 0.89 squared, about 0.8, of the picture.
_ZOOM = (0.89, 1.0)

# What Pillow raises at files that are cut short or changed.
_DAMAGE = (OSError, ValueError, SyntaxError, struct.error)


@dataclasses.dataclass(frozen=True)
class Pixels(OneByOne):
    """Settings of pictures.

    Attributes:
      name: as ``--features`` gives it.
      size: rows and columns to which a picture is scaled.
      channels: 3 for red, green and blue, 1 for grey.
      mean: of each channel, taken away; full scale is 1.
      deviation: of each channel, by which it is divided.
      mirrors: whether a mirrored picture shows the same thing.
    """

    network: ClassVar[str] = "resnet"
    notice: ClassVar[str] = ""
    silence: ClassVar[float] = 0.0
    sample_rate: ClassVar[int] = 0

    name: str
    size: int
    channels: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    mirrors: bool

    @property
    def num_features(self) -> int:
        """Numbers in a row."""
        return self.size * self.channels

    @property
    def picture(self) -> Columns:
        """How a picture is altered from side to side."""
        return Columns(self.size, self.channels, _ZOOM, self.mirrors)

    def settings(self, corpus: str = "") -> dict[str, Any]:
        """All settings; the same for any corpus."""
        del corpus
        settings = dataclasses.asdict(self)
        # As JSON has them.
        return {**settings, "mean": [*self.mean], "deviation": [*self.deviation]}

    def num_frames(self, seconds: float, measured_rate: float = 0.0) -> int:
        """Rows of a picture, however long."""
        del seconds, measured_rate
        return self.size

    def read(self, path: pathlib.Path) -> Signal:
        """Reads a picture and scales it to its size, whatever its shape was.

        Args:
          path: of a file in a format that Pillow reads.

        Returns:
          The picture, uint8 [size, size, channels], upright.

        Raises:
          RecordingError: it cannot be used.
        """
        # Only here: who trains reads no picture.
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                # What is transparent is white.
                if upright.has_transparency_data:
                    ground = Image.new("RGBA", upright.size, "white")
                    ground.alpha_composite(upright.convert("RGBA"))
                    upright = ground
                plain = upright.convert("RGB" if self.channels == 3 else "L")
                scaled = plain.resize((self.size, self.size), Image.Resampling.BILINEAR)
        except UnidentifiedImageError as error:
            raise RecordingError("is no picture in a format that is read") from error
        except (*_DAMAGE, Image.DecompressionBombError) as error:
            raise RecordingError(f"cannot be read as a picture ({error})") from error
        pixels = np.asarray(scaled).reshape(self.size, self.size, self.channels)
        digest = hashlib.sha256(pixels.tobytes()).digest()
        return Signal(pixels, 0.0, np.frombuffer(digest, np.uint32))

    def __call__(self, pixels: np.ndarray, recording: str = "") -> np.ndarray:
        """Scales pixels.

        Args:
          pixels: uint8 [size, size, channels].
          recording: not used.

        Returns:
          A float32 array [size, size * channels].
        """
        del recording
        scaled = (pixels / 255 - np.array(self.mean)) / np.array(self.deviation)
        return scaled.reshape(self.size, self.num_features).astype(np.float32)


RGB224 = Pixels("rgb224", 224, 3, *_IMAGENET, mirrors=True)
# Handwriting: black is 0, so that what is cropped in at the sides is ground.
GREY32 = Pixels("grey32", 32, 1, (0.0,), (1.0,), mirrors=False)
