"""``welsh``: a photo takes over the colours of another one (Welsh, Ashikhmin and Mueller 2002)."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.spatial import KDTree

from ml.method import AbField, Guide, check_guide
from ml.reference import Rectangle, Reference

SAMPLES = 200
SAMPLES_OF_A_SWATCH = 50
_REACH = 2
_COMPARED = 2_000
"""Coloured pixels, of all swatches together, to each of which every pixel beside them is compared."""
_ROWS_AT_ONCE = 4_096

Floats = NDArray[np.float32]
Place = tuple[slice, slice]


class Welsh:
    """A `ml.method.Method` that needs a reference.

    Args:
        seed: of the samples; the same gives the same picture.
    """

    name = "welsh"
    sha256 = ""
    guides = frozenset({Reference})

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def ab(self, lightness: Floats, guide: Guide = None, vividness: float = 1.0) -> AbField:
        """See `ml.method.Method.ab`: a cell for every pixel, its colour one of the reference's times the vividness.

        Raises:
            GuideError: anything but a reference.
        """
        check_guide(self, guide)
        ab = transfer(lightness, cast(Reference, guide), np.random.default_rng(self.seed))
        return AbField(ab * np.float32(vividness))


def transfer(lightness: Floats, reference: Reference, rng: np.random.Generator) -> Floats:
    """Find for every pixel the reference's sample of the most similar surroundings and take its colour.

    With swatches: each swatch's pixels from its own rectangle of the reference, all others from the coloured
    swatches (sections 3 and 3.2 of the paper). We work in L*a*b* where the paper has l-alpha-beta.

    Args:
        lightness: float32 [H, W], L* 0..100.
        reference: the colours.
        rng: chooses the samples.

    Returns:
        float32 [2, H, W], Lab units.
    """
    photo, source = surroundings(lightness), surroundings(reference.lightness)
    if not reference.swatches:
        return _matched(photo, source, reference.ab, SAMPLES, rng)
    ab = np.zeros((2, *lightness.shape), np.float32)
    is_coloured = np.zeros(lightness.shape, bool)
    for there, here in reference.swatches:
        at, of = place(here, *lightness.shape), place(there, *reference.lightness.shape)
        ab[:, *at] = _matched(photo[at], source[of], reference.ab[:, *of], SAMPLES_OF_A_SWATCH, rng)
        is_coloured[at] = True
    _spread(lightness, ab, is_coloured, rng)
    return ab


def surroundings(lightness: Floats) -> Floats:
    """Lightness, and its standard deviation over 5 x 5 pixels: float32 [H, W, 2]."""
    values = lightness.astype(np.float64)
    mean, square = (uniform_filter(v, 2 * _REACH + 1, mode="nearest") for v in (values, values**2))
    return np.stack([values, np.sqrt(np.maximum(square - mean**2, 0))], axis=-1).astype(np.float32)


def remapped(source: Floats, target: Floats) -> Floats:
    """Surroundings [..., 2] as they would be if the source's lightness had the target's mean and deviation."""
    (mean, spread), (wanted_mean, wanted_spread) = ((s[..., 0].mean(), s[..., 0].std()) for s in (source, target))
    scale = wanted_spread / spread if spread > 0 else np.float32(1)
    moved: Floats = (source - [mean, 0]) * scale + [wanted_mean, 0]
    return moved


def jittered(
    height: int, width: int, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of about `count` pixels, one at random in each cell of a grid; all where there are fewer."""
    rows = int(np.clip(round((count * height / width) ** 0.5), 1, height))
    columns = int(np.clip(round(count / rows), 1, width))
    y = (np.arange(rows)[:, None] + rng.random((rows, columns))) * (height / rows)
    x = (np.arange(columns) + rng.random((rows, columns))) * (width / columns)
    # The product may be rounded up to the side itself.
    return np.minimum(y.astype(np.intp), height - 1).ravel(), np.minimum(x.astype(np.intp), width - 1).ravel()


def place(rectangle: Rectangle, height: int, width: int) -> Place:
    """The pixels of a rectangle, one at least each way."""
    left, top, right, bottom = rectangle
    first_row, first_column = min(int(top * height), height - 1), min(int(left * width), width - 1)
    return (
        slice(first_row, max(first_row + 1, round(bottom * height))),
        slice(first_column, max(first_column + 1, round(right * width))),
    )


def nearest(photo: Floats, source: Floats, ab: Floats, samples: NDArray[np.intp], count: int = 1) -> Floats:
    """Colours for surroundings, from those of a reference.

    Args:
        photo: surroundings [n, 2] that want a colour.
        source: surroundings [m, 2] that have one.
        ab: float32 [2, m], theirs.
        samples: which of the m are looked at.
        count: colours of so many of the most similar samples, lightness and deviation counting half each, are averaged.

    Returns:
        float32 [2, n].
    """
    count = min(count, len(samples))
    _, best = KDTree(remapped(source, photo)[samples]).query(photo, k=range(1, count + 1), p=1)
    return np.asarray(ab[:, samples][:, best].mean(axis=-1), np.float32)


def _matched(photo: Floats, source: Floats, ab: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Colours [2, H, W] for surroundings [H, W, 2], from samples of others [h, w, 2] and their ab [2, h, w]."""
    height, width, _ = source.shape
    samples = np.ravel_multi_index(jittered(height, width, count, rng), (height, width))
    found = nearest(photo.reshape(-1, 2), source.reshape(-1, 2), ab.reshape(2, -1), samples)
    return found.reshape(2, *photo.shape[:2])


def _spread(lightness: Floats, ab: Floats, is_coloured: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Give each uncoloured pixel of `ab` the colour of the coloured one with the most similar 5 x 5 lightnesses."""
    padded = np.pad(lightness, _REACH, mode="edge")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (2 * _REACH + 1, 2 * _REACH + 1))
    known = np.argwhere(is_coloured)
    if len(known) > _COMPARED:
        known = known[np.sort(rng.choice(len(known), _COMPARED, replace=False))]
    there = patches[known[:, 0], known[:, 1]].reshape(len(known), -1)
    squares = (there**2).sum(axis=1)
    missing = np.argwhere(~is_coloured)
    for start in range(0, len(missing), _ROWS_AT_ONCE):
        y, x = missing[start : start + _ROWS_AT_ONCE].T
        here = patches[y, x].reshape(len(y), -1)
        best = known[(squares - 2 * (here @ there.T)).argmin(axis=1)]
        ab[:, y, x] = ab[:, best[:, 0], best[:, 1]]
