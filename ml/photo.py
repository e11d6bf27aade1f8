"""Read a photo at full fidelity: orientation, ICC profile, 8 or 16 bit, pages, resolution.

`inspect` reads headers only. `open_page` decodes one page completely, under limits, and gives a
`Photo`: its full-size picture as a lazy libvips image and a small copy in memory. Saving is in
`ml.saving`, the question "is it in colour already?" in `ml.cast`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pyvips
from PIL import Image

from ml.appearance import to_lightness, to_srgb
from ml.heif import open_heif
from ml.sniff import READABLE, Format, sniff

PREVIEW_LONG_SIDE = 1600
"""Long side of `Photo.preview`, and so of the largest rendition, in pixels."""

# Every photo is another one: vips' cache of past operations would only hold their memory, and
# would show an old picture where a file was replaced under the same name.
pyvips.cache_set_max(0)


class Refusal(StrEnum):
    """Why a file is not taken. The web mirrors these values and words them for the family."""

    EMPTY = "empty"
    """Nothing in it: zero bytes."""
    NOT_AN_IMAGE = "not_an_image"
    """None of the kinds of picture we read."""
    UNSUPPORTED = "unsupported"
    """A picture of a format that we read, but in a form that we do not."""
    RAW = "raw"
    """What a camera's sensor saw, not a photo yet."""
    TOO_LARGE = "too_large"
    """More pixels or more pages than the limits allow."""
    TRUNCATED = "truncated"
    """The beginning is sound, the end is missing."""
    UNREADABLE = "unreadable"
    """The right kind of file, but damaged."""


class PhotoError(Exception):
    """A file that cannot be taken as a photo.

    Attributes:
        code: why, for a program.
        detail: the technical reason in English, for a log or the command line.
    """

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Limits:
    """What a file may ask of us before any pixel is decoded."""

    pixels: int = 200_000_000
    """Most pixels of one page."""
    total_pixels: int = 2_000_000_000
    """Most pixels of all pages together."""
    pages: int = 200


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Info:
    """What a file's headers say of one page. Width and height are as a viewer shows it."""

    format: Format
    width: int
    height: int
    pages: int
    """Of the whole file."""
    bits: int
    """Bits a sample: 8 or 16."""


@dataclass(frozen=True)
class Photo:
    """One page of a file, checked and ready to be worked on. Made by `open_page`."""

    path: Path
    page: int
    info: Info
    """Of this page."""
    preview: pyvips.Image
    """In memory, long side at most `PREVIEW_LONG_SIDE`: upright, 8-bit sRGB, 3 bands, or 1 where the file is grey."""

    def image(self) -> pyvips.Image:
        """The full-size picture: upright, sRGB, 1 or 3 bands, 8 or 16 bit, its metadata attached.

        Lazy and made to be read once, from the top down: ask again for another pass.

        Raises:
            PhotoError: here for a damaged header; damage further on comes as pyvips.Error when read
                (`refusal` translates it).
        """
        return to_srgb(_upright(self.path, self.info.format, self.page))

    def lightness(self) -> pyvips.Image:
        """L* of the full-size picture, upright: see `ml.appearance.to_lightness`. Lazy, and raises, as `image`."""
        return to_lightness(_upright(self.path, self.info.format, self.page))


