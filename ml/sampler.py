"""Batches for training: the mix, the views, and draws that can be made again exactly on any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import itemgetter
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml.settings import Settings

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
        """The same on another device."""
        return self._each(lambda tensor: tensor.to(device))

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
        if len(self.planes) != len(self.categories) or not self.planes:
            raise ValueError(f"{len(self.planes)} photos do not fit {len(self.categories)} categories")


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

    def _view(self, step: int, i: int) -> Batch:
        random = np.random.default_rng((self.settings.seed, step, i))
        chosen = self._choose(step, i, random)
        if self.settings.views == "whole":
            view = self._resize(chosen, None)
        else:
            height, width = self.photos.planes[chosen].shape[:2]
            side = min(height, width) * random.uniform(0.55, 1.0)
            aspect = np.exp(random.uniform(-0.15, 0.15))
            w, h = min(width, side * aspect), min(height, side / aspect)
            left, top = random.uniform(0, width - w), random.uniform(0, height - h)
            view = self._resize(chosen, (left, top, left + w, top + h))
            if random.random() < 0.5:
                view = view[:, ::-1]
        lightness, ab = _tensors(view)
        if self.settings.views == "crops":
            lightness = _vary_lightness(lightness, random)
        return Batch(lightness, ab, self._pins(ab, random))

    def _choose(self, step: int, i: int, random: np.random.Generator) -> int:
        if self.settings.mix:
            return int(random.choice(self._groups[random.choice(len(self._groups), p=self._shares)]))
        total = len(self.photos.planes)
        epoch, place = divmod(step * self.settings.batch + i, total)
        return int(np.random.default_rng((self.settings.seed, epoch)).permutation(total)[place])

    def _still(self, i: int) -> Batch:
        height, width = self.photos.planes[i].shape[:2]
        side = min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        box = None if self.settings.views == "whole" else (left, top, left + side, top + side)
        lightness, ab = _tensors(self._resize(i, box))
        return Batch(lightness, ab, self._pins(ab, np.random.default_rng((0, i))))

    def _resize(self, i: int, box: tuple[float, float, float, float] | None) -> NDArray[np.uint8]:
        # The three planes are treated alike, so Pillow may take them for RGB.
        image, side = Image.fromarray(self.photos.planes[i]), self.settings.crop
        return np.array(image.resize((side, side), Image.Resampling.BILINEAR, box=box))


def _stack(views: Sequence[Batch]) -> Batch:
    pins = [view.pins for view in views if view.pins is not None]
    return Batch(
        torch.stack([view.lightness for view in views]),
        torch.stack([view.ab for view in views]),
        torch.stack(pins) if pins else None,
    )


def _tensors(view: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    planes = torch.from_numpy(np.ascontiguousarray(view.transpose(2, 0, 1), dtype=np.float32))
    return planes[:1] / 2.55, planes[1:] - 128


def _vary_lightness(lightness: Tensor, random: np.random.Generator) -> Tensor:
    """Old prints are flat, dark or grainy: half of the views get another contrast, some get grain."""
    if random.random() < 0.5:
        black, white = random.uniform(0, 8), random.uniform(88, 100)
        lightness = (lightness / 100).clamp(min=1e-6) ** np.exp(random.normal(0, 0.2)) * (white - black) + black
    if random.random() < 0.2:
        noise = torch.from_numpy(random.standard_normal(tuple(lightness.shape), dtype=np.float32))
        lightness = lightness + noise * random.uniform(0, 3)
    return lightness.clamp(0, 100)
