"""A stream of files as the plainest kind of tar, with checksums at its end.

Any ``tar`` unpacks it, and ``sha256sum --check SHA256SUMS`` checks what came out. Reading is strict: a member is a
regular file with a name of at most 100 characters, or the archive is refused. So there are no links, no folders, no
sparse files that swell, no headers of any length; no name is ever used as a path. Both ways hold one piece in memory.
"""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from .work import work_folder

SUMS = "SHA256SUMS"
"""The last member: a line for each of the others, in their order."""
BLOCK = tarfile.BLOCKSIZE
PIECE = 1 << 20


class Damaged(Exception):
    """The archive cannot be trusted; says why in a sentence."""


class Writer:
    """Writes members one after the other. Use it in ``with``: the checksums are added at the end of a whole archive."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sums = TemporaryFile(dir=work_folder())  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        with self._sums:
            if error is None:
                size = self._sums.tell()
                self._sums.seek(0)
                self._write(SUMS, size, iter(lambda: self._sums.read(PIECE), b""))
                self._out.write(bytes(2 * BLOCK))

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Add a file of ``size`` bytes; its SHA-256. Raises ValueError where ``pieces`` are more or fewer bytes."""
        sha256 = self._write(name, size, pieces)
        self._sums.write(_line(sha256, name))
        return sha256

    def _write(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        self._out.write(header.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"))
        digest, written = hashlib.sha256(), 0
        for piece in pieces:
            written += len(piece)
            if written > size:
                break
            digest.update(piece)
            self._out.write(piece)
        if written != size:
            raise ValueError(f"{name} has changed its size while it was read.")
        self._out.write(bytes(-size % BLOCK))
        return digest.hexdigest()


@dataclass(frozen=True)
class Member:
    """One file of an archive that is being read. Its bytes can be gone through once, before the next member."""

    name: str
    size: int
    pieces: Iterator[bytes]

    def read(self, most: int) -> bytes:
        """All its bytes. Raises Damaged where they are more than ``most``."""
        if self.size > most:
            raise Damaged(f"The archive's {self.name} is larger than it can rightly be.")
        return b"".join(self.pieces)


class Reader:
    """Reads an archive from its beginning to its end, once."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def members(self) -> Iterator[Member]:
        """Each member in turn; the checksums at the end are compared, not given out.

        Raises Damaged where the archive is cut off, no such archive at all, or not what was written.
        """
        with TemporaryFile(dir=work_folder()) as sums:
            while (header := self._header()) is not None:
                if header.name == SUMS:
                    return self._compare(sums, header.size)
                digest = hashlib.sha256()
                member = Member(header.name, header.size, self._pieces(header.size, digest))
                yield member
                for _rest in member.pieces:
                    pass
                self._exactly(-header.size % BLOCK)
                sums.write(_line(digest.hexdigest(), header.name))
            raise Damaged("The archive ends without its checksums: it is cut off.")

    def _header(self) -> tarfile.TarInfo | None:
        block = self._source.read(BLOCK)
        if len(block) < BLOCK:
            raise Damaged("The archive is cut off.")
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            return None
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise Damaged("This is not an archive that Heirloom wrote, or it is damaged.") from error
        if header.type != tarfile.REGTYPE or header.size < 0:
            raise Damaged(f"The archive holds something that is not a plain file: {header.name!r}.")
        return header

    def _pieces(self, left: int, digest: "hashlib._Hash") -> Iterator[bytes]:
        while left:
            piece = self._exactly(min(left, PIECE))
            digest.update(piece)
            left -= len(piece)
            yield piece

    def _exactly(self, size: int) -> bytes:
        found = self._source.read(size)
        if len(found) != size:
            raise Damaged("The archive is cut off.")
        return found

    def _compare(self, sums: IO[bytes], size: int) -> None:
        same = size == sums.tell()
        sums.seek(0)
        for piece in self._pieces(size, hashlib.sha256()):
            same = same and piece == sums.read(len(piece))
        if not same:
            raise Damaged("The archive's checksums do not match what is in it: it is damaged.")


def _line(sha256: str, name: str) -> bytes:
    """As ``sha256sum`` writes it."""
    return f"{sha256}  {name}\n".encode()
