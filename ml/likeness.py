"""A guess that takes over colours of another photo, where the two show the same things.

Regions of both are found and matched by the encoder's features (`ml.similarity`); within a matched pair colours go
over as Welsh has it (`ml.classic.welsh`). Where a region has no good match, or its new colours are none that the method
itself thinks possible, its own guess stays. Where that is nearly everywhere, the reference is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import NoneType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ml.classic.welsh import nearest, surroundings
from ml.field import KNOTS, Field, Floats
from ml.guide_files import GuideError
from ml.likely import plausibility
from ml.method import AbField, Guide, Method, check_guide
from ml.reference import Reference
from ml.similarity import places
from ml.upsampling import cell_means

_REGIONS = 12
"""Of each photo, at most."""
_ROUNDS = 10
_SAMPLES = 60
_AVERAGED = 5
_CELL = 4
"""Pixels of the reference's copy a cell, as of the networks."""
_SMOOTH = 1.0
"""In cells."""
_ALIKE = 0.45, 0.6
"""Likeness from which on a region is alike a little, and wholly: of unlike photos hardly any region has 0.4, of another
shot of the same scene most have 0.55."""
_POSSIBLE = 0.3, 0.8
"""Plausibility, see `ml.likely.plausibility`."""
_MOST = 0.9
_LEAST = 0.4
"""Mean over the photo of what is taken over."""


class Unfit(GuideError):
    """A reference that fits the photo so little that it would make its colours worse."""


@dataclass(frozen=True)
class Match:
    """A region of the photo with the region of the reference that looks most like it.

    Attributes:
        where: bool [h, w], on the field's grid.
        likeness: -1..1, mean over its places of the similarity to the most similar place there.
        ab: float32 [2, n], the colours taken over for the n cells of `where`.
    """

    where: NDArray[np.bool_]
    likeness: float
    ab: Floats


class Likened:
    """A method that colours on its own, likened to a reference: a `ml.method.Method` of the same name and guides.

    Args:
        method: whose guess it is; pins are still its own business.
        reference: whose colours are taken over.
        seed: of regions and samples; the same gives the same picture.

    Raises:
        GuideError: the method takes its colours from a reference or from pins alone, or the reference has none.
    """

    def __init__(self, method: Method, reference: Reference, seed: int = 0) -> None:
        if NoneType not in method.guides:
            raise GuideError(f"{method.name} has no guess of its own that a reference could change")
        if not reference.has_colours:
            raise GuideError("the reference has no colours: it is black and white")
        self.name, self.sha256, self.guides = method.name, method.sha256, method.guides
        self._method, self._reference, self._seed = method, reference, seed
        self._done: tuple[Floats, Floats, Floats] | None = None

    def ab(self, lightness: Floats, guide: Guide = None, vividness: float = 1.0) -> AbField:
        """See `Method.ab`. What is kept of it holds the reference's colours, for all dials.

        Raises:
            Unfit: the reference fits too little.
            GuideError: as `Method.ab`.
        """
        check_guide(self, guide)
        field = self._method.ab(lightness, guide).stored
        if self._done is None or self._done[0] is not lightness:
            # Once a photo, whatever pins say: they must not change what is taken over.
            self._done = (lightness, *decided(field, matches(lightness, self._reference, field, self._seed)))
        mixed = _mixed(field, *self._done[1:])
        return AbField(mixed.ab(vividness), lambda: mixed)


