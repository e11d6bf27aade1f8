"""Carry what a scanner or an archivist wrote into a TIFF: libvips keeps only pixels, profile, XMP and IPTC."""

from __future__ import annotations

import struct
from pathlib import Path

from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

_TEXTS = {
    269: "DocumentName",
    270: "ImageDescription",
    271: "Make",
    272: "Model",
    285: "PageName",
    305: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    33432: "Copyright",
}
_DIRECTORIES = {34665: "EXIF", 34853: "GPS"}
_ASCII, _LONG = 2, 4
_COLOUR_SPACE, _SRGB = 0xA001, 1
_ENTRY = struct.Struct("<HHI4s")

Tags = dict[int, bytes | ImageFileDirectory_v2]


def read(path: Path, page: int) -> Tags:
    """The descriptive tags of one page: texts as their bytes, EXIF and GPS as directories.

    What cannot be parsed is left out: a photo is not refused for its notes.
    """
    tags: Tags = {}
    try:
        with TiffImageFile(path) as image:
            image.seek(page)
            for tag in _TEXTS:
                if isinstance(text := image.tag_v2.get(tag), str):
                    tags[tag] = text.encode("latin-1", "replace") + b"\x00"
            exif = image.getexif()
            for tag in _DIRECTORIES:
                if values := exif.get_ifd(tag):
                    tags[tag] = _directory(values | {_COLOUR_SPACE: _SRGB} if _COLOUR_SPACE in values else values)
    except (OSError, SyntaxError, EOFError, ValueError, TypeError, KeyError, struct.error):
        pass
    return tags


def append(path: Path, tags: Tags) -> None:
    """Add tags to the first directory of a little-endian classic TIFF, as libvips writes it.

    The directory is written anew at the file's end and the header pointed to it. A BigTIFF is left as it is.
    """
    if not tags:
        return
    with path.open("r+b") as file:
        magic, at = struct.unpack("<4sI", file.read(8))
        if magic != b"II*\x00":
            return
        file.seek(at)
        (count,) = struct.unpack("<H", file.read(2))
        entries = dict(_entry(file.read(_ENTRY.size)) for _ in range(count))
        for tag, value in tags.items():
            end = file.seek(0, 2)
            if end % 2:  # offsets are even (TIFF 6.0, section 2)
                end += file.write(b"\x00")
            if isinstance(value, bytes):
                short = len(value) <= 4
                place = value.ljust(4, b"\x00") if short else struct.pack("<I", end)
                entries[tag] = _ENTRY.pack(tag, _ASCII, len(value), place)
                file.write(b"" if short else value)
            else:
                entries[tag] = _ENTRY.pack(tag, _LONG, 1, struct.pack("<I", end))
                file.write(value.tobytes(end))
        end = file.seek(0, 2)
        if end % 2:
            end += file.write(b"\x00")
        file.write(struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + b"\x00" * 4)
        file.seek(4)
        file.write(struct.pack("<I", end))


def _entry(raw: bytes) -> tuple[int, bytes]:
    return struct.unpack_from("<H", raw)[0], raw


def _directory(values: dict[int, object]) -> ImageFileDirectory_v2:
    directory = ImageFileDirectory_v2()
    for tag, value in values.items():
        directory[tag] = value
    return directory
