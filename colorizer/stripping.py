"""Photo files as they may leave the family: the pixels and their colour profile, and nothing else.

What a camera, a phone or a program wrote beside the pixels (place, serial numbers, names, thumbnails, comments, a
second picture behind the first) is left out by keeping only what decoding needs. The bytes of the picture itself are
passed on as they are, so that it decodes to the same pixels. No image library is needed, and no more than a piece of
the file is ever held.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from struct import Struct, error

Read = Callable[[int, int], Iterator[bytes]]
"""Gives the bytes of a file from an offset to before another one, in pieces."""

ENDINGS = frozenset({"jpg", "png", "webp"})
"""Of the files that can be stripped. What has another is given out as the JPEG that is made of it for browsers."""

PIECE = 256 * 1024
"""Bytes given out at a time, about."""

_MOST_SEGMENTS, _MOST_PNG_CHUNKS, _MOST_WEBP_CHUNKS = 10_000, 1_000_000, 1000
"""Far more than any program writes: a file that is made to cost time costs little of it."""


class Unknown(Exception):
    """The file is not what its ending says, or moves: it is not given out at all."""


def stripped(read: Read, *, size: int, ending: str, label: bytes = b"") -> Iterator[bytes]:
    """The file of ``size`` bytes without its metadata, in pieces.

    Args:
        read: gives the file's bytes.
        ending: one of ENDINGS.
        label: an XMP packet that takes the place of what was dropped; none where it is empty.

    Which way is up stays told, by a smallest possible EXIF block, where the pixels do not lie upright.

    Raises:
        Unknown: as soon as the file is not what ``ending`` says.
    """
    if ending not in ENDINGS:
        raise Unknown(f"A file that ends in .{ending} cannot be stripped.")
    try:
        yield from _gathered(_FORMATS[ending](read, size, label))
    except (error, IndexError) as failure:
        raise Unknown(f"The file breaks off: {failure}") from failure


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a size worth sending."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= PIECE:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)


class _Reader:
    """Bytes in pieces, read in order."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0

    def take(self, length: int) -> bytes:
        """Exactly ``length`` bytes. Raises IndexError where fewer are left."""
        found = b"".join(self.copy(length))
        if len(found) < length:
            raise IndexError(f"{length} bytes wanted, {len(found)} left")
        return found

    def copy(self, length: int) -> Iterator[bytes]:
        """``length`` bytes, or what is left, in pieces."""
        while length and self._has_more():
            part = self._piece[self._at : self._at + length]
            self._at += len(part)
            length -= len(part)
            yield part

    def skip(self, length: int) -> None:
        for _part in self.copy(length):
            pass

    def until(self, marker: re.Pattern[bytes]) -> Iterator[bytes]:
        """What lies before ``marker``, a pattern of two bytes of which the first is 0xFF, or all that is left."""
        while self._has_more():
            if found := marker.search(self._piece, self._at):
                before, self._at = self._piece[self._at : found.start()], found.start()
                yield before
                return
            is_torn = self._piece.endswith(b"\xff")  # whether a marker begins here the next byte tells
            yield self._piece[self._at : len(self._piece) - is_torn]
            more = next(self._pieces, b"")
            self._piece, self._at = b"\xff" + more if is_torn and more else more, 0

    def _has_more(self) -> bool:
        if self._at >= len(self._piece):
            self._piece, self._at = next(self._pieces, b""), 0
        return bool(self._piece)


# --- Which way is up ----------------------------------------------------------------------------------------------

_ORIENTATION, _SHORT = 0x0112, 3
_UPRIGHT = 1


