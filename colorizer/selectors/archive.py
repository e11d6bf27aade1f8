"""An album as one ZIP, packed while it is sent: nothing is kept in memory or on disk."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from zipstream import ZipStream

from .. import naming, storage
from ..models import Album
from ..storage import StoredFile
from .gallery import in_order

WHATS = ("colour", "originals")


class PackedFile(NamedTuple):
    name: str
    size: int
    file: StoredFile


def files(*, album: Album, what: str) -> list[PackedFile]:
    """What goes into the ZIP: each photo's colours where it has them, or each original once, by names of their own."""
    taken: set[str] = set()
    found, originals = [], set()
    for photo in in_order(album.photos.filter(deleted_at=None)):
        file = storage.file_of(photo, "original" if what == "originals" else "result")
        if file is None or (what == "originals" and photo.original_id in originals):
            continue
        originals.add(photo.original_id)
        name = naming.unique(naming.of_photo(photo, what), file.ending, taken)
        size = file.size or file.storage.size(file.key)
        found.append(PackedFile(name, size, file))
    return found


def packed(files: Sequence[PackedFile]) -> ZipStream:
    """The ZIP to iterate over; its length is known beforehand, since photos are stored as they are."""
    zip_stream = ZipStream(sized=True)
    for name, size, file in files:
        zip_stream.add(_chunks(file), name, size=size)
    return zip_stream


def _chunks(file: StoredFile) -> Iterator[bytes]:
    """Opened only when its turn comes: an album may hold more files than may be open at once."""
    with closing(file.storage.part(file.key)) as part:
        yield from part
