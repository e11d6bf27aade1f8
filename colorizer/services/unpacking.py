"""Photos out of a ZIP or a folder, each with what the index beside them says. Nothing is unpacked to a path.

A ZIP is looked at whole before anything of it is taken: how many files it says it has, how large they would become,
whether a path leads out of it. One that fails is refused whole.
"""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from struct import Struct
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from .. import formats, index_file
from ..index_file import BadIndex, Described
from ..models import Split

MOST_FILES = 30_000
"""Of one ZIP. The photo pack that the default model learned from has 21,729."""
MOST_TIMES = 20
"""So many times larger than the ZIP may its content be. Photos hardly shrink; a bomb grows a thousand times."""
LITTLE = 50_000_000
"""Up to so many bytes of content no ZIP is a bomb."""
_LARGEST_DIRECTORY = MOST_FILES * 600
_CHUNK = 1 << 20
_END, _END_64, _LOCATOR_64 = Struct("<4s6xHL6x"), Struct("<4s28xQQ"), Struct("<4s4xQ4x")
_LONGEST_TAIL = 22 + 65_535
_JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
_SPLITS = frozenset(Split.values)

_CANNOT_UNPACK = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(RuntimeError, NotImplementedError, ValueError),
)
"""What `zipfile` raises over one file: damaged, cut off, with a password, packed in a way that it does not know."""


class Unfit(Exception):
    """Nothing of it is taken; says why in a sentence."""


class Broken(Exception):
    """One file of it cannot be unpacked; says why in a sentence."""


@dataclass(frozen=True)
class Found:
    """A file that may be a photo. ``open`` gives its bytes, and raises Broken where they cannot be had."""

    name: str
    said: Described
    open: Callable[[], AbstractContextManager["File[bytes]"]]


def is_archive(file: "File[bytes]") -> bool:
    file.seek(0)
    return formats.sniff(file.read(formats.HEAD_BYTES)) == "archive"


def of_zip(file: "File[bytes]", said: Described) -> list[Found]:
    """The files of a ZIP. What the index does not say of one, ``said`` does; without an index, folders are categories.

    Raises:
        Unfit: it is no ZIP, damaged, a bomb, has too many files, or a path that leads out of it.
    """
    _refuse_large_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Unfit(_("This ZIP is damaged, or only a part of it arrived.")) from error
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_junk(entry.filename)]
    _refuse_paths(entry.filename for entry in archive.infolist())
    _refuse_bomb(entries, size=file.size)
    paths = [entry.filename for entry in entries]
    index = _index_of(paths, lambda path: _read_entry(archive, path))
    return [
        Found(entry.filename, index.describe(entry.filename, said), partial(_entry, archive, entry))
        for entry in entries
        if entry.filename != index.path
    ]


def of_folder(folder: Path, said: Described) -> list[Found]:
    """The same of a folder on this machine. Links are not followed.

    Raises:
        Unfit: there is no such folder, or its index leads out of it or cannot be read.
    """
    if not folder.is_dir():
        raise Unfit(_("There is no folder %(folder)s.") % {"folder": folder})
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    paths = {file.relative_to(folder).as_posix(): file for file in files}
    index = _index_of(list(paths), lambda path: paths[path].read_bytes()[: index_file.LARGEST + 1])
    _refuse_paths(index.rows)
    return [
        Found(path, index.describe(path, said), partial(_file, file))
        for path, file in paths.items()
        if path != index.path and not _is_junk(path)
    ]


class _Index(NamedTuple):
    path: str
    rows: dict[str, Described]

    def describe(self, path: str, otherwise: Described) -> Described:
        if self.path:
            top = self.path.removesuffix(index_file.NAME)
            found = self.rows.get(path.removeprefix(top))
            if found is None:
                return otherwise
            return found._replace(split=found.split or otherwise.split, source=found.source or otherwise.source)
        *folders, _name = PurePosixPath(path).parts
        split = next((folder for folder in folders if folder in _SPLITS), "")
        category = next((folder for folder in reversed(folders) if folder not in _SPLITS), "")
        return otherwise._replace(category=otherwise.category or category[:40], split=otherwise.split or split)