def _way_up(exif: bytes) -> bytes:
    """An EXIF block that says the orientation of ``exif`` and nothing else; empty where that is upright or unknown."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return b""
    try:
        (at,) = Struct(order + "I").unpack_from(exif, 4)
        (count,) = Struct(order + "H").unpack_from(exif, at)
        for number in range(count):
            tag, kind, _values, value = Struct(order + "HHIH").unpack_from(exif, at + 2 + 12 * number)
            if tag == _ORIENTATION and kind == _SHORT and _UPRIGHT < value <= 8:
                return b"II*\0" + Struct("<IHHHIII").pack(8, 1, _ORIENTATION, _SHORT, 1, value, 0)
    except error:
        pass
    return b""


# --- JPEG (ITU-T T.81, annex B) -----------------------------------------------------------------------------------

_SOI, _SOS, _EOI = 0xD8, 0xDA, 0xD9
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_TABLES_AND_FRAMES = {*range(0xC0, 0xD0), _SOS, 0xDB, 0xDC, 0xDD} - {0xC8}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_LONGEST_SEGMENT = 65533


def _jpeg(read: Read, size: int, label: bytes) -> Iterator[bytes]:
    source = _Reader(read(0, size))
    if source.take(2) != b"\xff\xd8":
        raise Unknown("Not a JPEG.")
    yield b"\xff\xd8"
    label = label and _segment(_APP1, b"http://ns.adobe.com/xap/1.0/\0" + label)
    for _ in range(_MOST_SEGMENTS):
        marker = _next_marker(source)
        if marker in (None, _EOI, _SOI):
            break
        if marker in _WITHOUT_LENGTH:
            continue
        length = Struct(">H").unpack(source.take(2))[0] - 2
        if length < 0:
            raise Unknown("Not a JPEG segment.")
        if label and marker != _APP0:  # JFIF's own must be the first
            yield label
            label = b""
        if marker in _TABLES_AND_FRAMES:
            yield _segment(marker, source.take(length))
            if marker == _SOS:
                yield from source.until(_MARKER_IN_SCAN)
        else:
            yield _kept_segment(marker, source.take(length))
    else:
        raise Unknown("More segments than a JPEG has.")
    yield b"\xff\xd9"


def _next_marker(source: _Reader) -> int | None:
    """The code of the next marker; what lies before it is no part of a picture. None at the end of the file."""
    for _part in source.until(_MARKER):
        pass
    found = b"".join(source.copy(2))
    return found[1] if len(found) == 2 else None


def _kept_segment(marker: int | None, content: bytes) -> bytes:
    """What decoding needs of an application's segment; empty where that is nothing."""
    if marker == _APP0 and content.startswith(b"JFIF\0"):
        return _segment(_APP0, content[:12].ljust(12, b"\0") + b"\0\0")  # without the thumbnail
    if marker == _APP1 and content.startswith(b"Exif\0") and (way_up := _way_up(content)):
        return _segment(_APP1, b"Exif\0\0" + way_up)
    if marker == _APP2 and content.startswith(b"ICC_PROFILE\0"):
        return _segment(_APP2, content)
    if marker == _APP14 and content.startswith(b"Adobe"):
        return _segment(_APP14, content[:12])
    return b""


def _segment(marker: int | None, content: bytes) -> bytes:
    if len(content) > _LONGEST_SEGMENT:
        raise Unknown("Longer than a JPEG segment can be.")
    return Struct(">BBH").pack(0xFF, marker, len(content) + 2) + content


# --- PNG (third edition) ------------------------------------------------------------------------------------------

_PNG = b"\x89PNG\r\n\x1a\n"
_NEEDED = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"}
    | {b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs"}
)
_LONGEST_EXIF = 1 << 20


def _png(read: Read, size: int, label: bytes) -> Iterator[bytes]:
    source = _Reader(read(0, size))
    if source.take(8) != _PNG:
        raise Unknown("Not a PNG.")
    yield _PNG
    for _ in range(_MOST_PNG_CHUNKS):
        head = source.take(8)
        length, kind = Struct(">I4s").unpack(head)
        if kind in _NEEDED:
            yield head
            yield from source.copy(length + 4)
        elif kind == b"eXIf" and length <= _LONGEST_EXIF:
            if way_up := _way_up(source.take(length + 4)[:-4]):
                yield _png_chunk(b"eXIf", way_up)
        else:
            source.skip(length + 4)
        if kind == b"IHDR" and label:
            yield _png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + label)
        if kind == b"IEND":
            return
    raise Unknown("More chunks than a PNG has.")


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return Struct(">I").pack(len(content)) + kind + content + Struct(">I").pack(zlib.crc32(kind + content))


