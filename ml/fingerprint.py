"""A fingerprint by which a copy of a photo is known again: re-saved, resized, brightened, or cut by 5 %.

It is the perceptual hash of the whole picture and of twelve cuts of it: 63 of the lowest frequencies of a small grey
version, each above or below their median (DCT hash: Zauner 2010, "Implementation and benchmarking of perceptual image
hash functions"). A cut copy is like one of the cuts. Two photos are compared whole against cuts, both ways: bits that
differ, at best. `imagehash`, the library for it, hashes the whole picture alone and would bring PyWavelets along.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

_SIDE = 32
_KEPT = 8
_CUT = 0.05
_HALF = _CUT / 2

CUTS = (
    (0.0, 0.0, 1.0, 1.0),
    (_HALF, _HALF, 1 - _HALF, 1 - _HALF),
    (_CUT, _CUT, 1 - _CUT, 1 - _CUT),
    (_CUT, 0.0, 1 - _CUT, 1.0),
    (0.0, _CUT, 1.0, 1 - _CUT),
    (_CUT, 0.0, 1.0, 1.0),
    (0.0, _CUT, 1.0, 1.0),
    (0.0, 0.0, 1 - _CUT, 1.0),
    (0.0, 0.0, 1.0, 1 - _CUT),
    (0.0, 0.0, 1 - _CUT, 1 - _CUT),
    (_CUT, 0.0, 1.0, 1 - _CUT),
    (0.0, _CUT, 1 - _CUT, 1.0),
    (_CUT, _CUT, 1.0, 1.0),
)
"""What is hashed: left, top, right, bottom as shares of width and height. The whole comes first."""


def fingerprint(photo: Image.Image) -> list[str]:
    """The hashes of a photo's `CUTS`, 16 hexadecimal digits each.

    Args:
        photo: any mode and size; a copy of some hundred pixels gives the same hashes as the full size.
    """
    grey = photo.convert("L")
    return [f"{_hash(grey, cut):016x}" for cut in CUTS]


def _hash(grey: Image.Image, cut: tuple[float, float, float, float]) -> int:
    left, top, right, bottom = cut
    box = (left * grey.width, top * grey.height, right * grey.width, bottom * grey.height)
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=box), dtype=np.float64)
    low: NDArray[np.float64] = dctn(small, norm="ortho")[:_KEPT, :_KEPT].flatten()[1:]  # the first is the brightness
    return int("".join("1" if bit else "0" for bit in low > np.median(low)), 2)
