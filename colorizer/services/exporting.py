"""A dataset out again: its photos in folders by category, and an index.csv in the photo pack's form beside them.

What a family offered stays here: it was offered to this Heirloom alone.
"""

from collections.abc import Iterator
from contextlib import closing
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


def packed(*, dataset: Dataset, version: DatasetVersion | None, by: User | None) -> ZipStream:
    """A ZIP to iterate over; a photo is opened when its turn comes, and left out where it has gone by then."""
    photos = _photos(dataset, version, by)
    stream = ZipStream(sized=False)
    stream.add(index_file.write(photo.row for photo in photos).encode(), index_file.NAME)
    for photo in photos:
        stream.add(_chunks(photo.key), photo.path)
    return stream


def into_folder(*, dataset: Dataset, version: DatasetVersion | None, folder: Path) -> int:
    """Write it all into ``folder``, which must be empty or not there yet; how many photos.

    Raises:
        FileExistsError: something lies in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    photos = _photos(dataset, version, None)
    for photo in photos:
        file = folder / photo.path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            for chunk in _chunks(photo.key):
                out.write(chunk)
    (folder / index_file.NAME).write_text(index_file.write(photo.row for photo in photos), encoding="utf-8")
    return len(photos)


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


def _chunks(key: str) -> Iterator[bytes]:
    try:
        with closing(storage.models().part(key)) as part:
            yield from part
    except FileNotFoundError:
        return
