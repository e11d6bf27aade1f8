"""The photos of a training, decoded once on this machine and kept for its next slices, in files and not in memory."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from colorizer import storage
from colorizer.models import FrozenItem
from ml.data import PhotoRow, load_planes

_TOGETHER = 32


def row_of(item: FrozenItem, path: Path | str) -> PhotoRow:
    """What `ml` knows of a photo of a data set; the file is at ``path``, which is absolute."""
    colourfulness = float("inf") if item.colourfulness is None else item.colourfulness
    return PhotoRow(str(path), item.category, item.source, item.licence, item.split, colourfulness)


def photos(items: Sequence[FrozenItem], on_photo: Callable[[float], None]) -> Path:
    """The photos in a file, as `ml.spread.read_photos` reads them by its index, which this gives.

    ``on_photo`` hears how many of them are read, 0..1. Raises ValueError where none can be read.
    """
    name = hashlib.sha256("".join(item.sha256 for item in items).encode()).hexdigest()[:32]
    file = Path(tempfile.gettempdir(), "planes", f"{name}.bin")
    index = file.with_suffix(".json")
    if not index.is_file():
        file.parent.mkdir(exist_ok=True)
        index.with_suffix(".part").write_text(json.dumps(_decode(items, file, on_photo)))
        index.with_suffix(".part").replace(index)
    return index


def count(index: Path) -> int:
    """How many photos there are."""
    return len(json.loads(index.read_text()))


def keep_alone(count: int = 2) -> None:
    """Delete all but the latest ``count`` sets: what is no longer learned from need not lie here."""
    sets = sorted(Path(tempfile.gettempdir(), "planes").glob("*.json"), key=lambda file: file.stat().st_mtime)
    for index in sets[:-count]:
        index.with_suffix(".bin").unlink(missing_ok=True)
        index.unlink(missing_ok=True)


def _decode(
    items: Sequence[FrozenItem], file: Path, on_photo: Callable[[float], None]
) -> list[tuple[tuple[int, int], str]]:
    found: list[tuple[tuple[int, int], str]] = []
    trouble = ""
    with file.open("wb") as out:
        for start in range(0, len(items), _TOGETHER):
            some = items[start : start + _TOGETHER]
            with ExitStack() as stack:
                rows = [
                    row_of(item, stack.enter_context(storage.local_copy(storage.models(), item.key)).resolve())
                    for item in some
                ]
                try:
                    read, planes, _left_out = load_planes(Path("/"), rows)
                except ValueError as error:
                    trouble = str(error)
                    continue
            for row, plane in zip(read, planes, strict=True):
                out.write(plane.tobytes())
                found.append(((plane.shape[0], plane.shape[1]), row.category))
            on_photo((start + len(some)) / len(items))
    if not found:
        raise ValueError(trouble or "no photo to read")
    return found
