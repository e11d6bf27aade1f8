"""The photos of a training, decoded once on this machine and kept for its next slices, in files and not in memory."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorizer import storage
from colorizer.models import FrozenItem
from ml.data import PhotoRow, load_planes

_TOGETHER = 8


def row_of(item: FrozenItem, path: Path | str) -> PhotoRow:
    """What `ml` knows of a photo of a data set; the file is at ``path``, which is absolute."""
    colourfulness = float("inf") if item.colourfulness is None else item.colourfulness
    return PhotoRow(str(path), item.category, item.source, item.licence, item.split, colourfulness)


def photos(items: Sequence[FrozenItem], heed: Callable[[], object]) -> Path:
    """The photos in a file, as `ml.spread.read_photos` reads them by its index, which this gives.

    ``heed`` is called before every few photos; where it raises, the next call goes on from there. Raises ValueError
    where no photo can be read.
    """
    name = hashlib.sha256("".join(item.sha256 for item in items).encode()).hexdigest()[:32]
    index = _folder() / f"{name}.json"
    if not index.is_file():
        index.parent.mkdir(exist_ok=True)
        found = json.dumps(_decode(items, index, heed))
        index.with_suffix(".part").write_text(found)
        index.with_suffix(".part").replace(index)
    return index


def count(index: Path) -> int:
    """How many photos there are."""
    return len(json.loads(index.read_text()))


def keep_alone(*indexes: Path) -> None:
    """Delete all other sets, or all where none is named: what is no longer learned from must not lie here."""
    kept = {index.stem for index in indexes}
    for file in _folder().glob("*"):
        if file.stem not in kept:
            file.unlink()


def are_here() -> bool:
    """Whether any set lies here."""
    return any(_folder().glob("*"))


def _folder() -> Path:
    return Path(tempfile.gettempdir(), "planes")


def _decode(items: Sequence[FrozenItem], index: Path, heed: Callable[[], object]) -> list[tuple[tuple[int, int], str]]:
    """Shapes and categories of the photos, which are written beside the index."""
    so_far = index.with_suffix(".sofar")
    found: list[tuple[tuple[int, int], str]]
    found, next_one = json.loads(so_far.read_text()) if so_far.is_file() else ([], 0)
    so_far.unlink(missing_ok=True)
    trouble = ""
    with index.with_suffix(".bin").open("r+b" if next_one else "wb") as out:
        out.seek(0, os.SEEK_END)
        for start in range(next_one, len(items), _TOGETHER):
            try:
                heed()
            except BaseException:
                so_far.write_text(json.dumps([found, start]))
                raise
            try:
                read = _load(items[start : start + _TOGETHER])
            except ValueError as error:
                trouble = str(error)
                continue
            for row, plane in read:
                out.write(plane.tobytes())
                found.append(((plane.shape[0], plane.shape[1]), row.category))
    if not found:
        raise ValueError(trouble or "no photo to read")
    return found


def _load(items: Sequence[FrozenItem]) -> list[tuple[PhotoRow, NDArray[np.uint8]]]:
    """Those that can be read. Raises ValueError where none can."""
    with ExitStack() as stack:
        files = [stack.enter_context(storage.local_copy(storage.models(), item.key)) for item in items]
        rows = [row_of(item, file.resolve()) for item, file in zip(items, files, strict=True)]
        read, planes, _left_out = load_planes(Path("/"), rows)
    return list(zip(read, planes, strict=True))
