"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

import struct
from enum import StrEnum
from pathlib import Path

HEAD_BYTES = 4096
"""How much of a file `sniff` looks at."""


class Format(StrEnum):
    """The formats we read (`READABLE`), and those that look like one of them but are not."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    HEIC = "heic"

    RAW = "raw"
    UNKNOWN = "unknown"


READABLE = frozenset({Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF, Format.HEIC})

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_NOT_HEIC_BRANDS = frozenset({b"avif", b"avis", b"crx "})
_TIFF_MAGIC = {b"II*\x00": "<", b"MM\x00*": ">", b"II+\x00": "<", b"MM\x00+": ">"}
_TAG_NEW_SUBFILE_TYPE = 0x00FE
_TAG_SUB_IFDS = 0x014A
_TAG_DNG_VERSION = 0xC612


def sniff(source: Path | str | bytes) -> Format:
    """Tell a file's format from its magic bytes.

    Args:
        source: a path, or the file's first bytes (`HEAD_BYTES` are enough).

    Returns:
        The format, `Format.UNKNOWN` where nothing fits (an empty file too).

    Raises:
        OSError: the path cannot be read.
    """
    if isinstance(source, bytes):
        return _sniff(source[:HEAD_BYTES])
    with Path(source).open("rb") as file:
        return _sniff(file.read(HEAD_BYTES))


def _sniff(head: bytes) -> Format:
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[:4] in _TIFF_MAGIC:
        return Format.RAW if _is_raw_tiff(head) else Format.TIFF
    if head[4:8] == b"ftyp" and _is_heic(head):
        return Format.HEIC
    return Format.UNKNOWN


def _is_heic(head: bytes) -> bool:
    """ISO base media: pictures and videos share the container and differ in their brands."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12]] + [head[at : at + 4] for at in range(16, size - 3, 4)]
    if _NOT_HEIC_BRANDS.intersection(brands):
        return False
    # mif1 alone says only "a picture": phones that write it put HEVC inside.
    return bool(_HEIC_BRANDS.intersection(brands)) or brands[0] in (b"mif1", b"msf1")


def _is_raw_tiff(head: bytes) -> bool:
    """Camera raw files that are TIFFs: CR2 and DNG say so, NEF, ARW and kin begin with a preview.

    A scan's first directory is the photo itself; a raw file's is a reduced copy, and the sensor's
    data hangs below it.
    """
    if head[8:10] == b"CR":
        return True
    order = _TIFF_MAGIC[head[:4]]
    if head[2:4] not in (b"*\x00", b"\x00*"):
        return False
    (at,) = struct.unpack_from(order + "I", head.ljust(8, b"\x00"), 4)
    tags: dict[int, int] = {}
    if at + 2 <= len(head):
        (count,) = struct.unpack_from(order + "H", head, at)
        for entry in range(at + 2, min(at + 2 + 12 * count, len(head) - 11), 12):
            tag, _kind, _n, value = struct.unpack_from(order + "HHII", head, entry)
            tags[tag] = value
    is_preview = tags.get(_TAG_NEW_SUBFILE_TYPE, 0) & 1 == 1
    return _TAG_DNG_VERSION in tags or (is_preview and _TAG_SUB_IFDS in tags)
