"""What lies in which storage, under which key. The only module that knows.

- ``originals``: the uploaded files, written once.
- ``results``: what can be made again: colourings and small renditions.
- ``models``: trained weights, what trainings keep between two slices, and the photos of datasets.

Keys are made from ids and a sniffed format, never from a file's name.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.core.files import File
from django.core.files.storage import storages

from .stores import Store, Unavailable  # noqa: F401 - whoever asks a storage knows this module alone

if TYPE_CHECKING:
    from .models import Coloring, DatasetItem, Photo

SIZES = (480, 1600)
"""The long sides of the renditions, in pixels. No other size is ever made."""

EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "heic": "heic", "tiff": "tif"}
CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "tif": "image/tiff",
}
RENDITIONS = frozenset({*map(str, SIZES), "zoom"})
SHOWN_BY_BROWSERS = frozenset({"jpg", "png", "webp"})
"""Endings of files that are their own "zoom": none is made of them."""
RESULT_FORMATS = {"heic": "jpeg"}
"""Formats that a result is not written in, and what it is written in instead."""


def originals() -> Store:
    return cast(Store, storages["originals"])


def results() -> Store:
    return cast(Store, storages["results"])


def models() -> Store:
    return cast(Store, storages["models"])


def original_key(family_id: UUID, original_id: UUID, format: str) -> str:
    return f"{family_id}/{original_id}.{EXTENSIONS[format]}"


def grey_key(photo: "Photo", size: int | str) -> str:
    """A rendition of the photo as it was: ``size`` is one of SIZES or "zoom" (full size, for a browser)."""
    return f"photos/{photo.pk}/grey-{size}.{'jpg' if size == 'zoom' else 'webp'}"


def result_key(coloring: "Coloring", size: int | str) -> str:
    """A colouring: ``size`` is one of SIZES, "zoom" (full size, for a browser) or "full" (the result itself)."""
    if size == "full":
        format = coloring.photo.original.format
        return f"colorings/{coloring.pk}/full.{EXTENSIONS[RESULT_FORMATS.get(format, format)]}"
    return f"colorings/{coloring.pk}/colour-{size}.{'jpg' if size == 'zoom' else 'webp'}"


def grey_keys(photo: "Photo") -> list[str]:
    """Every rendition that the photo, once prepared, has to have."""
    keys = [grey_key(photo, size) for size in SIZES]
    return keys if EXTENSIONS[photo.original.format] in SHOWN_BY_BROWSERS else [*keys, grey_key(photo, "zoom")]


def field_key(coloring: "Coloring") -> str:
    """Where the field of a coloring lies (`ml.field`): what a page needs to change its colours without a new run."""
    return f"colorings/{coloring.pk}/field.bin"


def coloring_keys(coloring: "Coloring") -> list[str]:
    """Every file that a coloring has or may have."""
    sizes = [result_key(coloring, size) for size in (*SIZES, "zoom", "full")]
    return [*sizes, field_key(coloring)]


def full_key(coloring: "Coloring") -> str:
    """Where the result of a coloring that is done lies."""
    return coloring.key or result_key(coloring, "full")


def copy_keys(coloring: "Coloring") -> list[str]:
    """Every file that a coloring, once done, has to have beside its full-size result."""
    keys = [result_key(coloring, size) for size in SIZES]
    keys += [field_key(coloring)] if coloring.has_field else []
    is_shown = full_key(coloring).rpartition(".")[2] in SHOWN_BY_BROWSERS
    return keys if is_shown else [*keys, result_key(coloring, "zoom")]


def owner_of_result(key: str) -> tuple[str, UUID] | None:
    """Whose folder of `results` a key lies in, "photos", "colorings" or "comparisons", and the row's id; else None."""
    kind, _, rest = key.partition("/")
    try:
        return (kind, UUID(rest.partition("/")[0])) if kind in ("photos", "colorings", "comparisons") else None
    except ValueError:
        return None


def owner_of_original(key: str) -> tuple[UUID, UUID, str] | None:
    """The family's id, the original's id and the format that a key of `originals` was made of. None for any other."""
    family, _, name = key.partition("/")
    stem, _, ending = name.partition(".")
    try:
        found = UUID(family), UUID(stem), {ending: format for format, ending in EXTENSIONS.items()}[ending]
    except (ValueError, KeyError):
        return None
    return found if original_key(*found) == key else None


def weights_key(sha256: str) -> str:
    """A model version's weights in ``models``."""
    return f"{sha256}.safetensors"


def comparison_key(comparison_id: UUID, name: str) -> str:
    """What a comparison keeps in ``results``: its pictures, and what it knows between two slices."""
    return f"comparisons/{comparison_id}/{name}"


def upload_key(sha256: str) -> str:
    """Weights in ``models`` that were brought along and that no worker has tried yet."""
    return f"uploads/{sha256}.safetensors"


def training_key(training_id: UUID, name: str) -> str:
    """What a training keeps in ``models`` between two slices, and the pictures that it shows."""
    return f"trainings/{training_id}/{name}"


