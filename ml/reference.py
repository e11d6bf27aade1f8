"""A colour photo whose colours another photo is to take over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.appearance import to_lightness
from ml.color import rgb_tensor, srgb_to_lab
from ml.guide_files import GuideError, fields, number, read_list
from ml.photo import open_page

_SHORT_SIDE = 256
_LONG_SIDE = 768
_LEAST_CHROMA = 2.0
_EXAMPLE = '[{"reference": [0, 0, 0.5, 0.3], "photo": [0.1, 0, 0.9, 0.25]}]'

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of a picture's width and height, 0..1."""
Swatch = tuple[Rectangle, Rectangle]
"""Two rectangles that show the same thing: in the reference, and in the photo to be coloured."""


@dataclass(frozen=True)
class Reference:
    """A colour photo, small.

    Attributes:
        lightness: float32 [h, w], L* 0..100.
        ab: float32 [2, h, w], Lab units.
        swatches: where each colour belongs; without any, colours go wherever lightness and texture are alike.
    """

    lightness: NDArray[np.float32]
    ab: NDArray[np.float32]
    swatches: tuple[Swatch, ...] = ()

    @property
    def has_colours(self) -> bool:
        """Whether it is more than a grey picture with the noise of its file."""
        return bool(np.hypot(*self.ab).mean() > _LEAST_CHROMA)


def read_reference(photo: Path, swatches: Path | None = None) -> Reference:
    """Read a reference photo, of the size in which photos are coloured, and its swatches.

    `swatches` is a JSON list of objects with "reference" and "photo", each [left, top, right, bottom], 0..1.

    Raises:
        PhotoError, OSError: see `ml.photo.open_page`; a swatches file that cannot be read.
        GuideError: a swatches file in which something is wrong; the sentence says what.
    """
    pairs = read_list(swatches, "swatches", _EXAMPLE) if swatches else []
    read = tuple(_swatch(item, place) for item, place in pairs)
    small = open_page(photo).preview
    # A small one is enlarged, as small photos are: things look alike only where they are alike in size.
    scale = min(_SHORT_SIDE / min(small.width, small.height), _LONG_SIDE / max(small.width, small.height))
    small = small.resize(max(scale, 1 / small.width), vscale=max(scale, 1 / small.height))
    lightness = np.asarray(to_lightness(small).numpy(), np.float32).reshape(small.height, small.width)
    if small.bands == 1:
        return Reference(lightness, np.zeros((2, *lightness.shape), np.float32), read)
    lab = srgb_to_lab(rgb_tensor(small.numpy()))
    return Reference(lightness, lab[1:].numpy(), read)


def _swatch(item: Any, place: str) -> Swatch:
    pair = fields(item, ("reference", "photo"), (), place)
    return _rectangle(pair["reference"], f"{place}: reference"), _rectangle(pair["photo"], f"{place}: photo")


def _rectangle(sides: Any, place: str) -> Rectangle:
    if not isinstance(sides, list) or len(sides) != 4:
        raise GuideError(f"{place} must be [left, top, right, bottom]")
    left, top, right, bottom = (number(side, 0, 1, place) for side in sides)
    if left >= right or top >= bottom:
        raise GuideError(f"{place}: left must be less than right, and top less than bottom")
    return left, top, right, bottom
