"""How far what pins change may reach: over its own surface, and a little way over an edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import distance_transform_edt
from scipy.sparse.csgraph import dijkstra

_NEAR, _FAR = 0.03, 0.25
"""Shares of the short side between which the power of a pin ends over what lies across an edge."""
_NO_EDGE, _EDGE = 4.0, 12.0
"""Units of L* that a way must cross to be over an edge, from not at all to wholly."""
_GRAIN = 2.0
"""Steps of L* from pixel to pixel that are none of an edge."""

Floats = NDArray[np.float32]


class Reach:
    """Of any marks on one copy of a photo.

    Args:
        lightness: float32 [H, W], L* 0..100.
    """

    def __init__(self, lightness: Floats) -> None:
        self._shape = lightness.shape
        self._steps = _steps(lightness)

    def of(self, is_marked: NDArray[np.bool_]) -> Floats:
        """How much what these marks change counts at each pixel.

        Args:
            is_marked: [H, W], True somewhere.

        Returns:
            float32 [H, W], 1 near or on the same surface, 0 far and over an edge.
        """
        far = distance_transform_edt(~is_marked) / min(self._shape)
        marked = np.flatnonzero(is_marked)
        ways = dijkstra(self._steps, directed=False, indices=marked, min_only=True, limit=_EDGE)
        ended = _rise(far, _NEAR, _FAR) * _rise(ways.reshape(self._shape), _NO_EDGE, _EDGE)
        return np.asarray(1 - ended, np.float32)


def _steps(lightness: Floats) -> sparse.csr_array:
    """The eight neighbours of each pixel, and what of an edge lies between: [H * W, H * W], half of it."""
    height, width = lightness.shape
    number = np.arange(height * width).reshape(height, width)
    costs, rows, columns = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = slice(0, height - down), slice(max(0, -right), width - max(0, right))
        there = slice(down, height), slice(max(0, right), width + min(0, right))
        # Not 0, which a sparse graph takes for no way at all.
        costs.append(np.maximum(np.abs(lightness[here] - lightness[there]) - _GRAIN, 1e-3).ravel())
        rows.append(number[here].ravel())
        columns.append(number[there].ravel())
    ways = np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(ways, shape=(height * width, height * width))


def _rise(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
    part = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(part * part * (3 - 2 * part))