# --- WebP (RFC 9649) ----------------------------------------------------------------------------------------------

_HAS_PROFILE, _HAS_ALPHA, _HAS_EXIF, _HAS_XMP, _MOVES = 0x20, 0x10, 0x08, 0x04, 0x02
_STILL = (b"ICCP", b"ALPH", b"VP8 ", b"VP8L")
_CHUNK = Struct("<4sI")


def _webp(read: Read, size: int, label: bytes) -> Iterator[bytes]:
    """Its length stands in its head, so all its chunks are found first: by their own heads, a few bytes each."""
    found = _webp_chunks(read, size)
    image = found.get(b"VP8 ") or found.get(b"VP8L")
    if image is None:
        raise Unknown("A WebP without a still picture.")
    kept = [found[kind] for kind in _STILL if kind in found]
    exif, way_up = found.get(b"EXIF"), b""
    if exif and len(exif) <= _LONGEST_EXIF:
        way_up = _way_up(_all(read, exif)[_CHUNK.size :])
    head = _webp_head(read, found, image)
    before, after = b"", b""
    if b"VP8X" in found or label:
        head[0] = head[0] & (_HAS_PROFILE | _HAS_ALPHA) | (_HAS_EXIF if way_up else 0) | (_HAS_XMP if label else 0)
        before = _webp_chunk(b"VP8X", bytes(head))
        after = (_webp_chunk(b"EXIF", way_up) if way_up else b"") + (_webp_chunk(b"XMP ", label) if label else b"")
    length = 4 + len(before) + sum(map(len, kept)) + len(after)
    yield _CHUNK.pack(b"RIFF", length) + b"WEBP" + before
    for chunk in kept:
        yield from read(chunk.start, chunk.stop)
    yield after


def _webp_chunks(read: Read, size: int) -> dict[bytes, range]:
    """Where the first chunk of each kind lies, its head and padding included."""
    kind, length, form = Struct("<4sI4s").unpack(_all(read, range(min(12, size))))
    if (kind, form) != (b"RIFF", b"WEBP"):
        raise Unknown("Not a WebP.")
    end, at = min(8 + length, size), 12
    found: dict[bytes, range] = {}
    for _ in range(_MOST_WEBP_CHUNKS):
        if at + _CHUNK.size > end:
            return found
        kind, length = _CHUNK.unpack(_all(read, range(at, at + _CHUNK.size)))
        stop = at + _CHUNK.size + length + length % 2
        if stop > end:
            raise Unknown("The WebP breaks off.")
        found.setdefault(kind, range(at, stop))
        at = stop
    raise Unknown("More chunks than a WebP has.")


def _webp_head(read: Read, found: dict[bytes, range], image: range) -> bytearray:
    """The content of the head of an extended WebP: its own, or one made for a simple file."""
    if extended := found.get(b"VP8X"):
        head = bytearray(_all(read, extended)[_CHUNK.size : _CHUNK.size + 10])
        if head[0] & _MOVES:
            raise Unknown("A WebP that moves.")
        return head
    frame = _all(read, range(image.start, min(image.start + _CHUNK.size + 10, image.stop)))
    if frame.startswith(b"VP8L"):
        bits = int.from_bytes(frame[9:13], "little")
        right, below, flags = bits & 0x3FFF, bits >> 14 & 0x3FFF, _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        right, below = (int.from_bytes(frame[at : at + 2], "little") & 0x3FFF for at in (14, 16))
        right, below, flags = right - 1, below - 1, 0
    return bytearray(bytes([flags, 0, 0, 0]) + right.to_bytes(3, "little") + below.to_bytes(3, "little"))


def _webp_chunk(kind: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(kind, len(content)) + content + b"\0" * (len(content) % 2)


def _all(read: Read, part: range) -> bytes:
    return b"".join(read(part.start, part.stop))


_FORMATS = {"jpg": _jpeg, "png": _png, "webp": _webp}