def inspect(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Info:
    """Read a file's headers, never its pixels.

    Raises:
        PhotoError: empty, not an image, unsupported, too large, or headers that make no sense.
        OSError: the path cannot be read.
    """
    path = Path(path)
    fmt = _readable_format(path)
    first = _header(path, fmt, 0)
    if first.pages > limits.pages:
        raise PhotoError(Refusal.TOO_LARGE, f"{first.pages} pages, at most {limits.pages} are taken")
    total = 0
    for page in range(first.pages):
        info = first if page == 0 else _header(path, fmt, page)
        pixels = info.width * info.height
        total += pixels
        if pixels > limits.pixels or total > limits.total_pixels:
            raise PhotoError(
                Refusal.TOO_LARGE, f"page {page + 1} is {info.width} x {info.height} pixels: over the limit"
            )
    return first


def open_page(path: Path | str, page: int = 0, limits: Limits = DEFAULT_LIMITS) -> Photo:
    """Decode one page (0-based) from its first to its last row and keep a small copy.

    Raises:
        PhotoError: as `inspect`, and truncated or unreadable where decoding fails.
        IndexError: the file has no such page.
        OSError: the path cannot be read.
    """
    path = Path(path)
    info = inspect(path, limits)
    if not 0 <= page < info.pages:
        raise IndexError(f"{path.name} has {info.pages} pages, there is no page {page + 1}")
    if page:
        info = _header(path, info.format, page)
    image = to_srgb(_upright(path, info.format, page))
    try:
        small = image.thumbnail_image(PREVIEW_LONG_SIDE, height=PREVIEW_LONG_SIDE, size="down")
        preview = small.colourspace("b-w" if small.bands == 1 else "srgb").copy_memory()
    except pyvips.Error as error:
        raise refusal(error) from error
    return Photo(path, page, info, preview)


def refusal(error: Exception) -> PhotoError:
    """Translate what a decoder says into a `PhotoError`: truncated where the data ends early, else unreadable."""
    detail = " ".join(str(error).split())
    early = any(sign in detail.lower() for sign in _SIGNS_OF_TRUNCATION)
    return PhotoError(Refusal.TRUNCATED if early else Refusal.UNREADABLE, detail)


_SIGNS_OF_TRUNCATION = (
    "truncated",
    "premature end",
    "end of file",
    "end of stream",
    "endofstream",
    "end-of-stream",
    "eof",
    "not enough",
    "read error",
    "out of data",
    "can not read",
)
# pi_heif's among them: SyntaxError for what it does not know, IndexError where no picture is left.
_DECODER_ERRORS = (pyvips.Error, EOFError, RuntimeError, ValueError, SyntaxError, IndexError)


def _readable_format(path: Path) -> Format:
    if path.stat().st_size == 0:
        raise PhotoError(Refusal.EMPTY, "the file is empty")
    fmt = sniff(path)
    if fmt is Format.RAW:
        raise PhotoError(Refusal.RAW, "a camera's raw file; develop it and save it as JPEG or TIFF")
    if fmt not in READABLE:
        raise PhotoError(Refusal.NOT_AN_IMAGE, "not a JPEG, PNG, WebP, HEIC or TIFF")
    return fmt


def _header(path: Path, fmt: Format, page: int) -> Info:
    try:
        if fmt is Format.HEIC:
            width, height = open_heif(path).size
            return Info(fmt, width, height, 1, 8)
        image = _load(path, fmt, page, "sequential")
    except _DECODER_ERRORS as error:
        raise refusal(error) from error
    width, height = image.width, image.height
    if _orientation(image) >= 5:
        width, height = height, width
    pages = int(image.get("n-pages")) if fmt is Format.TIFF else 1
    return Info(fmt, width, height, pages, 8 if image.format == "uchar" else 16)


def _load(path: Path, fmt: Format, page: int, access: str) -> pyvips.Image:
    """Open with the one loader that the magic bytes name, never with whichever offers itself."""
    name, how = str(path), {"access": access, "fail_on": "error"}
    match fmt:
        case Format.JPEG:
            return pyvips.Image.jpegload(name, **how)
        case Format.PNG:
            return pyvips.Image.pngload(name, **how)
        case Format.WEBP:
            return pyvips.Image.webpload(name, **how)
        case Format.TIFF:
            return pyvips.Image.tiffload(name, page=page, **how)
        case _:
            return _load_heic(path)


def _load_heic(path: Path) -> pyvips.Image:
    """The primary image. libheif turns it upright, so EXIF's orientation must not count a second time."""
    heif = open_heif(path)
    # A copy: the pixels that pi_heif shows are freed with `heif`, whoever looks at them still.
    image = pyvips.Image.new_from_array(np.array(heif), interpretation="b-w" if heif.mode == "L" else "srgb")
    image = image.copy()
    for field, key in (("exif-data", "exif"), ("xmp-data", "xmp"), ("icc-profile-data", "icc_profile")):
        if heif.info.get(key):
            image.set_type(pyvips.GValue.blob_type, field, heif.info[key])
    if image.get_typeof("orientation"):
        image.remove("orientation")
    return image.copy(**_resolution(heif.info.get("exif")))


def _resolution(exif: bytes | None) -> dict[str, float]:
    """What EXIF says of the resolution, in pixels a millimetre as libvips wants it; nothing where it says nothing."""
    tags = Image.Exif()
    try:
        tags.load(exif or b"")
        unit = {2: 25.4, 3: 10.0}[tags.get(0x0128, 2)]
        found = {name: float(tags[tag]) / unit for name, tag in (("xres", 0x011A), ("yres", 0x011B))}
    except (KeyError, SyntaxError, ValueError, TypeError, ArithmeticError, OSError, struct.error):
        return {}
    return found if all(0 < value < 10_000 for value in found.values()) else {}


def _orientation(image: pyvips.Image) -> int:
    """EXIF's 1 to 8; 5 and above swap width and height."""
    return int(image.get("orientation")) if image.get_typeof("orientation") else 1


def _upright(path: Path, fmt: Format, page: int) -> pyvips.Image:
    """The picture as stored, in its own colour space, but turned: 1 or 3 bands or CMYK, uchar or ushort."""
    try:
        image = _load(path, fmt, page, "sequential")
        if _orientation(image) > 1:
            # Turning needs every row at once: vips decodes into memory, or into a file of its own if large.
            image = _load(path, fmt, page, "random").autorot()
        return _plain(image)
    except _DECODER_ERRORS as error:
        raise refusal(error) from error


def _plain(image: pyvips.Image) -> pyvips.Image:
    """Without alpha, which is laid on white, and of a kind that we read."""
    if image.interpretation == "scrgb":
        image = image.colourspace("rgb16")
    if image.format not in ("uchar", "ushort"):
        raise PhotoError(Refusal.UNSUPPORTED, f"samples of kind {image.format} are not read")
    cmyk = image.interpretation == "cmyk"
    if image.hasalpha():
        white = 0 if cmyk else 255 if image.format == "uchar" else 65_535
        image = image.flatten(background=[white])
    if image.bands not in (1, 3) and not cmyk:
        raise PhotoError(Refusal.UNSUPPORTED, f"pictures of {image.bands} bands are not read")
    return image