def matches(lightness: Floats, reference: Reference, field: Field, seed: int = 0) -> list[Match]:
    """Every region of a photo with what the reference has for it, however little that fits."""
    shape = field.means.shape[2:]
    rng = np.random.default_rng(seed)
    here, there = places(lightness), places(reference.lightness)
    regions, others = _regions(here, rng), _regions(there, rng)
    alike = _centres(here, regions) @ _centres(there, others).T
    own, theirs = _cells(lightness, shape), _cells(reference.lightness, _grid(reference.lightness))
    ab = np.stack([cell_means(plane, *_grid(plane)) for plane in reference.ab]).reshape(2, -1)
    labels, other_labels = _on(regions, shape), _on(others, theirs.shape[:2]).ravel()
    found = []
    for region, best in enumerate(alike.argmax(axis=1)):
        where, of = labels == region, np.flatnonzero(other_labels == best)
        if not where.any() or not len(of):
            continue
        likeness = (here[regions == region] @ there[others == best].T).max(axis=1).mean()
        samples = rng.permutation(len(of))[:_SAMPLES]
        taken = nearest(own[where], theirs.reshape(-1, 2)[of], ab[:, of], samples, _AVERAGED)
        found.append(Match(where, float(likeness), taken))
    return found


def decided(field: Field, found: list[Match]) -> tuple[Floats, Floats]:
    """How much of each cell is taken over, float32 [h, w], 0..1, and what, float32 [2, h, w].

    All of it where a region is alike. The less it is, the more the method itself must think the colours possible.

    Raises:
        Unfit: too little of the photo is alike.
    """
    weight, ab = np.zeros(field.means.shape[2:], np.float32), field.ab()
    for match in found:
        ab[:, match.where] = match.ab
    possible = plausibility(field, ab)
    for match in found:
        alike = _rise(match.likeness, *_ALIKE)
        weight[match.where] = alike + (1 - alike) * _rise(float(possible[match.where].mean()), *_POSSIBLE)
        weight[match.where] *= _MOST * alike
    if (fits := float(weight.mean())) < _LEAST:
        raise Unfit(
            f"this reference fits too little ({fits / _MOST:.0%} of the photo, and {_LEAST / _MOST:.0%} are needed): "
            "with its colours the photo would come out worse than without"
        )
    return gaussian_filter(weight, _SMOOTH), ab


def _mixed(field: Field, weight: Floats, ab: Floats) -> Field:
    """The field with as much of other colours as is said; these fade and grow with the vividness, too."""
    dials = KNOTS[: len(field.means)]
    target = np.stack([ab * np.float32(v / (field.gain(v) or 1)) for v in dials])
    return replace(field, means=np.asarray(field.means + weight * (target - field.means), np.float32))


def _regions(there: Floats, rng: np.random.Generator) -> NDArray[np.intp]:
    """Places [h, w, c] sorted into regions [h, w] that look alike: spherical k-means (Dhillon and Modha 2001)."""
    flat = there.reshape(-1, there.shape[-1])
    centres = flat[rng.permutation(len(flat))[:_REGIONS]]
    for _ in range(_ROUNDS):
        regions = (flat @ centres.T).argmax(axis=1)
        centres = _centres(flat, regions)
    return np.asarray(regions.reshape(there.shape[:2]))


def _centres(there: Floats, regions: NDArray[np.intp]) -> Floats:
    """The mean of each region, of length 1; 0 where there is none: [regions, c]."""
    means = np.stack([there[regions == i].sum(axis=0) for i in range(_REGIONS)])
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9), np.float32)


def _rise(value: float, low: float, high: float) -> float:
    """From 0 to 1, softly."""
    part = min(max((value - low) / (high - low), 0.0), 1.0)
    return part * part * (3 - 2 * part)


def _cells(lightness: Floats, shape: tuple[int, ...]) -> Floats:
    """Welsh's surroundings, a cell: [h, w, 2]."""
    return np.stack([cell_means(plane, *shape) for plane in np.moveaxis(surroundings(lightness), -1, 0)], axis=-1)


def _grid(plane: Floats) -> tuple[int, int]:
    height, width = plane.shape
    return max(1, height // _CELL), max(1, width // _CELL)


def _on(regions: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """The same regions on a grid of another size."""
    rows, columns = (np.arange(size) * cells // size for size, cells in zip(shape, regions.shape, strict=True))
    return regions[np.ix_(rows, columns)]
