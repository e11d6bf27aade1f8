"""What every store promises."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from django.core.files import File
from django.core.files.storage import Storage

CHUNK = 256 * 1024
"""Bytes that are read, and held in memory, at once."""


class Unavailable(OSError):
    """The store does not answer, or does not do as it is asked. Nothing is known to be lost: try again later."""


class NoSuchPart(Exception):
    """The part begins behind the end of the file, which has ``total`` bytes."""

    def __init__(self, total: int) -> None:
        super().__init__(f"The file has {total} bytes.")
        self.total = total


class Stored(NamedTuple):
    """A file that lies in a store."""

    key: str
    size: int
    changed_at: datetime


class HalfWritten(NamedTuple):
    """What a write that broke off without a word left behind: under no key, seen by nobody, and taking up room."""

    key: str
    """Where it would have been."""
    began_at: datetime
    handle: str
    """The store's own name for it."""


class Part:
    """The bytes of a file from ``start`` to before ``stop`` as chunks, to be gone through once and closed."""

    def __init__(
        self, chunks: Iterator[bytes], *, close: Callable[[], object], start: int, stop: int, total: int
    ) -> None:
        self.start = start
        self.stop = stop
        self.total = total
        """Bytes of the whole file."""
        self.close = close
        self._chunks = chunks

    def __iter__(self) -> "Part":
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)


class Store(Storage):
    """A Django storage with promises of its own.

    ``save`` stores a file whole under exactly its name, or raises: FileExistsError where there is one, OSError where it
    cannot. Whatever a store's client raises is an `Unavailable` or a FileNotFoundError.
    """

    def replace(self, key: str, content: "File[bytes]") -> None:
        """Put ``content`` under ``key``, in place of what is there: a reader finds the one or the other, whole."""
        raise NotImplementedError

    def part(self, key: str, *, start: int = 0, stop: int | None = None) -> Part:
        """A part of the file, opened at once. A negative ``start`` counts from the end, as far as there is a file.

        Raises:
            FileNotFoundError: there is no such file.
            NoSuchPart: it ends before ``start``.
        """
        raise NotImplementedError

    def files(self, prefix: str = "") -> Iterator[Stored]:
        """All files whose key begins with ``prefix``, in no order to rely on."""
        raise NotImplementedError

    def half_written(self) -> Iterator[HalfWritten]:
        """What broken-off writes left, and writes that go on just now."""
        raise NotImplementedError

    def forget(self, half: HalfWritten) -> None:
        """Remove it."""
        raise NotImplementedError

    def public_url(self, key: str, *, content_type: str, disposition: str) -> str | None:
        """A short-lived signed link that a browser can follow; None where the store is not to be reached by one."""
        return None


class _Source(Protocol):
    def read(self, size: int = -1, /) -> bytes | None: ...


def read_chunks(source: _Source, left: int) -> Iterator[bytes]:
    """The next ``left`` bytes of ``source``, piece by piece."""
    while left > 0 and (chunk := source.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk
    if left > 0:
        raise Unavailable(f"The file ended {left} bytes too early.")


def bounds(start: int, stop: int | None, total: int) -> tuple[int, int]:
    """``start`` and ``stop`` within a file of ``total`` bytes. Raises NoSuchPart."""
    start = max(start + total, 0) if start < 0 else start
    if start >= total > 0 or (start > 0 and not total):
        raise NoSuchPart(total)
    return start, total if stop is None else min(stop, total)
