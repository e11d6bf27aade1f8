"""``levin``: colour spreads from pins over pixels of similar lightness (Levin, Lischinski and Weiss 2004)."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from ml.method import AbField, Guide, check_guide
from ml.pins import Pins

# How alike two lightnesses (0..1) must be, against the variance of the nine around a pixel: a little less than it,
# so that an edge holds; but always so that the most similar neighbour weighs at least `_LEAST` before the scaling.
_OF_VARIANCE = 0.6
_LEAST = 0.01
_SMALLEST_VARIANCE = 2e-6
_LEAF = 64

T = TypeVar("T", bound=np.number[Any])


class Levin:
    """A `ml.method.Method` that needs pins."""

    name = "levin"
    sha256 = ""
    guides = frozenset({Pins})

    def ab(self, lightness: NDArray[np.float32], guide: Guide = None, vividness: float = 1.0) -> AbField:
        """See `ml.method.Method.ab`: a cell for every pixel, under a mark exactly what is asked, times the vividness.

        Raises:
            GuideError: anything but pins.
        """
        check_guide(self, guide)
        return AbField(spread(lightness, cast(Pins, guide).raster(lightness)) * np.float32(vividness))


def spread(lightness: NDArray[np.float32], marks: NDArray[np.float32], pull: float = 0.0) -> NDArray[np.float32]:
    """Give every pixel the mean colour of its neighbours, each weighed by how alike their lightness is.

    This is Levin et al.'s U(r) = sum of w_rs U(s), their equation 1 brought to 0 off the marks, with the
    conditions U = what is asked on them.

    Args:
        lightness: float32 [H, W], L* 0..100.
        marks: float32 [3, H, W]: a*, b* in Lab units and a mask of 0 and 1.
        pull: towards grey in each equation, beside a weight of 1 for the neighbours: colour fades on its way.

    Returns:
        float32 [2, H, W]: exactly the marks' colours on the marks, between their extremes elsewhere; grey without any.
    """
    order = dissection(*lightness.shape)
    is_marked = marks[2].ravel()[order] > 0
    free, marked = order[~is_marked], order[is_marked]
    ab = marks[:2].reshape(2, -1).astype(np.float64)
    if len(marked) and len(free):
        equations = ((1 + pull) * sparse.eye_array(lightness.size, format="csr") - affinities(lightness))[free]
        # The order is chosen already, and with rows that sum to 0 the diagonal is always a good pivot.
        factors = splu(
            equations[:, free].tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
        ab[:, free] = factors.solve(-(equations[:, marked] @ ab[:, marked].T)).T
    return ab.reshape(2, *lightness.shape).astype(np.float32)


def affinities(lightness: NDArray[np.float32]) -> sparse.csr_array:
    """How much each pixel follows each of its eight neighbours: [H * W, H * W], rows sum to 1.

    Levin et al.'s equation 2: exp(-(difference of lightness)^2 / variance of the 3 x 3 around), scaled.
    """
    height, width = lightness.shape
    around = _windows(lightness.astype(np.float64) / 100, np.nan)
    variance = np.nanvar(around, axis=1)
    square = (np.delete(around, 4, axis=1) - around[:, 4:5]) ** 2
    is_there = np.isfinite(square)
    nearest = np.where(is_there, square, np.inf).min(axis=1)
    variance = np.maximum(np.maximum(_OF_VARIANCE * variance, nearest / -np.log(_LEAST)), _SMALLEST_VARIANCE)
    weight = np.exp(-np.where(is_there, square, np.inf) / variance[:, None])
    weight /= weight.sum(axis=1, keepdims=True)
    neighbour = np.delete(_windows(np.arange(height * width).reshape(height, width), -1), 4, axis=1)
    pixel = np.broadcast_to(np.arange(height * width)[:, None], neighbour.shape)
    return sparse.csr_array(
        (weight[is_there], (pixel[is_there], neighbour[is_there])), shape=(lightness.size, lightness.size)
    )


def dissection(height: int, width: int) -> NDArray[np.intp]:
    """An order in which to eliminate the pixels of a grid: both halves, then the line between them (George 1973).

    Against SuperLU's own orders it takes a third off the time of a solve.

    Returns:
        Every number from 0 to height * width - 1 once.
    """
    pixels = np.arange(height * width).reshape(height, width)

    def parts(block: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        if block.size <= _LEAF:
            return [block.ravel()]
        if block.shape[0] < block.shape[1]:
            block = block.T
        middle = len(block) // 2
        return [*parts(block[:middle]), *parts(block[middle + 1 :]), block[middle]]

    return np.concatenate(parts(pixels))


def _windows(values: NDArray[T], outside: float) -> NDArray[T]:
    """The 3 x 3 around each value, row by row: [H * W, 9]."""
    padded = np.pad(values, 1, constant_values=outside)
    windows: NDArray[T] = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).reshape(-1, 9)
    return windows
