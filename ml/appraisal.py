"""What is to know of a photo before anything learns from it: its colours, faces, and by what a copy of it is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from ml import skin
from ml.cast import is_in_colour
from ml.color import rgb_tensor, srgb_to_lab
from ml.data import DULL
from ml.fingerprint import fingerprint
from ml.metrics import colourfulness

_SHORT_SIDE = 160
"""As in the photo pack, so that figures can be compared."""
_HASHED_SHORT_SIDE = 320
# Lab units. Of 600 photos of the photo pack 2 % are called faded; docs/datasets.md has the figures of casts.
_TRACE, _CAST, _CAST_OF_WHITE = 2.0, 8.0, 12.0
_MANY_HUES = 8.0
_BLACKEST, _WHITEST = 22.0, 80.0
_RANGE = 55.0
_EVEN = 4.0
"""A mean of a* and b* this near to grey leans to nothing."""
LEANS = {"warm": (-20.0, 105.0), "green": (105.0, 200.0), "blue": (200.0, 300.0), "pink": (300.0, 340.0)}
"""Hue angles of the mean colour in degrees: red to yellow, green, blue, purple to pink."""


@dataclass(frozen=True)
class Appraisal:
    colourfulness: float
    """Hasler and Suesstrunk 2003, see `ml.metrics`."""
    fingerprint: list[str]
    is_dull: bool
    """Under `ml.data.DULL`: it would teach dullness."""
    is_tinted: bool
    """One cast over all of it, as sepia or the yellow of an old colour print."""
    is_faded: bool
    """No black in it, and little between dark and light."""
    lean: str
    """What its colours lean to, one of `LEANS`, or "even"."""
    faces: dict[str, int]
    """The band of skin tone of its largest face, see `ml.skin`: {"light": 1}, or {} without a face."""


def appraise(preview: pyvips.Image) -> Appraisal:
    """Measure a photo by `ml.photo.Photo.preview`: 8-bit sRGB, 1 or 3 bands."""
    photo = _reduced(Image.fromarray(_rgb(preview)), _HASHED_SHORT_SIDE)
    small = _reduced(photo, _SHORT_SIDE)
    rgb = rgb_tensor(small)
    lab = srgb_to_lab(rgb)
    colour = colourfulness(rgb)
    low, high = np.percentile(lab[0].numpy(), (1, 99))
    return Appraisal(
        colourfulness=round(colour, 1),
        fingerprint=fingerprint(photo),
        is_dull=colour < DULL,
        is_tinted=_is_tinted(preview, lab[0].flatten().numpy(), lab[1:].flatten(1).numpy()),
        is_faded=bool((low > _BLACKEST and high < _WHITEST) or high - low < _RANGE),
        lean=_lean(lab[1:].flatten(1).mean(dim=1).tolist()),
        faces=_faces(small),
    )


def _is_tinted(preview: pyvips.Image, lightness: NDArray[np.float32], ab: NDArray[np.float32]) -> bool:
    """Whether nearly every pixel lies to one side of grey, the lightest most of all; or it is no colour photo."""
    mean = ab.mean(axis=1)
    strength = float(np.hypot(*mean))
    if strength <= _TRACE:
        return False
    towards = (mean / strength) @ ab
    lightest = lightness >= np.percentile(lightness, 95)
    if strength > _CAST and np.percentile(towards, 3) > _TRACE and towards[lightest].mean() > _CAST_OF_WHITE:
        return True
    # So many hues are no cast, and nothing has to be fitted to know it.
    beside = float(np.sqrt(np.linalg.eigvalsh(np.cov(ab)).clip(0)[0]))
    return beside < _MANY_HUES and not is_in_colour(preview)


def _lean(mean: list[float]) -> str:
    a, b = mean
    if math.hypot(a, b) < _EVEN:
        return "even"
    hue = (math.degrees(math.atan2(b, a)) + 20) % 360 - 20
    return next(name for name, (low, high) in LEANS.items() if low <= hue < high)


def _faces(photo: Image.Image) -> dict[str, int]:
    box = skin.find_face(photo) if skin.available() else None
    if not box:
        return {}
    face = skin.central_half(rgb_tensor(photo), box)
    angle = skin.typology_angle(srgb_to_lab(face))
    band = next(name for name, (low, high) in skin.BANDS.items() if low <= angle < high)
    return {band.partition(",")[0]: 1}


def _rgb(preview: pyvips.Image) -> NDArray[np.uint8]:
    picture = preview.colourspace("srgb") if preview.bands == 1 else preview
    pixels: NDArray[np.uint8] = picture.numpy()[..., :3]
    return np.ascontiguousarray(pixels)


def _reduced(photo: Image.Image, side: int) -> Image.Image:
    scale = side / min(photo.size)
    if scale >= 1:
        return photo
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    return photo.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)
