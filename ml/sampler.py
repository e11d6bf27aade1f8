"""Batches for training: the mix, the views, and draws that can be made again exactly on any number of processes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import itemgetter
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml import augmentation
from ml.augmentation import Plane
from ml.data import PhotoRow, load_planes
from ml.settings import Settings

_CACHED_TOGETHER = 16

Pins = Callable[[Tensor, np.random.Generator], Tensor | None]

# Share of each group in a batch, and its categories. A category named nowhere belongs to "rest".
MIX: dict[str, tuple[float, tuple[str, ...]]] = {
    "people": (
        0.33,
        (
            "people-groups",
            "everyday-people",
            "people-family",
            "people-street-family",
            "people-mixed",
            "people-crowd-street",
            "portrait",
            "portrait-227",
        ),
    ),
    "sport": (0.11, ("people-sport", "people-sport-small")),
    "street clothes": (0.06, ("people-street-clothes",)),
    "animals": (0.12, ("animals", "animals-with-people")),
    "homes": (0.12, ("interior", "house-front")),
    "outdoors": (0.14, ("road-landscape", "scenes-street-garden", "scene-lowres")),
    "vehicles": (0.06, ("vehicles-streets-cats",)),
    "food": (0.01, ("food",)),
    "rest": (0.05, ()),
}


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        lightness: [N, 1, H, W], L* 0..100.
        ab: [N, 2, H, W], Lab units, the truth at the view's full size.
        pins: [N, 3, H, W], a and b in Lab units and mask 0/1; None for a network without guidance.
        features: what the network's frozen part makes of the lightness, where that is cached.
    """

    lightness: Tensor
    ab: Tensor
    pins: Tensor | None = None
    features: tuple[Tensor, ...] | None = None

    def __len__(self) -> int:
        return len(self.lightness)

    def to(self, device: torch.device) -> Self:
        """The same on another device, in single precision; from pinned memory without waiting."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True).float())

    def half(self) -> Self:
        """The same in half the memory, for the way to another process or device.

        Colours of 8 bits stay exact, lightness to 0.03.
        """
        return self._each(Tensor.half)

    def pin_memory(self) -> Self:
        """The same in memory that CUDA copies from by itself."""
        return self._each(Tensor.pin_memory)

    def split(self, size: int) -> Iterator[Self]:
        """Parts of at most ``size`` views."""
        for start in range(0, len(self), size):
            yield self._each(itemgetter(slice(start, start + size)))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        def changed(value: Tensor | tuple[Tensor, ...] | None) -> Tensor | tuple[Tensor, ...] | None:
            return tuple(map(change, value)) if isinstance(value, tuple) else value if value is None else change(value)

        return type(self)(**{f.name: changed(getattr(self, f.name)) for f in fields(self)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Photos:
    """A set of photos in memory: planes of :func:`ml.data.photo_planes`, and the category of each.

    Raises ValueError where they do not fit each other, and without any.
    """

    planes: Sequence[NDArray[np.uint8]]
    categories: Sequence[str]

    def __post_init__(self) -> None:
        if not self.planes:
            raise ValueError("there is no photo to learn from")
        if len(self.planes) != len(self.categories):
            raise ValueError(f"{len(self.planes)} photos do not fit {len(self.categories)} categories")


def load_photos(folder: Path, rows: Sequence[PhotoRow], tell: Callable[[str], None] = lambda sentence: None) -> Photos:
    """Decode a data set's photos into memory, see :func:`ml.data.load_planes`; ``tell`` hears of what is left out."""
    read, planes, left_out = load_planes(folder, rows)
    for sentence in left_out:
        tell(sentence)
    return Photos(planes, [row.category for row in read])


