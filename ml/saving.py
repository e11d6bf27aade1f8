"""Save a coloured photo as faithfully as it came, and small copies of it for a screen."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyvips

from ml import jpeg_notes, png_notes, tiff_tags
from ml.photo import Photo, PhotoError, Refusal
from ml.sniff import Format
from ml.xmp import Label, labelled

_SUFFIX = {Format.JPEG: ".jpg", Format.PNG: ".png", Format.WEBP: ".webp", Format.TIFF: ".tif"}
_RENDITION_QUALITY = 82
_JPEG_LONG_SIDE = 65_500
"""What libjpeg writes at most."""
_UNTRUE = frozenset({"jpeg-thumbnail-data", "photoshop-data", "icc-profile-data", "exif-ifd4-InteroperabilityIndex"})
"""Of the pixels of the result: the grey photo's thumbnails and colour space."""
_UNKNOWN_RESOLUTION = 72 / 25.4
"""In pixels a millimetre."""
_MOST_CLASSIC_TIFF_BYTES = 3_500_000_000


def output_format(source: Format) -> Format:
    """The format a result is saved in: its source's, or JPEG where we read but do not write that (HEIC)."""
    return source if source in _SUFFIX else Format.JPEG


def suffix(fmt: Format) -> str:
    """The file name's ending for a format we write, with its dot: ".jpg", ".png", ".webp", ".tif"."""
    return _SUFFIX[fmt]


def write(
    image: pyvips.Image,
    photo: Photo,
    out: Path | str,
    label: Label,
    on_percent: Callable[[int], None] | None = None,
) -> None:
    """Save a full-size result in the format of `output_format(photo.info.format)`.

    EXIF, XMP, IPTC and resolution come along (orientation reset, the embedded thumbnail dropped),
    an sRGB profile is embedded, and XMP says what made the colours. The file appears under its name only when complete.

    Args:
        image: sRGB, 3 bands, 8 or 16 bit, computed from `Photo.image` and so carrying its metadata (lazy is fine).
        photo: what it was computed from.
        out: the file to write; its ending is not looked at.
        label: what made the colours.
        on_percent: called with 0..100 while rows are written, in the caller's thread. What it
            raises ends the writing, leaves no file behind and reaches the caller.

    Raises:
        PhotoError: too large for the format that its result is saved in.
        OSError: the result cannot be written, or the photo no longer be read.
    """
    out = Path(out)
    fmt = output_format(photo.info.format)
    if fmt is Format.JPEG and max(image.width, image.height) > _JPEG_LONG_SIDE:
        raise PhotoError(Refusal.TOO_LARGE, f"no side of a JPEG is longer than {_JPEG_LONG_SIDE} pixels")
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    image = _with_clean_metadata(image)
    packet = _packet(image, photo, label)
    if fmt is not Format.JPEG:
        image.set_type(pyvips.GValue.blob_type, "xmp-data", packet)
    stopped = _report(image, on_percent) if on_percent else []
    try:
        _save(image, fmt, part)
        if fmt is Format.PNG:
            png_notes.insert(part, png_notes.read(photo.path))
        if fmt is Format.TIFF:
            tiff_tags.append(part, tiff_tags.read(photo.path, photo.page))
        if on_percent:
            on_percent(100)  # vips' own last word may be 98
        if fmt is Format.JPEG:
            comments = jpeg_notes.read_comments(photo.path) if photo.info.format is Format.JPEG else []
            jpeg_notes.insert(part, packet, label, comments)
        part.replace(out)
    except pyvips.Error as error:
        if stopped:
            raise stopped[0] from None
        raise OSError(f"cannot write {out.name}: {' '.join(str(error).split())}") from error
    finally:
        part.unlink(missing_ok=True)


def rendition(image: pyvips.Image, long_side: int, out: Path | str) -> tuple[int, int]:
    """Save a small copy for a screen: sRGB, no metadata (no place, no name), never enlarged.

    Args:
        image: `Photo.preview`, `Coloured.preview` or a full-size picture.
        long_side: of the copy, in pixels.
        out: its ending chooses the format: .webp or .jpg.

    Returns:
        Width and height of the copy.

    Raises:
        ValueError: another ending.
        OSError: the copy cannot be written.
    """
    out = Path(out)
    small = image.thumbnail_image(long_side, height=long_side, size="down")
    try:
        match out.suffix:
            case ".webp":
                small.webpsave(str(out), Q=_RENDITION_QUALITY, effort=2, keep="none")
            case ".jpg":
                small.jpegsave(str(out), Q=_RENDITION_QUALITY, keep="none")
            case other:
                raise ValueError(f"renditions are .webp or .jpg, not {other!r}")
    except pyvips.Error as error:
        raise OSError(f"cannot write {out.name}: {' '.join(str(error).split())}") from error
    return small.width, small.height


def _save(image: pyvips.Image, fmt: Format, out: Path) -> None:
    name, kept = str(out), {"keep": "all", "profile": "srgb"}
    match fmt:
        case Format.PNG:
            image.pngsave(name, compression=2, filter="sub", **kept)
        case Format.WEBP:
            image.webpsave(name, Q=95, effort=2, **kept)
        case Format.TIFF:
            size = image.width * image.height * image.bands * (2 if image.format == "ushort" else 1)
            big = size > _MOST_CLASSIC_TIFF_BYTES
            image.tiffsave(name, compression="deflate", predictor="horizontal", bigtiff=big, **kept)
        case _:
            image.jpegsave(name, Q=95, subsample_mode="off", **kept)


def _with_clean_metadata(image: pyvips.Image) -> pyvips.Image:
    """Keep what the family or the scanner wrote, drop what is no longer true of the pixels."""
    # libvips' word for "unknown" would be written as 25.4 dpi; EXIF's is 72.
    known = image.xres != 1 or image.yres != 1
    image = image.copy() if known else image.copy(xres=_UNKNOWN_RESOLUTION, yres=_UNKNOWN_RESOLUTION)
    for field in image.get_fields():
        if field in _UNTRUE or field.startswith(("exif-ifd1-", "png-comment-")):
            image.remove(field)
    if image.get_typeof("exif-ifd2-ColorSpace"):
        image.set_type(pyvips.GValue.gstr_type, "exif-ifd2-ColorSpace", "1 (sRGB)")
    return image


def _packet(image: pyvips.Image, photo: Photo, label: Label) -> bytes:
    """The photo's own XMP with the label; taken off the image, so that each format can write it in its way."""
    own = image.get("xmp-data") if image.get_typeof("xmp-data") else None
    if own:
        image.remove("xmp-data")
    if photo.info.format is not Format.JPEG:
        return labelled(own, label)
    own = own or jpeg_notes.read_main(photo.path)
    return labelled(own, label, jpeg_notes.read_extension(photo.path, own) if own else None)


def _report(image: pyvips.Image, on_percent: Callable[[int], None]) -> list[BaseException]:
    """Pass vips' progress on; what the listener raises stops vips and is left in the list."""
    stopped: list[BaseException] = []
    last = [-1]

    def heard(_image: pyvips.Image, progress: Any) -> None:
        percent = int(progress.percent)
        if stopped or percent == last[0]:
            return
        last[0] = percent
        try:
            on_percent(percent)
        except BaseException as error:
            stopped.append(error)
            image.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", heard)
    return stopped
