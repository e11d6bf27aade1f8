"""Photos for training: the index, and a cache of what training needs of them in memory."""

from __future__ import annotations

import csv
import hashlib
import math
import os
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pi_heif
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ml import heif
from ml.color import bin_centres, grey_to_lightness, rgb_tensor, soft_encode, srgb_to_lab

T = TypeVar("T")
DULL = 15.0
"""Photos below this Hasler-Suesstrunk colourfulness teach dullness."""
_CACHED_SIDE = 160
_HELD_OUT = 0.1
_TEXTS = ("path", "category", "source", "licence", "split")
_SPLITS = ("train", "val", "test")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".hif", ".tif", ".tiff", ".bmp"})
"""By what names photos are found in a folder."""

pi_heif.register_heif_opener()

# What Pillow lets through of its decoders besides OSError.
_DECODER_ERRORS = (
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,
    IndexError,
    struct.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class PhotoRow:
    """One line of a data set's ``index.csv``."""

    path: str
    category: str
    source: str
    licence: str
    split: str
    colourfulness: float
    report_set: str = ""
    """Which of the source report's data sets a photo rebuilds: "1" nature, "2" people, "" none."""


def read_index(folder: Path, split: str, licences: Sequence[str] = ()) -> list[PhotoRow]:
    """The photos of one split, in the index's order; only those of ``licences`` where any is named.

    Raises FileNotFoundError without an index, ValueError where a column is missing or nothing is left.
    """
    index = folder / "index.csv"
    if not index.is_file():
        raise FileNotFoundError(f"{folder} holds no index.csv")
    with index.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = set(PhotoRow.__dataclass_fields__) - {"report_set"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{index} lacks the columns {', '.join(sorted(missing))}")
        try:
            rows = [_row(row) for row in reader]
        except (TypeError, ValueError) as error:
            raise ValueError(f"{index}, line {reader.line_num}: {error}") from error
    rows = [r for r in rows if r.split == split and (not licences or r.licence in licences)]
    if not rows:
        raise ValueError(f"{index} has no photo in split {split!r} with licence {' or '.join(licences) or 'any'}")
    return rows


def _row(cells: dict[str, str | None]) -> PhotoRow:
    """Raises ValueError where a cell is missing or the colourfulness is no number."""
    if missing := [name for name in _TEXTS if cells[name] is None]:
        raise ValueError(f"nothing stands under {', '.join(missing)}")
    try:
        colourfulness = float(cells["colourfulness"] or "")
    except ValueError:
        raise ValueError(f"colourfulness must be a number, not {cells['colourfulness']!r}") from None
    named = {name: str(cells[name]) for name in _TEXTS}
    return PhotoRow(**named, colourfulness=colourfulness, report_set=cells.get("report_set") or "")


def read_photos(folder: Path, split: str, licences: Sequence[str] = ()) -> list[PhotoRow]:
    """The photos of a folder: by its ``index.csv`` where it has one, see :func:`read_index`; else all that lie in it.

    Without an index the folder is read as ImageNet is laid out: only what lies in a sub-folder named as the split
    where there is one, else all but what lies in another split's; and a photo's category is the folder that it lies
    in, "" for the top one. Its licence is "unclear" and its colourfulness, which nobody measured, infinite. Raises
    FileNotFoundError where there is no such folder, ValueError where no photo is left.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    if (folder / "index.csv").is_file():
        return read_index(folder, split, licences)
    top = folder / split if (folder / split).is_dir() else folder
    others = [folder / other for other in _SPLITS if folder / other != top]
    files = sorted(
        f
        for f in top.rglob("*")
        if f.suffix.lower() in SUFFIXES and f.is_file() and not any(map(f.is_relative_to, others))
    )
    rows = [
        PhotoRow(
            path=file.relative_to(folder).as_posix(),
            category="" if file.parent == top else file.parent.name,
            source="folder",
            licence="unclear",
            split=split,
            colourfulness=math.inf,
        )
        for file in files
        if not licences or "unclear" in licences
    ]
    if not rows:
        named = f" with licence {' or '.join(licences)}" if licences else ""
        raise ValueError(f"{top} holds neither an index.csv nor any photo{named}: JPEG, PNG, WebP, HEIC, TIFF or BMP")
    return rows


def train_and_held_out(folder: Path, licences: Sequence[str] = ()) -> tuple[list[PhotoRow], list[PhotoRow]]:
    """What to learn from and what to validate on: the data's own splits, else a tenth is held out of its train split.

    The tenth is chosen by a hash of the paths, so it is the same on any machine. Raises what :func:`read_photos`
    raises, ValueError where there is but one photo.
    """
    rows = read_photos(folder, "train", licences)
    if _has_split(folder, "val"):
        return rows, read_photos(folder, "val")
    if len(rows) < 2:
        raise ValueError(f"{folder} has one photo: there is none to hold out")
    shuffled = sorted(rows, key=lambda row: hashlib.sha256(row.path.encode()).digest())
    held_out = {row.path for row in shuffled[: max(1, round(len(rows) * _HELD_OUT))]}
    return [r for r in rows if r.path not in held_out], [r for r in rows if r.path in held_out]


def without_dull(rows: Iterable[PhotoRow]) -> list[PhotoRow]:
    """Those that a training learns from."""
    return [row for row in rows if row.colourfulness >= DULL]


def unseen(folder: Path, split: str, learned_from: Mapping[str, Any]) -> list[PhotoRow]:
    """The tenth that was held out of a folder without a split, where a model has learned from its rest; else none.

    ``learned_from``: what the model's card says of its data, see :func:`ml.export.describe_data`.
    """
    if "index_sha256" not in learned_from or _has_split(folder, split):
        return []
    licences = [licence for licence in learned_from.get("licences_asked_for", []) if licence != "any"]
    seen, held_out = train_and_held_out(folder, licences)
    seen = evenly(without_dull(seen), learned_from.get("limit"))
    return held_out if digest(seen) == learned_from["index_sha256"] else []


def evenly(items: Sequence[T], count: int | None) -> list[T]:
    """``count`` of the items, in their order and from all over it; all where there are no more, or it is None."""
    count = len(items) if count is None else min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def _has_split(folder: Path, split: str) -> bool:
    index = folder / "index.csv"
    if not index.is_file():
        return (folder / split).is_dir()
    with index.open(newline="", encoding="utf-8-sig") as file:
        return any(row["split"] == split for row in csv.DictReader(file))


def digest(rows: Iterable[PhotoRow]) -> str:
    """sha256 of what the index says of these photos, wherever they lie: tells whether two runs saw the same data."""
    lines = sorted("\t".join(str(getattr(row, f)) for f in PhotoRow.__dataclass_fields__) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def count_sources(rows: Iterable[PhotoRow]) -> dict[str, dict[str, int]]:
    """Number of photos by licence, then by source, for the model card."""
    counts: dict[str, dict[str, int]] = {}
    for (licence, source), n in sorted(Counter((r.licence, r.source) for r in rows).items()):
        counts.setdefault(licence, {})[source] = n
    return counts


def photo_planes(photo: Image.Image) -> NDArray[np.uint8]:
    """What training needs of a photo: uint8 ``[H, W, 3]`` = L* of its grey version x 2.55, a* + 128, b* + 128.

    The lightness is that of ``convert("L")``, because that is what a black-and-white scan is.
    """
    rgb = rgb_tensor(photo.convert("RGB"))
    grey = torch.from_numpy(np.array(photo.convert("L")))[None].float() / 255
    ab = srgb_to_lab(rgb)[1:] + 128
    planes = torch.cat([grey_to_lightness(grey) * 2.55, ab]).round().clamp(0, 255)
    return planes.to(torch.uint8).permute(1, 2, 0).contiguous().numpy()


def open_photo(file: Path, side: int | None = None) -> Image.Image:
    """A photo of a data set, upright, as RGB; where ``side`` is given its short side is at most that.

    Raises OSError on a file that is no photo, or damaged.
    """
    try:
        heif.check(file)
        with Image.open(file) as opened:
            if side:
                # JPEG alone can decode at a half, a quarter or an eighth, and does so many times faster.
                opened.draft("RGB", (2 * side, 2 * side))
            photo = ImageOps.exif_transpose(opened).convert("RGB")
    except UnidentifiedImageError as error:
        raise OSError(f"{file} is no photo that can be read") from error
    except _DECODER_ERRORS as error:
        raise OSError(f"{file} is damaged, or too large: {error}") from error
    if side and min(photo.size) > side:
        scale = side / min(photo.size)
        size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
        photo = photo.resize(size, Image.Resampling.BICUBIC)
    return photo


def left_out(row: PhotoRow, error: OSError) -> str:
    """The sentence for a photo that :func:`open_photo` could not read, where the others are gone on with."""
    return f"left out {row.path}: {error.strerror or error}"


def load_planes(folder: Path, rows: Sequence[PhotoRow]) -> tuple[list[PhotoRow], list[NDArray[np.uint8]], list[str]]:
    """Decode photos into memory, see :func:`photo_planes`; about 100 kB each.

    Returns the rows that could be read, their planes, and a sentence for each of the others. Raises ValueError
    where none could.
    """

    def work(row: PhotoRow) -> NDArray[np.uint8] | str:
        try:
            return photo_planes(open_photo(folder / row.path, _CACHED_SIDE))
        except OSError as error:
            return left_out(row, error)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        made = list(pool.map(work, rows))
    read = [(row, planes) for row, planes in zip(rows, made, strict=True) if not isinstance(planes, str)]
    others = [sentence for sentence in made if isinstance(sentence, str)]
    if not read:
        raise ValueError(f"none of the {len(rows)} photos can be read; {others[0]}" if rows else "no photo to read")
    return [row for row, _ in read], [planes for _, planes in read], others


def bin_frequency(planes: Sequence[NDArray[np.uint8]], limit: int = 2000) -> Tensor:
    """Share of each ab bin, softly counted over up to ``limit`` even picks: float32 ``[bins]``, sums to 1."""
    counts = torch.zeros(len(bin_centres()), dtype=torch.float64)
    for i in np.linspace(0, len(planes) - 1, min(limit, len(planes))).astype(int):
        ab = torch.from_numpy(planes[i][::4, ::4, 1:].astype(np.float32)).permute(2, 0, 1) - 128
        index, weight = soft_encode(ab)
        counts += torch.bincount(index.flatten(), weight.flatten().double(), minlength=len(counts))
    return (counts / counts.sum()).float()
