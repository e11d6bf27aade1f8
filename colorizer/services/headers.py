"""How large a photo is and how many pages it has, read from its headers. No pixel is ever decoded here.

By hand, since an image library would do more at the mere opening of a file than a web process should: read every tag,
parse metadata, set aside memory for the whole picture, or die of a damaged one.
"""

from collections.abc import Iterator
from struct import Struct, error
from typing import IO, NamedTuple

MOST_SEGMENTS = 10_000
"""Of a JPEG before its frame header, fill bytes among them: far more than any camera writes."""

MOST_TAGS = 4096
"""Of a TIFF's directory: the standard knows some two hundred."""

MOST_BOXES = 10_000
"""Of a HEIC, down to those that tell a size."""

_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WIDTH, _HEIGHT = 0x0100, 0x0101
_SHORT = 3
_OPENED = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""The boxes in which a HEIC's sizes lie, and how many bytes come before the boxes within."""


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
    pages, pixels = 0, 0
    file.seek(0)
    try:
        for width, height in _READERS[format](file):
            pages, pixels = pages + 1, pixels + width * height
            if width < 1 or height < 1:
                raise BadHeaders("No pixels.")
            if pages > most_pages:
                break
    except (error, IndexError, OSError, ValueError, EOFError, RuntimeError) as failure:
        raise BadHeaders(f"{type(failure).__name__}: {failure}") from failure
    if not pages:
        raise BadHeaders("No pages.")
    return Headers(pages, pixels)


def _jpeg(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """ITU-T T.81, annex B: segments, each with its marker and length, until the frame header."""
    marker, frame = Struct(">BBH"), Struct(">BHH")
    file.seek(2)
    for _ in range(MOST_SEGMENTS):
        code = file.read(2)
        if code == b"\xff\xff":  # the first of them only fills
            file.seek(-1, 1)
            continue
        if code[1] in _STANDALONE:
            continue
        prefix, kind, length = marker.unpack(code + file.read(2))
        if prefix != 0xFF or length < 2:
            raise BadHeaders("Not a JPEG segment.")
        if kind in _FRAME_HEADERS:
            _bits, height, width = frame.unpack(file.read(frame.size))
            yield width, height
            return
        file.seek(length - 2, 1)


def _png(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    kind, width, height = Struct(">12x4sII").unpack(file.read(24))
    if kind != b"IHDR":
        raise BadHeaders("Not a PNG header.")
    yield width, height


def _webp(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """RFC 9649: the three kinds of first chunk."""
    head = file.read(30)
    if head[12:16] == b"VP8X" and len(head) == 30:
        yield int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    elif head[12:16] == b"VP8L" and head[20] == 0x2F and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a" and len(head) == 30:
        yield int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


def _heic(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """ISO/IEC 23008-12: the largest picture of the file. Its tiles and its small copy tell their sizes, too."""
    size = Struct(">4xII")
    sizes = []
    for kind, at in _boxes(file):
        if kind == b"ispe":
            file.seek(at)
            sizes.append(size.unpack(file.read(size.size)))
    if sizes:
        yield max(sizes, key=lambda sides: sides[0] * sides[1])


def _boxes(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """ISO/IEC 14496-12, section 4.2: each box with where its content begins, those on the way to the sizes opened."""
    head, large = Struct(">I4s"), Struct(">Q")
    left = [(0, file.seek(0, 2))]
    for _ in range(MOST_BOXES):
        while left and left[-1][0] + head.size > left[-1][1]:
            left.pop()
        if not left:
            return
        at, end = left.pop()
        file.seek(at)
        length, kind = head.unpack(file.read(head.size))
        content = at + head.size
        if length == 1:
            (length,) = large.unpack(file.read(large.size))
            content += large.size
        length = length or end - at
        if length < content - at:
            raise BadHeaders("Not a box.")
        left.append((at + length, end))
        if kind in _OPENED:
            left.append((content + _OPENED[kind], min(at + length, end)))
        yield kind, content
    raise BadHeaders("Too many boxes.")


def _tiff(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """TIFF 6.0, section 2, and BigTIFF: a chain of directories, one a page. No directory is visited twice."""
    magic = file.read(4)
    order = "<" if magic[:2] == b"II" else ">"
    is_big = b"+" in magic
    count, entry, link = (Struct(order + kind) for kind in (("Q", "HHQ8s", "Q") if is_big else ("H", "HHI4s", "I")))
    (at,) = Struct(order + ("4xQ" if is_big else "I")).unpack(file.read(12 if is_big else 4))
    visited: set[int] = set()
    while at and at not in visited:
        visited.add(at)
        file.seek(at)
        (entries,) = count.unpack(file.read(count.size))
        if entries > MOST_TAGS:
            raise BadHeaders("Too many tags.")
        sides = {}
        for _ in range(entries):
            tag, kind, _values, value = entry.unpack(file.read(entry.size))
            if tag in (_WIDTH, _HEIGHT):
                (sides[tag],) = Struct(order + ("H" if kind == _SHORT else "I")).unpack_from(value)
        yield sides.get(_WIDTH, 0), sides.get(_HEIGHT, 0)
        (at,) = link.unpack(file.read(link.size))


_READERS = {"jpeg": _jpeg, "png": _png, "webp": _webp, "heic": _heic, "tiff": _tiff}
