"""What libvips leaves out of JPEG files: comments, and XMP that is longer than one segment (ISO 16684-3)."""

from __future__ import annotations

import secrets
import shutil
import struct
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ml.xmp import MOST_BYTES, Label, halves

_MAIN = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\x00"
_MOST_IN_ONE = 65_502
_PIECE = 65_400
_INCOMPLETE = b"incomplete"
_LEADING = range(0xE0, 0xF0)
_START_OF_SCAN, _APP1, _COMMENT = 0xDA, 0xE1, 0xFE
_MOST_COMMENTS = 16


def read_main(path: Path) -> bytes | None:
    """The packet of a file's main segment, also where libvips passes over it for its length."""
    for _, marker, content in _segments(path):
        if marker == _APP1 and content.startswith(_MAIN):
            return content[len(_MAIN) :]
    return None


def read_extension(path: Path, main: bytes) -> bytes | None:
    """The extended XMP that the packet `main` names, put together; None where there is none.

    Where a part of it is missing it is no XMP, as `ml.xmp.labelled` will find.
    """
    parts: dict[bytes, dict[int, bytes]] = defaultdict(dict)
    sizes: dict[bytes, int] = {}
    held = 0
    for _, marker, content in _segments(path):
        if marker == _APP1 and content.startswith(_EXTENSION) and len(content) > len(_EXTENSION) + 40:
            guid = content[len(_EXTENSION) :][:32]
            sizes[guid], at = struct.unpack_from(">II", content, len(_EXTENSION) + 32)
            parts[guid][at] = content[len(_EXTENSION) + 40 :]
            held += len(content)
            if held > 2 * MOST_BYTES:
                break
    for guid, pieces in parts.items():
        if guid in main and sizes[guid] <= MOST_BYTES:
            whole = b"".join(pieces[at] for at in sorted(pieces))
            return whole if len(whole) == sizes[guid] else _INCOMPLETE
    return None


def read_comments(path: Path) -> list[bytes]:
    """Its comments, as they stand."""
    return list(islice((content for _, marker, content in _segments(path) if marker == _COMMENT), _MOST_COMMENTS))


def insert(path: Path, packet: bytes, label: Label, comments: list[bytes]) -> None:
    """Write XMP and comments into a JPEG that has none, behind its first segments; what is too long as extended XMP.

    Raises:
        OSError: the file cannot be written.
    """
    segments = [_MAIN + packet]
    if len(packet) > _MOST_IN_ONE:
        main, extension, guid = halves(packet, label)
        segments = [_MAIN + main]
        for at in range(0, len(extension), _PIECE):
            head = _EXTENSION + guid.encode() + struct.pack(">II", len(extension), at)
            segments.append(head + extension[at : at + _PIECE])
    end = 2
    for after, marker, content in _segments(path):
        if marker not in _LEADING or not content.startswith((b"JFIF", b"Exif")):
            break
        end = after
    whole = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with path.open("rb") as source, whole.open("wb") as target:
            target.write(source.read(end))
            for marker, segment in [*((_APP1, xmp) for xmp in segments), *((_COMMENT, text) for text in comments)]:
                target.write(struct.pack(">BBH", 0xFF, marker, len(segment) + 2) + segment)
            shutil.copyfileobj(source, target, 1 << 20)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def _segments(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Up to the first scan: where each segment ends, its marker and its content."""
    with path.open("rb") as file:
        file.seek(2)
        while len(head := file.read(2)) == 2 and head[0] == 0xFF and head[1] != _START_OF_SCAN:
            if head[1] == 0xFF:  # a fill byte
                file.seek(-1, 1)
                continue
            size = file.read(2)
            if len(size) < 2:
                return
            content = file.read(max(0, int.from_bytes(size, "big") - 2))
            yield file.tell(), head[1], content
