"""What a reference does to a photo's colours, for better or worse, by the truth.

The protocol: pairs of colour photos; of one the grey file, through the whole pipeline, alone and likened to the other;
the mean distance in ab of output and truth. What is refused stays as it is without a reference.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ml.data import PhotoRow, open_photo, read_photos
from ml.likeness import Likened, Unfit
from ml.method import Method
from ml.pin_protocol import ab_error
from ml.reference import read_reference

PAIRS = 50
ALLOWED = 1.02
"""Times the error alone."""


@dataclass(frozen=True)
class Outcome:
    """One pair: the mean ab error alone and with the reference; `is_refused` where that one does not count."""

    alone: float
    likened: float
    is_refused: bool

    @property
    def is_worse(self) -> bool:
        """Whether the reference did harm beyond what is allowed."""
        return self.likened > ALLOWED * self.alone


def random_pairs(folder: Path, split: str = "val", count: int = PAIRS, seed: int = 0) -> list[tuple[Path, Path]]:
    """Photos of a data set, and for each another one that need not fit: both at random.

    Raises:
        FileNotFoundError, ValueError: see `ml.data.read_photos`.
    """
    rows = read_photos(folder, split)
    rng = random.Random(seed)
    chosen: list[list[PhotoRow]] = [rng.sample(rows, 2) for _ in range(count)]
    return [(folder / photo.path, folder / reference.path) for photo, reference in chosen]


def judge(method: Method, pairs: Sequence[tuple[Path, Path]]) -> Iterator[Outcome]:
    """The outcome of each pair of files, a photo and its reference, in order.

    Raises:
        PhotoError, OSError: a file that is no photo.
    """
    for photo, reference in pairs:
        truth = open_photo(photo)
        alone = ab_error(method, truth)
        try:
            yield Outcome(alone, ab_error(Likened(method, read_reference(reference)), truth), is_refused=False)
        except Unfit:
            yield Outcome(alone, alone, is_refused=True)


def another_shot(photo: Image.Image) -> Image.Image:
    """A photo as another one of the same scene might be: mirrored, cut, and a little lighter."""
    width, height = photo.size
    cut = (round(0.15 * width), round(0.1 * height), round(0.95 * width), round(0.9 * height))
    mirrored = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).crop(cut)
    return mirrored.point(lambda value: round(255 * (value / 255) ** 0.8))