def item_key(dataset_id: UUID, item_id: UUID, format: str) -> str:
    """The file of a dataset's photo in ``models``."""
    return f"datasets/{dataset_id}/{item_id}.{EXTENSIONS[format]}"


def item_copy_key(item: "DatasetItem") -> str:
    """Its small copy for a screen, beside it; SIZES[0] pixels long."""
    return f"datasets/{item.dataset_id}/{item.pk}-{SIZES[0]}.webp"


def owner_in_models(key: str) -> tuple[str, UUID] | None:
    """Whose a key in `models` is: "trainings" or "datasets", and the id of the training, or of the dataset's photo.

    None for any other key, such as that of weights.
    """
    kind, _, rest = key.partition("/")
    of = {"trainings": rest.partition("/")[0], "datasets": rest.rpartition("/")[2][:36]}
    try:
        return (kind, UUID(of[kind])) if kind in of else None
    except ValueError:
        return None


def probe_key(pk: UUID) -> str:
    """A key that no file of a photo ever has: to try out whether a storage works. What lies there may be deleted."""
    return f"probe-{pk}"


@contextmanager
def local_copy(storage: Store, key: str) -> Iterator[Path]:
    """A path on this machine with the file's bytes: the file itself where the storage is a disk, else a copy."""
    try:
        yield Path(storage.path(key))
    except NotImplementedError:
        with TemporaryDirectory() as folder:
            copy = Path(folder) / Path(key).name
            with storage.open(key) as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
            yield copy


def save_original(key: str, file: "File[bytes]") -> None:
    """Store an upload under exactly ``key``: whole, or not at all.

    Raises:
        FileExistsError: there is an original under ``key``; it stays as it is.
        OSError: there is no room, or the storage does not answer (`Unavailable`).
    """
    originals().save(key, file)


def put(storage: Store, key: str, path: Path) -> None:
    """Store the file at ``path`` under exactly ``key``, in place of what an earlier run left there."""
    with path.open("rb") as source:
        storage.replace(key, File(source))


def put_all(storage: Store, files: Mapping[str, Path]) -> None:
    """The same for several, by their keys, side by side: most of it is waiting for a store that is elsewhere."""
    with ThreadPoolExecutor(len(files)) as pool:
        for stored in [pool.submit(put, storage, key, path) for key, path in files.items()]:
            stored.result()


def sha256(storage: Store, key: str) -> str:
    """Of the file under ``key``, read part by part. Raises FileNotFoundError where there is none."""
    digest = hashlib.sha256()
    with closing(storage.part(key)) as part:
        for chunk in part:
            digest.update(chunk)
    return digest.hexdigest()


def forget_half_written(*, before: datetime) -> int:
    """Remove what writes that began before then, and broke off without a word, have left; how many. No row wants it."""
    found = [
        (store, half)
        for store in (originals(), results(), models())
        for half in store.half_written()
        if half.began_at < before
    ]
    for store, half in found:
        store.forget(half)
    return len(found)


@dataclass(frozen=True)
class StoredFile:
    """One of a photo's files as the site gives it out."""

    storage: Store
    key: str
    version: UUID
    """Of the row that it belongs to. A file stays as it is under its version, unless it was lost and `jobs.redo` makes
    it anew: another model may be at work by then, and a browser goes on showing the file that it has kept."""
    size: int | None = None
    """Bytes, where a row knows them: to ask the storage takes a while."""

    @property
    def ending(self) -> str:
        return self.key.rpartition(".")[2]

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES.get(self.ending, "application/octet-stream")


def file_of_item(item: "DatasetItem", what: str) -> StoredFile | None:
    """The file of a dataset's photo that addresses call ``what``: "copy" (small) or "file" (as it came)."""
    if what == "copy":
        return StoredFile(models(), item_copy_key(item), item.pk)
    return StoredFile(models(), item.key, item.pk, item.size) if what == "file" else None


def file_of(photo: "Photo", what: str, *, version: "Coloring | None" = None) -> StoredFile | None:
    """The file of ``photo`` that addresses call ``what``; None where there is none of that name, or no colour yet.

    ``version``: in whose colours, where not in those that the family chose to see.
    """
    if what == "original":
        return StoredFile(originals(), photo.original.key, photo.pk, photo.original.size)
    side, _, size = what.partition("-")
    if side == "grey" and size in RENDITIONS:
        if size == "zoom" and EXTENSIONS[photo.original.format] in SHOWN_BY_BROWSERS:
            return StoredFile(originals(), photo.original.key, photo.pk, photo.original.size)
        return StoredFile(results(), grey_key(photo, size), photo.pk)
    coloring = version or photo.shown
    if coloring is None:
        return None
    coloring.photo = photo
    if what == "field":
        return StoredFile(results(), field_key(coloring), coloring.pk) if coloring.has_field else None
    full = StoredFile(results(), full_key(coloring), coloring.pk, coloring.size)
    if what == "result" or (what == "colour-zoom" and full.ending in SHOWN_BY_BROWSERS):
        return full
    if side == "colour" and size in RENDITIONS:
        return StoredFile(results(), result_key(coloring, size), coloring.pk)
    return None
