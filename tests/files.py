"""Small files that stand for all that a family may drop on the page, each really of its kind."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

HEIC = Path(__file__).parent / "data" / "small.heic"


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def picture(format: str, *, size: tuple[int, int] = (60, 40), shade: int = 128, pages: int = 1) -> bytes:
    """A small grey picture; another ``shade`` is another file."""
    if format == "HEIC":
        return HEIC.read_bytes()
    sheets = [Image.linear_gradient("L").resize(size).point(lambda value: (value + shade) % 256) for _ in range(pages)]
    data = io.BytesIO()
    more = {"save_all": True, "append_images": sheets[1:]} if pages > 1 else {}
    sheets[0].save(data, format, **more)
    return data.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is as large as asked."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0")) + _chunk(b"IEND", b"")


def interlaced_png(side: int) -> bytes:
    """A square in colour of one shade: a few kilobytes that must be held whole in memory to be read."""
    zipped = zlib.compressobj(1)

    def rows() -> Iterator[bytes]:
        for x, y, dx, dy in (
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ):
            row = bytes(1 + 3 * len(range(x, side, dx)))
            for _ in range(y, side, dy):
                yield zipped.compress(row)

    data = b"".join(rows()) + zipped.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*each) for each in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def heic_of(width: int, height: int) -> bytes:
    """A sound HEIC that says it is of another size."""
    content = bytearray(HEIC.read_bytes())
    at = content.index(b"ispe") + 8
    content[at : at + 8] = struct.pack(">II", width, height)
    return bytes(content)


def jpeg_header(width: int, height: int) -> bytes:
    """A JPEG whose frame header says it is as large as asked; nothing follows it."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"


def webp_header(kind: bytes, width: int, height: int) -> bytes:
    """The beginning of a WebP of ``kind`` VP8 (lossy), VP8L (lossless) or VP8X (extended)."""
    body = {
        b"VP8 ": b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height),
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
        b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
    }[kind]
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def zip_archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("photo.jpg", picture("JPEG"))
    return data.getvalue()


def dng() -> bytes:
    """A TIFF whose first directory carries DNG's version tag."""
    entry = struct.pack("<HHI4s", 0xC612, 1, 4, bytes([1, 4, 0, 0]))
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


def video() -> bytes:
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41") + bytes(200)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
