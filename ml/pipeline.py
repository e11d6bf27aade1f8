"""Photo in, colour photo out, at full resolution."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import NoneType

import numpy as np
import pyvips
from numpy.typing import NDArray

from ml import software
from ml.appearance import to_lightness
from ml.color import CHROMA_ROWS, max_chroma_table
from ml.field import warmed
from ml.guided import change, hold
from ml.method import AbField, Guide, Method
from ml.photo import DEFAULT_LIMITS, Limits, Photo, open_page
from ml.pins import Pins
from ml.saving import write
from ml.upsampling import joint_bilateral
from ml.xmp import Label

NETWORK_SHORT_SIDE = 256
NETWORK_LONG_SIDE = 768
WORKING_LONG_SIDE = 1024
"""Up to here colour follows edges; from here to full size it is interpolated."""


class Stage(StrEnum):
    """What the pipeline is at; the web mirrors these values."""

    READING = "reading"
    COLOURING = "colouring"
    """The network alone."""
    JOINING = "joining"
    """Its colours along the edges of a larger copy, and that copy in colour."""
    WRITING = "writing"
    """Read again, recombined and encoded in one stream of rows."""


OnStage = Callable[[Stage, int], None]
"""Called with the stage and the percent (0..100) of the whole way, in the caller's thread. May raise to abort."""


@dataclass(frozen=True)
class Coloured:
    """A photo with its colours.

    Attributes:
        image: full size, sRGB, 3 bands, 8 or 16 bit as the photo; lazy, bounded in memory.
        preview: the same in memory at the size of `Photo.preview`, 8 bit: renditions come from it.
        field: the colours as the method gave them without pins, shifted by the warmth.
    """

    image: pyvips.Image
    preview: pyvips.Image
    field: AbField


def colorize(
    photo: Photo,
    method: Method,
    vividness: float = 1.0,
    on_stage: OnStage | None = None,
    *,
    guide: Guide = None,
    warmth: float = 0.0,
) -> Coloured:
    """Colour an open photo.

    Pins go with every method that colours on its own. Their colours are held exactly, at any vividness above 0 and
    any warmth: those are for guesses. The method runs here; the full-size pixels are computed when
    `ml.saving.write` reads `Coloured.image`.

    Raises:
        GuideError: see `ml.method.check_guide`.
        ValueError: a vividness outside 0..2, a warmth outside -20..20.
    """
    tell = on_stage or _silent
    tell(Stage.COLOURING, 10)
    small = to_lightness(photo.preview)
    lightness = _as_array(small)
    seen = _resized(lightness, *_network_size(*lightness.shape))
    pins = guide if isinstance(guide, Pins) and NoneType in method.guides else None
    field = method.ab(seen, None if pins else guide, vividness)
    field = replace(field, ab=warmed(field.ab, warmth))
    # Without any vividness all is grey, pins too.
    pins = pins if pins and pins.pins and vividness else None
    changed = change(seen, field.ab, field.stored.keys, pins) if pins else None
    tell(Stage.JOINING, 30)
    shrink = min(1.0, WORKING_LONG_SIDE / max(lightness.shape))
    working = _resized(lightness, *(max(1, round(side * shrink)) for side in lightness.shape))
    joined = joint_bilateral(field.ab, working)
    if pins and changed is not None:
        joined += joint_bilateral(changed, working)
        hold(joined, pins, is_enlarged=working.shape != (photo.info.height, photo.info.width))
    ab = pyvips.Image.new_from_array(np.ascontiguousarray(joined.transpose(1, 2, 0)))
    tell(Stage.JOINING, 40)
    return Coloured(
        image=encoded(coloured_lab(photo.lightness(), ab), photo.info.bits),
        preview=encoded(coloured_lab(small, ab), 8).copy_memory(),
        field=field,
    )


