"""The files that a share gives out, by names of their own, and how they leave: small, or bare of all metadata."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.utils.translation import gettext as _
from zipstream import ZipStream

from .. import label, naming, storage, stripping
from ..models import Photo, Share
from ..storage import StoredFile
from . import shares

SIDES = ("colour", "grey")
_SMALL = tuple(f"{side}-{size}" for side in SIDES for size in storage.SIZES)
_FULL = tuple(f"{side}-zoom" for side in SIDES)

ReadFile = Callable[[StoredFile, int, int], Iterator[bytes]]
"""Gives the bytes of a stored file from an offset to before another one, in pieces."""


@dataclass(frozen=True)
class SharedFile:
    file: StoredFile
    name: str
    """The stem for a download: never the name that the family's device gave the file."""
    is_full_size: bool
    label: bytes
    """What is to be written into a full-size file in place of its metadata."""


def file(share: Share, pk: UUID, what: str) -> SharedFile | None:
    """The file of a photo that lies in ``share``; None for any other, and for a full size that is not allowed."""
    if what not in _SMALL and not (what in _FULL and share.can_download):
        return None
    photo = shares.rows(share).filter(pk=pk).first()
    if photo is None:
        return None
    number = shares.position(share, pk) if what in _FULL else 0  # only what is downloaded has a name
    return _file(share, photo, number, what)


def files(share: Share, side: str) -> list[SharedFile]:
    """All full-size files of one of SIDES, where the share allows them: what is not in colour has no colours."""
    if side not in SIDES or not share.can_download:
        return []
    found = (_file(share, photo, number, f"{side}-zoom") for number, photo in enumerate(shares.rows(share), 1))
    return [each for each in found if each]


def bare(found: SharedFile, read: ReadFile) -> Iterator[bytes]:
    """A full-size file without its metadata. Raises stripping.Unknown where it is none that can be stripped."""
    size = found.file.storage.size(found.file.key)
    return stripping.stripped(partial(read, found.file), size=size, ending=found.file.ending, label=found.label)


def packed(files: Sequence[SharedFile], read: ReadFile) -> ZipStream:
    """The ZIP to iterate over. A file that cannot be stripped breaks it off rather than being given out as it is."""
    zip_stream, taken = ZipStream(), set[str]()
    for each in files:
        zip_stream.add(_when_asked(each, read), naming.unique(each.name, each.file.ending, taken))
    return zip_stream


def _when_asked(found: SharedFile, read: ReadFile) -> Iterator[bytes]:
    """Opened only when its turn comes: an album may hold more files than may be open at once."""
    yield from bare(found, read)


def _file(share: Share, photo: Photo, number: int, what: str) -> SharedFile | None:
    is_full_size, is_grey = what in _FULL, what.startswith("grey")
    stored = storage.file_of(photo, what)
    # A file of many pages holds others beside the photo's own.
    if stored is None or (stored.storage == storage.originals() and photo.original.pages > 1):
        return None
    name = naming.stem(shares.shared(photo, share, number).title)
    if is_grey:
        return SharedFile(stored, name, is_full_size, b"")
    in_colour = _("in colour")
    return SharedFile(stored, f"{name} ({in_colour})", is_full_size, label.of(photo.shown) if photo.shown else b"")
