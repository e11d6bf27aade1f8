"""How large a photo is and how many pages it has, read from its headers. No pixel is ever decoded here."""

from typing import IO, NamedTuple

import pi_heif
from PIL import JpegImagePlugin, PngImagePlugin, TiffImagePlugin

WEBP_HEADER_BYTES = 30
BAD_HEADER = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ArithmeticError,
    RuntimeError,
)
"""What the readers raise at headers that make no sense."""


class Headers(NamedTuple):
    pages: int
    pixels: int
    """Of all pages together."""


class BadHeaders(Exception):
    """The headers are damaged, or cut off."""


def read(file: IO[bytes], *, format: str, most_pages: int) -> Headers:
    """Read the headers of ``file``, which was sniffed as ``format``; stops counting pages beyond ``most_pages``.

    Raises:
        BadHeaders: they make no sense.
    """
    file.seek(0)
    try:
        pages, pixels = _READERS[format](file, most_pages)
    except BAD_HEADER as error:
        raise BadHeaders(f"{type(error).__name__}: {error}") from error
    if pages < 1 or pixels < 1:
        raise BadHeaders("No pixels.")
    return Headers(pages, pixels)


# The plugins' classes are called directly: `Image.open` adds nothing but its own bomb warning, whose limit is not ours.


def _jpeg(file: IO[bytes], most_pages: int) -> tuple[int, int]:
    with JpegImagePlugin.JpegImageFile(file) as image:
        return 1, image.width * image.height


def _png(file: IO[bytes], most_pages: int) -> tuple[int, int]:
    with PngImagePlugin.PngImageFile(file) as image:
        return 1, image.width * image.height


def _tiff(file: IO[bytes], most_pages: int) -> tuple[int, int]:
    with TiffImagePlugin.TiffImageFile(file) as image:
        pages, pixels = 1, image.width * image.height
        while pages <= most_pages:
            try:
                image.seek(pages)
            except EOFError:
                break
            pages, pixels = pages + 1, pixels + image.width * image.height
        return pages, pixels


def _heic(file: IO[bytes], most_pages: int) -> tuple[int, int]:
    width, height = pi_heif.open_heif(file).size
    return 1, width * height


def _webp(file: IO[bytes], most_pages: int) -> tuple[int, int]:
    """The three kinds of WebP by hand: Pillow would set aside memory for the whole picture."""
    head = file.read(WEBP_HEADER_BYTES).ljust(WEBP_HEADER_BYTES, b"\0")
    if head[12:16] == b"VP8X":
        return 1, (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1)
    if head[12:16] == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return 1, ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    if head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        return 1, (int.from_bytes(head[26:28], "little") & 0x3FFF) * (int.from_bytes(head[28:30], "little") & 0x3FFF)
    raise BadHeaders("Not a WebP picture.")


_READERS = {"jpeg": _jpeg, "png": _png, "webp": _webp, "heic": _heic, "tiff": _tiff}
