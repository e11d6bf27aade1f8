"""What a file is, told from its first bytes and never from its name."""

from __future__ import annotations

import struct
from enum import StrEnum
from pathlib import Path

HEAD_BYTES = 4096
"""How much of a file `sniff` looks at."""


class Format(StrEnum):
    """The formats we read (`READABLE`) and those we know well enough to refuse by name."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    HEIC = "heic"
    AVIF = "avif"

    GIF = "gif"
    BMP = "bmp"
    JPEG_2000 = "jpeg-2000"
    JPEG_XL = "jpeg-xl"
    PSD = "psd"
    RAW = "raw"
    SVG = "svg"
    PDF = "pdf"
    ZIP = "zip"
    VIDEO = "video"
    UNKNOWN = "unknown"


READABLE = frozenset({Format.JPEG, Format.PNG, Format.WEBP, Format.TIFF, Format.HEIC, Format.AVIF})

_PREFIXES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"8BPS", Format.PSD),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Format.JPEG_2000),
    (b"\xff\x4f\xff\x51", Format.JPEG_2000),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", Format.JPEG_XL),
    (b"\xff\x0a", Format.JPEG_XL),
    (b"FUJIFILMCCD-RAW", Format.RAW),
    (b"IIRO", Format.RAW),  # Olympus
    (b"IIRS", Format.RAW),
    (b"MMOR", Format.RAW),
    (b"IIU\x00", Format.RAW),  # Panasonic
    (b"\x00MRM", Format.RAW),  # Minolta
    (b"FOVb", Format.RAW),  # Sigma
    (b"II\x1a\x00\x00\x00HEAPCCDR", Format.RAW),  # Canon CRW
    (b"PK\x03\x04", Format.ZIP),
    (b"PK\x05\x06", Format.ZIP),
    (b"\x1aE\xdf\xa3", Format.VIDEO),  # Matroska, WebM
    (b"\x00\x00\x01\xba", Format.VIDEO),  # MPEG
    (b"\x00\x00\x01\xb3", Format.VIDEO),
    (b"FLV\x01", Format.VIDEO),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Format.VIDEO),  # Windows Media
)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
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
    for prefix, fmt in _PREFIXES:
        if head.startswith(prefix):
            return fmt
    if head[:4] in _TIFF_MAGIC:
        return Format.RAW if _is_raw_tiff(head) else Format.TIFF
    if head[:4] == b"RIFF":
        return {b"WEBP": Format.WEBP, b"AVI ": Format.VIDEO}.get(head[8:12], Format.UNKNOWN)
    if head[4:8] == b"ftyp":
        return _sniff_ftyp(head)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return Format.VIDEO
    if head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00":
        return Format.BMP
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if b"<svg" in head.lower():
        return Format.SVG
    return Format.UNKNOWN


def _sniff_ftyp(head: bytes) -> Format:
    """ISO base media: pictures and videos share the container and differ in their brands."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12]] + [head[at : at + 4] for at in range(16, size - 3, 4)]
    if brands[0] == b"crx ":
        return Format.RAW  # Canon CR3
    if b"avif" in brands or b"avis" in brands:
        return Format.AVIF
    # mif1 alone says only "a picture": phones that write it put HEVC inside.
    if _HEIC_BRANDS.intersection(brands) or brands[0] in (b"mif1", b"msf1"):
        return Format.HEIC
    return Format.VIDEO


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