class Sampler:
    """Draws batches from photos. The same seed and step give the same batch, on any machine.

    Each view of a batch draws from a generator of its own, so that processes that share a step make together exactly
    the views that one process would.
    """

    def __init__(self, photos: Photos, settings: Settings, pins: Pins = lambda ab, random: None) -> None:
        self.photos, self.settings, self._pins = photos, settings, pins
        group_of = {c: group for group, (_, members) in MIX.items() for c in members}
        members: dict[str, list[int]] = {}
        for i, category in enumerate(photos.categories):
            members.setdefault(group_of.get(category, "rest"), []).append(i)
        self._groups = [np.array(members[g]) for g in MIX if g in members]
        shares = np.array([MIX[g][0] for g in MIX if g in members])
        self._shares = shares / shares.sum()
        self._effects = augmentation.effects(settings.augment)
        self._features: list[tuple[Tensor, ...]] = []

    def cache(self, features: Callable[[Tensor], tuple[Tensor, ...] | None]) -> None:
        """Compute what a network's frozen part makes of each photo, once; batches then hold it, as fp16 in memory.

        ``features``: of lightness ``[N, 1, H, W]``. Raises ValueError where it gives none.
        """
        total = len(self.photos.planes)
        cached: list[tuple[Tensor, ...]] = []
        for start in range(0, total, _CACHED_TOGETHER):
            some = range(start, min(start + _CACHED_TOGETHER, total))
            with torch.no_grad():
                made = features(torch.stack([self._still(i).lightness for i in some]))
            if made is None:
                raise ValueError(f"network {self.settings.network!r} has no frozen features to be cached")
            cached += zip(*(feature.half().cpu() for feature in made), strict=True)
        self._features = cached

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """Batch number ``step``: of its views, the share of process ``rank`` of ``ranks``.

        Raises ValueError where the views cannot be shared evenly.
        """
        size = self.settings.batch
        if size % ranks:
            raise ValueError(f"a batch of {size} cannot be shared by {ranks} processes")
        share = size // ranks
        return _stack([self._view(step, i) for i in range(rank * share, (rank + 1) * share)])

    def fixed(self, count: int) -> Batch:
        """``count`` photos spread evenly over the set, whole or as central squares, for a small validation."""
        total = len(self.photos.planes)
        return _stack([self._still(int(i)) for i in np.linspace(0, total - 1, min(count, total))])

    def _view(self, step: int, place: int) -> Batch:
        random = np.random.default_rng((self.settings.seed, step, place))
        i = self._choose(step, place, random)
        lightness, ab = self._cut(i, random)
        if random.random() < self.settings.cut_mix:
            _paste(self._cut(int(random.integers(len(self.photos.planes))), random), (lightness, ab), random)
        for effect in self._effects:
            lightness, ab = effect(lightness, ab, random)
        return self._single(i, lightness, ab, random)

    def _cut(self, i: int, random: np.random.Generator) -> tuple[Plane, Plane]:
        """Lightness and ab of a view of photo ``i``."""
        if self.settings.views == "whole":
            return self._planes(i, None)
        height, width = self.photos.planes[i].shape[:2]
        side = min(height, width) * random.uniform(0.55, 1.0)
        aspect = np.exp(random.uniform(-0.15, 0.15))
        w, h = min(width, side * aspect), min(height, side / aspect)
        left, top = random.uniform(0, width - w), random.uniform(0, height - h)
        return self._planes(i, (left, top, left + w, top + h), flip=random.random() < 0.5)

    def _choose(self, step: int, place: int, random: np.random.Generator) -> int:
        if self.settings.mix:
            return int(random.choice(self._groups[random.choice(len(self._groups), p=self._shares)]))
        total = len(self.photos.planes)
        epoch, turn = divmod(step * self.settings.batch + place, total)
        return int(_order(self.settings.seed, epoch, total)[turn])

    def _still(self, i: int) -> Batch:
        height, width = self.photos.planes[i].shape[:2]
        side = min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        box = None if self.settings.views == "whole" else (left, top, left + side, top + side)
        return self._single(i, *self._planes(i, box), np.random.default_rng((0, i)))

    def _single(self, i: int, lightness: Plane, ab: Plane, random: np.random.Generator) -> Batch:
        colour = torch.from_numpy(ab)
        features = tuple(f.float() for f in self._features[i]) if self._features else None
        return Batch(torch.from_numpy(lightness)[None], colour, self._pins(colour, random), features)

    def _planes(self, i: int, box: tuple[float, float, float, float] | None, flip: bool = False) -> tuple[Plane, Plane]:
        # The three planes are treated alike, so Pillow may take them for RGB.
        image, side = Image.fromarray(self.photos.planes[i]), self.settings.crop
        view = np.array(image.resize((side, side), Image.Resampling.BILINEAR, box=box))
        planes = np.ascontiguousarray((view[:, ::-1] if flip else view).transpose(2, 0, 1), dtype=np.float32)
        return planes[0] / np.float32(2.55), planes[1:] - 128


def _paste(piece: tuple[Plane, Plane], view: tuple[Plane, Plane], random: np.random.Generator) -> None:
    """Lay a rectangle of one view, a tenth to half of it, over the same place of another (Yun et al. 2019)."""
    height, width = view[0].shape
    share, aspect = random.uniform(0.1, 0.5), np.exp(random.uniform(-0.5, 0.5))
    h, w = (min(side, round(side * float((share * a) ** 0.5))) for side, a in ((height, aspect), (width, 1 / aspect)))
    top, left = random.integers(height - h + 1), random.integers(width - w + 1)
    for laid, under in zip(piece, view, strict=True):
        under[..., top : top + h, left : left + w] = laid[..., top : top + h, left : left + w]


@functools.lru_cache(maxsize=4)
def _order(seed: int, epoch: int, total: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(total)


def _stack(views: Sequence[Batch]) -> Batch:
    """A batch of single views, which lack the first dimension."""
    pins = [view.pins for view in views if view.pins is not None]
    features = [view.features for view in views if view.features is not None]
    return Batch(
        torch.stack([view.lightness for view in views]),
        torch.stack([view.ab for view in views]),
        torch.stack(pins) if pins else None,
        tuple(map(torch.stack, zip(*features, strict=True))) if features else None,
    )
