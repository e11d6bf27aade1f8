"""How well a method uses pins: the error that is left with ever more of them, each telling the truth.

The protocol: photos of a short side of 200 pixels, at most; round marks of 3 x 3 pixels with their true mean ab, in
the middle of the cells of a grid; the grey file and these pins through the whole pipeline; the mean distance in ab
of output and truth, a photo, then over photos.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from types import NoneType

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ml.color import rgb_tensor, srgb_to_lab
from ml.data import SUFFIXES, open_photo
from ml.evaluation import Colouring, through_pipeline
from ml.method import Guide, Method
from ml.pins import Pin, Pins
from ml.side_by_side import side_by_side

GRIDS = ((1, 1), (2, 2), (4, 4), (5, 8), (10, 10))
"""Cells along the short and the long side."""
SIXTEEN = GRIDS[2]
PHOTOS, SIDE = 24, 200
"""How many photos of a set the protocol takes, and their short side at most."""
_REACH = 1


def files(folder: Path) -> list[Path]:
    """All photos of a folder, by name. Raises ValueError where there is none, OSError without such a folder."""
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    if not found:
        raise ValueError(f"{folder} holds no photo")
    return found


def photos(files: Iterable[Path]) -> list[Image.Image]:
    """Photos at the protocol's size. Raises OSError on a file that is no photo."""
    return [open_photo(file, SIDE) for file in files]


def judge(method: Method, truths: Sequence[Image.Image], threads: int | None = None) -> Iterator[tuple[int, float]]:
    """The number of pins and the mean ab error that is left with them, for each of `GRIDS`.

    Begins with 0 pins: what the method does on its own, or leaving the photo grey where it needs pins. ``threads``:
    photos at work at once; by default as many as there are processors.
    """
    for grid in (None, *GRIDS):
        yield count(grid), float(np.mean(list(left_with(method, truths, grid, threads))))


def count(grid: tuple[int, int] | None) -> int:
    """The pins of one of `GRIDS`; None has none."""
    return grid[0] * grid[1] if grid else 0


def left_with(
    method: Method, truths: Sequence[Image.Image], grid: tuple[int, int] | None, threads: int | None = None
) -> Generator[float]:
    """The mean ab error that is left with one of `GRIDS`, or without pins, photo by photo."""

    def error(truth: Image.Image) -> float:
        return ab_error(method, truth, true_pins(truth, grid) if grid else None)

    with side_by_side(threads) as each:
        yield from each(error, truths)


def with_true_pins(method: Method, grid: tuple[int, int]) -> Colouring:
    """A way of colouring that is given the true photo: of that it sees the grey version, and one of `GRIDS`."""

    def colour(truth: Image.Image) -> Image.Image:
        return through_pipeline(method, guide=true_pins(truth, grid))(truth.convert("L"))

    return colour


def true_pins(photo: Image.Image, grid: tuple[int, int]) -> Pins:
    """One of `GRIDS` on a photo of any size, in the colours that it has at the protocol's."""
    if (scale := SIDE / min(photo.size)) < 1:
        photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.BICUBIC)
    return truthful(srgb_to_lab(rgb_tensor(photo)), *grid)


def truthful(truth: Tensor, short: int, long: int) -> Pins:
    """A grid of pins that tell the truth.

    ``truth``: Lab ``[3, H, W]``; ``short``, ``long``: cells along its short and its long side.
    """
    height, width = truth.shape[1:]
    rows, columns = (short, long) if height <= width else (long, short)
    pins = []
    for y in (np.arange(rows) * 2 + 1) * height // (2 * rows):
        for x in (np.arange(columns) * 2 + 1) * width // (2 * columns):
            patch = truth[1:, max(0, y - _REACH) : y + _REACH + 1, max(0, x - _REACH) : x + _REACH + 1]
            a, b = patch.mean(dim=(1, 2)).tolist()
            pins.append(Pin((x + 0.5) / width, (y + 0.5) / height, a, b, (_REACH + 0.5) / min(height, width)))
    return Pins(tuple(pins))


def ab_error(method: Method, photo: Image.Image, guide: Guide = None) -> float:
    """The mean distance in ab between a photo and what the whole pipeline makes of its grey version.

    Without a guide a method that needs one leaves it grey. Raises what the method raises.
    """
    grey = photo.convert("L")
    is_able = guide is not None or NoneType in method.guides
    coloured = through_pipeline(method, guide=guide)(grey) if is_able else grey.convert("RGB")
    return float(torch.hypot(*(srgb_to_lab(rgb_tensor(coloured)) - srgb_to_lab(rgb_tensor(photo)))[1:]).mean())
