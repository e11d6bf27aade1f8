"""Save a coloured photo as faithfully as it came, and small copies of it for a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyvips

from ml.photo import Photo
from ml.sniff import Format


def output_format(source: Format) -> Format:
    """The format a result is saved in: its source's, or JPEG where we read but do not write that (HEIC, AVIF)."""
    raise NotImplementedError


def suffix(fmt: Format) -> str:
    """The file name's ending for a format we write, with its dot: ".jpg", ".png", ".webp", ".tif"."""
    raise NotImplementedError


def write(
    image: pyvips.Image,
    photo: Photo,
    out: Path | str,
    on_percent: Callable[[int], None] | None = None,
) -> None:
    """Save a full-size result in the format of `output_format(photo.info.format)`.

    EXIF, XMP and resolution of the photo come along (orientation reset, the embedded thumbnail
    dropped), an sRGB profile is embedded. The file appears under its name only when complete.

    Args:
        image: sRGB, 3 bands, 8 or 16 bit, of the photo's size (lazy is fine).
        photo: where the metadata comes from.
        out: the file to write; its ending is not looked at.
        on_percent: called with 0..100 while rows are written, in the caller's thread. What it
            raises ends the writing, leaves no file behind and reaches the caller.

    Raises:
        PhotoError: the photo cannot be decoded to its end.
        OSError: the result cannot be written.
    """
    raise NotImplementedError


def rendition(image: pyvips.Image, long_side: int, out: Path | str) -> tuple[int, int]:
    """Save a small copy for a screen: sRGB, no metadata (no place, no name), never enlarged.

    Args:
        image: `Photo.preview`, `Coloured.preview` or a full-size picture.
        long_side: of the copy, in pixels.
        out: its ending chooses the format: .webp or .jpg.

    Returns:
        Width and height of the copy.
    """
    raise NotImplementedError
