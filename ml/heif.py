"""A HEIC, opened by pi_heif, which is shown none that it would take the whole process down with."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pi_heif

_MOST_BOXES = 100_000
"""So many there are in no photo; a file of nothing else would keep us busy."""
_ITEM = {2: 8, 3: 10}
"""By version: the bytes of an item's box before its type and its names (ISO/IEC 14496-12, section 8.11.6)."""


def open_heif(path: Path) -> pi_heif.HeifFile:
    """Read a file's headers; its pixels are decoded when they are asked for.

    Raises ValueError, and what pi_heif raises, where they are damaged.
    """
    check(path)
    return pi_heif.open_heif(path)


def check(path: Path) -> None:
    """Raise ValueError where an item's type or name is no text: pi_heif 1.4.0 dies of it, without an exception.

    A file of another kind is none of it.
    """
    with path.open("rb") as file:
        if file.read(8)[4:] != b"ftyp":
            return
        for kind, start, end in _boxes(file, 0, path.stat().st_size):
            if kind == b"infe":
                file.seek(start)
                said = file.read(end - start)
                if len(said) < 4:
                    raise ValueError("an item of this HEIC is cut off")
                said[_ITEM.get(said[0], 8) :].decode()


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """What each box up to the items is, and where its content begins and ends, those within others too."""
    left = [(start, end)]
    for _ in range(_MOST_BOXES):
        while left and left[-1][0] + 8 > left[-1][1]:
            left.pop()
        if not left:
            return
        at, end = left.pop()
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        content = at + 8
        if size == 1:  # of more than 4 GB, it says
            (size,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
            content += 8
        size = size or end - at
        if size < content - at:
            raise ValueError("a box of this HEIC is shorter than its own head")
        inner = min(at + size, end)
        left.append((at + size, end))
        if kind == b"meta":
            left.append((content + 4, inner))
        elif kind == b"iinf":
            file.seek(content)
            left.append((content + (6 if file.read(1) == b"\0" else 8), inner))
        yield kind, content, inner
    raise ValueError("this HEIC is in too many pieces")