def _index_of(paths: list[str], read: Callable[[str], bytes]) -> _Index:
    """The index nearest to the top."""
    found = min(
        (path for path in paths if PurePosixPath(path).name == index_file.NAME),
        key=lambda path: path.count("/"),
        default="",
    )
    if not found:
        return _Index("", {})
    data = read(found)
    if len(data) > index_file.LARGEST:
        raise Unfit(_("The index.csv is far too large."))
    try:
        return _Index(found, index_file.read(data))
    except BadIndex as error:
        raise Unfit(str(error)) from error


def _refuse_large_directory(file: "File[bytes]") -> None:
    """What a ZIP says of itself at its end (APPNOTE 4.3.16, 4.3.14), read before Python would read the directory."""
    file.seek(max(0, (file.size or 0) - _LONGEST_TAIL))
    tail = file.read(_LONGEST_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Unfit(_("This is no ZIP, or only a part of it arrived."))
    _mark, files, size = _END.unpack_from(tail, at)
    mark, where = _LOCATOR_64.unpack_from(tail, at - _LOCATOR_64.size) if at >= _LOCATOR_64.size else (b"", 0)
    if mark == b"PK\x06\x07":  # believed by Python whatever stands at the very end
        file.seek(min(where, file.size or 0))
        head = file.read(_END_64.size).ljust(_END_64.size, b"\xff")
        _mark, files, size = _END_64.unpack(head)
    if files > MOST_FILES or size > _LARGEST_DIRECTORY:
        raise Unfit(
            _("This ZIP has more than %(limit)s files. Split it into several and add those.") % {"limit": MOST_FILES}
        )


def _refuse_paths(paths: Iterable[str]) -> None:
    for path in paths:
        parts = path.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or parts[0].endswith(":") or "\0" in path:
            raise Unfit(
                _("A file in it has a path that leads out of it (%(path)s): nothing was taken in.")
                % {"path": path[:80]}
            )


def _refuse_bomb(entries: list[zipfile.ZipInfo], *, size: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if total > max(LITTLE, MOST_TIMES * size):
        raise Unfit(_("This ZIP would become far larger than photos do when it is unpacked: nothing was taken in."))


def _is_junk(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not _JUNK.isdisjoint(parts) or parts[-1:] == () or parts[-1].startswith("._")


def _read_entry(archive: zipfile.ZipFile, path: str) -> bytes:
    try:
        with archive.open(path) as source:
            return source.read(index_file.LARGEST + 1)
    except _CANNOT_UNPACK as error:
        raise Unfit(_("The index.csv in this ZIP is damaged.")) from error


@contextmanager
def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator["File[bytes]"]:
    if entry.flag_bits & 1:
        raise Broken(_("This file has a password. Unpack the ZIP and add the photo itself."))
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Broken(_("This is a link, not a photo."))
    most = settings.HEIRLOOM_MAX_FILE_MB * 1_000_000
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as spooled:
        if entry.file_size <= most:  # what is larger is refused by its size, and need not be unpacked for that
            _unpack(archive, entry, spooled)
            yield File(spooled, name=entry.filename)
        else:
            raise Broken(_("This file is larger than %(limit)s MB.") % {"limit": settings.HEIRLOOM_MAX_FILE_MB})


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, out: IO[bytes]) -> None:
    try:
        with archive.open(entry) as source:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
        out.flush()  # its size is asked of the file system
    except _CANNOT_UNPACK as error:
        raise Broken(_("This file is damaged inside the ZIP.")) from error


@contextmanager
def _file(path: Path) -> Iterator["File[bytes]"]:
    with path.open("rb") as source:
        yield File(source, name=path.name)
