"""A dataset out again: its photos in folders by category, and an index.csv in the photo pack's form beside them.

What a family offered stays here: it was offered to this Heirloom alone.
"""

from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

from zipstream import ZipStream

from .. import index_file, naming, storage
from ..models import Action, Dataset, DatasetItem, DatasetVersion, Status, User
from . import audit


class _Photo(NamedTuple):
    path: str
    key: str
    row: tuple[object, ...]


def packed(*, dataset: Dataset, version: DatasetVersion | None, by: User | None) -> Iterator[bytes]:
    """A ZIP, piece by piece. A photo that has gone when its turn comes is in neither the ZIP nor its index."""
    return _packed(_photos(dataset, version, by))


def into_folder(*, dataset: Dataset, version: DatasetVersion | None, folder: Path) -> int:
    """Write into ``folder``, which must be empty or not there yet, all that has not gone; how many photos.

    Raises:
        FileExistsError: something lies in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    rows = []
    for photo, chunks in _opened(_photos(dataset, version, None)):
        file = folder / photo.path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            out.writelines(chunks)
        rows.append(photo.row)
    (folder / index_file.NAME).write_text(index_file.write(rows), encoding="utf-8")
    return len(rows)


def _packed(photos: list[_Photo]) -> Iterator[bytes]:
    stream, rows = ZipStream(sized=False), []
    for photo, chunks in _opened(photos):
        stream.add(chunks, photo.path)
        yield from stream.all_files()
        rows.append(photo.row)
    stream.add(index_file.write(rows).encode(), index_file.NAME)
    yield from stream.finalize()


def _photos(dataset: Dataset, version: DatasetVersion | None, by: User | None) -> list[_Photo]:
    audit.record(action=Action.DATASET_EXPORTED, actor=by, object_id=(version or dataset).pk)
    return [_photo(item) for item in _items(dataset, version)]


def _items(dataset: Dataset, version: DatasetVersion | None) -> Iterator[DatasetItem]:
    """As they are labelled now, or as they were when they were frozen."""
    if version is None:
        accepted = dataset.items.filter(state=DatasetItem.State.ACCEPTED, status=Status.DONE, consent=None)
        yield from accepted.order_by("sha256").iterator()
        return
    for frozen in version.items.filter(item__isnull=False, item__consent=None).select_related("item").iterator():
        item = cast(DatasetItem, frozen.item)
        for name in ("category", "source", "licence", "split"):
            setattr(item, name, getattr(frozen, name))
        yield item


def _photo(item: DatasetItem) -> _Photo:
    folder = naming.stem(item.category) if item.category else "none"
    path = f"photos/{folder}/{item.sha256[:16]}.{storage.EXTENSIONS[item.format]}"
    labels = (item.category, item.source, item.licence, item.split)
    return _Photo(path, item.key, (path, *labels, item.width, item.height, item.colourfulness))


def _opened(photos: list[_Photo]) -> Iterator[tuple[_Photo, Iterator[bytes]]]:
    """Those whose files are there, one at a time, each open until the next is asked for."""
    for photo in photos:
        with suppress(FileNotFoundError), closing(storage.models().part(photo.key)) as part:
            yield photo, chain([next(part, b"")], part)  # a disk opens a file with its first chunk