def colorize_file(
    path: Path | str,
    out: Path | str,
    method: Method,
    *,
    page: int = 0,
    guide: Guide = None,
    vividness: float = 1.0,
    warmth: float = 0.0,
    limits: Limits = DEFAULT_LIMITS,
    on_stage: OnStage | None = None,
) -> Coloured:
    """Open one page of a file, colour it and write the result: the whole way.

    Args:
        path: the original; never changed.
        out: the result, written in `ml.saving.output_format` of the original's format.
        method: see `ml.method.load_method`.
        page: of a TIFF with several, 0-based.
        guide: pins or a reference, where the method takes them.
        vividness: 0..2, 1 = the model's default.
        warmth: -20..20, Lab units along b*: above 0 yellower, below bluer.
        limits: what the file may ask of us.
        on_stage: hears of progress and may raise to abort; then no file is left behind.

    Raises:
        PhotoError, OSError, IndexError: see `ml.photo.open_page` and `ml.saving.write`.
        GuideError, ValueError: see `colorize`.
    """
    tell = on_stage or _silent
    tell(Stage.READING, 0)
    photo = open_page(path, page, limits)
    coloured = colorize(photo, method, vividness, on_stage, guide=guide, warmth=warmth)
    label = Label(software(), method.name, method.sha256, guide.notes if isinstance(guide, Pins) else ())
    write(coloured.image, photo, out, label, lambda percent: tell(Stage.WRITING, 40 + percent * 60 // 100))
    return coloured


def coloured_lab(lightness: pyvips.Image, ab: pyvips.Image) -> pyvips.Image:
    """Join a picture's own lightness with a field of colour, inside the sRGB gamut.

    Args:
        lightness: one float band, L* 0..100.
        ab: two bands, float, a* and b*, of any smaller or equal size.

    Returns:
        Float Lab of the picture's size: its L* untouched, the field's hue, and as much of the
        field's chroma as sRGB can show at that L* and hue.
    """
    ab = ab.resize(lightness.width / ab.width, vscale=lightness.height / ab.height, kernel="linear")
    lch = lightness.bandjoin(ab).copy(interpretation="lab").colourspace("lch")
    chroma, hue = lch[1], lch[2]
    at = lightness.bandjoin(hue).linear([CHROMA_ROWS, 1], [0, 0])
    limit = _gamut().mapim(at, interpolate=pyvips.Interpolate.new("bilinear"), extend="copy")
    chroma = (chroma < limit).ifthenelse(chroma, limit)
    return lightness.bandjoin([chroma, hue]).copy(interpretation="lch").colourspace("lab")


def encoded(lab: pyvips.Image, bits: int) -> pyvips.Image:
    """Lab to sRGB of 8 or 16 bits a sample, each to the nearest."""
    deep = lab.colourspace("rgb16")
    if bits == 16:
        return deep
    # Not by colourspace("srgb"): its coarser table is off by up to a whole step.
    return deep.linear(1 / 257, 0.5).cast("uchar").copy(interpretation="srgb")


@functools.cache
def _gamut() -> pyvips.Image:
    """The largest chroma as a picture: x is L* in quarters, y the hue 0..360 degrees."""
    return pyvips.Image.new_from_array(np.ascontiguousarray(max_chroma_table().T))


def _as_array(band: pyvips.Image) -> NDArray[np.float32]:
    return np.asarray(band.numpy(), np.float32).reshape(band.height, band.width)


def _resized(lightness: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    if lightness.shape == (height, width):
        return lightness
    image = pyvips.Image.new_from_array(lightness)
    image = image.resize(width / image.width, vscale=height / image.height)
    return np.clip(_as_array(image), 0, 100)


def _network_size(height: int, width: int) -> tuple[int, int]:
    """The small copy's size: short side `NETWORK_SHORT_SIDE`, a long strip less, the aspect within 4 pixels kept."""
    scale = min(NETWORK_SHORT_SIDE / min(height, width), NETWORK_LONG_SIDE / max(height, width))
    return max(8, 8 * round(height * scale / 8)), max(8, 8 * round(width * scale / 8))


def _silent(_stage: Stage, _percent: int) -> None:
    pass
