"""All that cannot be made again, in one archive, while the site goes on.

The rows come first, in one snapshot; then their files. What is deleted for ever in between is named in the archive as
deleted, and so is not brought back. What comes in between is in the next backup.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, BinaryIO

from django.db.models import Model
from django.utils import timezone

from .. import archive, rows, storage
from ..models import Coloring, DatasetItem, ModelVersion, Original, Photo, Status
from ..selectors.integrity import PREPARED, pages
from ..tarball import PIECE, Writer
from ..work import work_folder

_STORES = {
    "models": storage.models,
    "datasets": storage.models,
    "originals": storage.originals,
    "results": storage.results,
}
_MAY_GO: dict[str, type[Model]] = {"originals": Original, "datasets": DatasetItem}
"""Kinds of files that may be deleted for good while the archive is made."""
ROWS_IN_ONE = 20_000
"""Rows of one member: some tens of megabytes."""


@dataclass
class Made:
    """What went into an archive, and what should have."""

    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    lost: list[str] = field(default_factory=list)
    """Ids of originals, and of datasets' photos, that are missing from the storage."""
    changed: list[str] = field(default_factory=list)
    """Ids of those that are not what was uploaded. They are in the archive as they are."""
    deleted: list[str] = field(default_factory=list)
    """Ids of those that were deleted for ever while the archive was made."""


def write(*, out: BinaryIO, with_results: bool = False) -> Made:
    """Write the archive to ``out``.

    Raises:
        OSError: a storage does not answer, or there is no room. What was written until then is no archive.
    """
    made = Made()
    with TemporaryDirectory(prefix="backup-", dir=work_folder()) as folder, Writer(out) as writer:
        with rows.snapshot(), _Rolled(Path(folder)) as rolled, Path(folder, "files").open("w+") as files:
            migrations = archive.migrations()
            for model in rows.kept():
                made.rows[model._meta.label_lower] = rows.dump(model, rolled)
            files.writelines(json.dumps(file) + "\n" for file in _files(made, with_results))
        header = archive.Header(
            format=archive.FORMAT,
            heirloom=archive.version(),
            made_at=timezone.now().isoformat(),
            migrations=migrations,
            rows=dict(made.rows),
            files=dict(made.files),
            has_results=with_results,
        )
        described = json.dumps(header.as_json(), indent=1).encode()
        writer.add(archive.HEADER, len(described), [described])
        for number, path in enumerate(rolled.paths, start=1):
            _add_spooled(writer, f"rows/{number:06}.jsonl", path)
        with Path(folder, "files").open() as files, Path(folder, "absent").open("w") as absent:
            absent.writelines(json.dumps(why) + "\n" for line in files if (why := _add(writer, json.loads(line), made)))
        _add_spooled(writer, archive.ABSENT, Path(folder, "absent"))
    return made


class _Rolled:
    """A text file that begins anew after ROWS_IN_ONE lines, in one more file of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.paths: list[Path] = []
        self._lines = 0
        self._open: IO[str] | None = None

    def __enter__(self) -> "_Rolled":
        return self

    def __exit__(self, *error: object) -> None:
        if self._open:
            self._open.close()

    def write(self, text: str) -> None:
        if self._open is None:
            self.paths.append(self._folder / f"rows-{len(self.paths)}")
            self._open = self.paths[-1].open("w", encoding="utf-8", newline="\n")
        self._open.write(text)
        self._lines += text == "\n"
        if self._lines == ROWS_IN_ONE:
            self._open.close()
            self._lines, self._open = 0, None


def _files(made: Made, with_results: bool) -> Iterator[dict[str, str]]:
    """The files that the rows speak of, in the order of the archive."""
    for version in ModelVersion.objects.order_by("sha256"):
        made.files["models"] += 1
        key = storage.weights_key(version.sha256)
        yield {"name": f"models/{version.sha256}", "key": key, "id": version.sha256, "sha256": version.sha256}
    for items in pages(DatasetItem.objects.all()):
        made.files["datasets"] += len(items)
        for item in items:
            name = f"datasets/{item.pk}.{storage.EXTENSIONS[item.format]}"
            yield {"name": name, "key": item.key, "id": str(item.pk), "sha256": item.sha256}
    for originals in pages(Original.objects.all()):
        made.files["originals"] += len(originals)
        for original in originals:
            name = f"originals/{original.pk}.{storage.EXTENSIONS[original.format]}"
            yield {"name": name, "key": original.key, "id": str(original.pk), "sha256": original.sha256}
    if with_results:
        for photos in pages(Photo.objects.filter(state__in=PREPARED).select_related("original")):
            for photo in photos:
                yield from ({"name": f"results/{key}", "key": key} for key in sorted(storage.grey_keys(photo)))
        for colorings in pages(Coloring.objects.filter(status=Status.DONE).select_related("photo__original")):
            for coloring in colorings:
                keys = [storage.full_key(coloring), *storage.copy_keys(coloring)]
                yield from ({"name": f"results/{key}", "key": key} for key in sorted(keys))


def _add(writer: Writer, file: dict[str, str], made: Made) -> dict[str, str] | None:
    """Put one file into the archive. What is not as its row has it, in words for who restores."""
    kind = file["name"].partition("/")[0]
    try:
        with closing(_STORES[kind]().part(file["key"])) as part:
            first = next(part, b"")  # there or gone: to be known before anything is written of it
            sha256 = writer.add(file["name"], part.total, chain([first], part))
            made.bytes += part.total
    except FileNotFoundError:
        return None if kind == "results" else _absent(kind, file["id"], made)
    if kind == "results":
        made.files["results"] += 1
        return None
    if sha256 == file["sha256"]:
        return None
    made.changed.append(file["id"])
    return {"kind": kind, "id": file["id"], "why": "changed"}


def _absent(kind: str, id: str, made: Made) -> dict[str, str]:
    model = _MAY_GO.get(kind)
    if model and not model._default_manager.filter(pk=id).exists():
        made.deleted.append(id)
        return {"kind": kind, "id": id, "why": "deleted"}
    made.lost.append(id)
    return {"kind": kind, "id": id, "why": "lost"}


def _add_spooled(writer: Writer, name: str, path: Path) -> None:
    with path.open("rb") as source:
        writer.add(name, path.stat().st_size, iter(lambda: source.read(PIECE), b""))
