"""Photo in, colour photo out, at full resolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyvips

from ml.method import AbField, Method
from ml.photo import Photo


class Stage(StrEnum):
    """What the pipeline is at; the web mirrors these values."""

    READING = "reading"
    COLOURING = "colouring"
    WRITING = "writing"


OnStage = Callable[[Stage, int], None]
"""Called with the stage and the percent (0..100) of the whole way, in the caller's thread. May raise to abort."""


@dataclass(frozen=True)
class Coloured:
    """A photo with its colours.

    Attributes:
        image: full size, sRGB, 3 bands, 8 or 16 bit as the photo; lazy, bounded in memory.
        preview: the same in memory at the size of `Photo.preview`, 8 bit: renditions come from it.
        field: the colours as the method gave them.
    """

    image: pyvips.Image
    preview: pyvips.Image
    field: AbField


def colorize(
    photo: Photo, method: Method, vividness: float = 1.0, on_stage: OnStage | None = None
) -> Coloured:
    """Colour an open photo. The network runs here; the full-size pixels are computed when `ml.saving.write` reads `image`."""
    raise NotImplementedError


def colorize_file(
    path: Path | str,
    out: Path | str,
    method: Method,
    *,
    page: int = 0,
    vividness: float = 1.0,
    on_stage: OnStage | None = None,
) -> Coloured:
    """Open one page of a file, colour it and write the result: the whole way.

    Args:
        path: the original; never changed.
        out: the result, written in the original's format (`ml.saving.output_format`).
        method: see `ml.method.load_method`.
        page: of a TIFF with several, 0-based.
        vividness: 0..2, 1 = the model's default.
        on_stage: hears of progress and may raise to abort; then no file is left behind.

    Raises:
        PhotoError, OSError: see `ml.photo.open_page` and `ml.saving.write`.
    """
    raise NotImplementedError
