"""A colour photo whose colours another photo is to take over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of a picture's width and height, 0..1."""


@dataclass(frozen=True)
class Reference:
    """A colour photo, small.

    Attributes:
        lightness: float32 [h, w], L* 0..100.
        ab: float32 [2, h, w], Lab units.
        swatches: pairs of rectangles, in the reference and in the photo to be coloured, that show the same thing.
    """

    lightness: NDArray[np.float32]
    ab: NDArray[np.float32]
    swatches: tuple[tuple[Rectangle, Rectangle], ...] = ()
