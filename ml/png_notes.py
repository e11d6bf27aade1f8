"""The texts of a PNG, byte for byte: libvips keeps them, but takes UTF-8 for Latin-1 on the way out."""

from __future__ import annotations

import secrets
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_NO_WORDS = (b"XML:com.adobe.xmp", b"Raw profile type ")
_MOST_BYTES = 1_000_000
_HEADER_ENDS = 33
"""Signature and IHDR."""


def read(path: Path) -> list[bytes]:
    """Whole chunks of text, but for XMP and other blocks; of a file with a megabyte of them, the first."""
    found: list[bytes] = []
    held = 0
    for kind, start, size in _chunks(path):
        if kind not in _TEXTS or held + size > _MOST_BYTES:
            continue
        with path.open("rb") as file:
            file.seek(start)
            chunk = file.read(size)
        if not chunk[8:].startswith(_NO_WORDS):
            found.append(chunk)
            held += size
    return found


def insert(path: Path, chunks: list[bytes]) -> None:
    """Write chunks behind a PNG's header.

    Raises:
        OSError: the file cannot be written.
    """
    if not chunks:
        return
    whole = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with path.open("rb") as source, whole.open("wb") as target:
            target.write(source.read(_HEADER_ENDS))
            target.writelines(chunks)
            shutil.copyfileobj(source, target, 1 << 20)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def _chunks(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset and whole size of every chunk."""
    end = path.stat().st_size
    with path.open("rb") as file:
        at = 8
        while at + 12 <= end:
            file.seek(at)
            length, kind = struct.unpack(">I4s", file.read(8))
            if at + 12 + length > end:
                return
            yield kind, at, 12 + length
            at += 12 + length
