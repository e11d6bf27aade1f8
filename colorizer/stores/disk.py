"""A folder of this machine."""

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkstemp

from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.utils._os import safe_join

from .base import HalfWritten, Part, Store, Stored, bounds, read_chunks

HALF = ".half-written"
"""How the names of files end that are not whole yet."""
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without hard links answer."""
PRIVATE = 0o640


class DiskStore(FileSystemStorage, Store):
    """Files are written beside their place and get their name when they are whole and on the disk."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # `_save` refuses one that is taken; another name would be no use

    def _save(self, name: str, content: "File[bytes]") -> str:
        target = Path(self.path(name))
        with _written_whole(target, content, mode=self._mode) as half:
            _name_once(half, target)
        return name

    def replace(self, key: str, content: "File[bytes]") -> None:
        with _written_whole(Path(self.path(key)), content, mode=self._mode) as half:
            half.replace(self.path(key))

    def part(self, key: str, *, start: int = 0, stop: int | None = None) -> Part:
        path = Path(self.path(key))
        total = path.stat().st_size
        start, stop = bounds(start, stop, total)
        chunks = _chunks(path, start, stop)
        return Part(chunks, close=chunks.close, start=start, stop=stop, total=total)

    def files(self, prefix: str = "") -> Iterator[Stored]:
        for path in self._paths():
            key = path.relative_to(self.location).as_posix()
            if key.startswith(prefix) and not key.endswith(HALF):
                with suppress(FileNotFoundError):  # deleted while we looked
                    found = path.stat()
                    yield Stored(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def half_written(self) -> Iterator[HalfWritten]:
        for path in self._paths():
            if path.name.endswith(HALF):
                with suppress(FileNotFoundError):
                    handle = path.relative_to(self.location).as_posix()
                    key = handle.removesuffix(HALF).rpartition(".")[0]
                    yield HalfWritten(key, datetime.fromtimestamp(path.stat().st_mtime, UTC), handle)

    def forget(self, half: HalfWritten) -> None:
        Path(safe_join(self.location, half.handle)).unlink(missing_ok=True)

    @property
    def _mode(self) -> int:
        return self.file_permissions_mode or PRIVATE

    def _paths(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.location):
            for name in names:
                yield Path(folder, name)


def _chunks(path: Path, start: int, stop: int) -> Generator[bytes, None, None]:
    """Opened when the first of them is asked for: a reader who is gone before that leaves nothing open."""
    with path.open("rb") as source:
        source.seek(start)
        yield from read_chunks(source, stop - start)


@contextmanager
def _written_whole(target: Path, content: "File[bytes]", *, mode: int) -> Iterator[Path]:
    """Write ``content`` beside ``target``; what nothing is made of is removed."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, path = mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=HALF)
    half = Path(path)
    try:
        with os.fdopen(number, "wb") as file:
            for chunk in content.chunks():
                file.write(chunk)
            os.fchmod(number, mode)
            file.flush()
            os.fsync(number)
        yield half
        _sync(target.parent)
    finally:
        half.unlink(missing_ok=True)


def _name_once(half: Path, target: Path) -> None:
    """Raises FileExistsError where the name is taken."""
    try:
        os.link(half, target)  # unlike a rename, it does not replace what is there
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        half.rename(target)


def _sync(folder: Path) -> None:
    """The name itself outlasts a power failure only once the folder is on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
