"""A photo corrected by pins: a method's own answer to them, and Levin's solve on what it leaves over.

Colour spreads over what belongs together and stops at edges; what is far from every pin, and across an edge from
it, stays as it was.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import distance_transform_edt
from scipy.sparse.csgraph import dijkstra

from ml.classic.levin import spread
from ml.pins import Pins
from ml.upsampling import cell_means, joint_bilateral

_COARSER = 2
"""Network pixels a cell: finer changed no figure of the pin protocol by more than 0.02, and takes six times as long."""
_PULL = 1e-4
"""Towards no correction, in each of Levin's equations: what leaks through an edge runs dry behind it."""
_NEAR, _FAR = 0.03, 0.25
"""Shares of the short side between which the power ends that spreading gives a pin over what lies across an edge."""
_NO_EDGE, _EDGE = 4.0, 12.0
"""Units of L* that a way must cross to be over an edge, from not at all to wholly."""
_HEARD_NEAR, _HEARD_FAR = 0.03, 0.25
"""The same, of the long side, for what a network answers to pins by itself: it sees more than lightness."""
_HEARD_NO_EDGE, _HEARD_EDGE = 12.0, 36.0
_GRAIN = 2.0
"""Steps of L* from pixel to pixel that are none of an edge."""
_GROWN = 2.0

Floats = NDArray[np.float32]


def change(lightness: Floats, alone: Floats, heard: Floats, pins: Pins) -> Floats:
    """What pins change in a field of colours.

    Args:
        lightness: float32 [H, W], L* 0..100, the copy that the method saw.
        alone: float32 [2, h, w], the method's colours without pins.
        heard: the same with pins; the same again where it does not listen to them.
        pins: at least one.

    Returns:
        float32 [2, H / 2, W / 2], to be added to `alone` once each is brought up to size; 0 far away.
    """
    height, width = (max(1, side // _COARSER) for side in lightness.shape)
    light = cell_means(lightness, height, width)
    before, after = joint_bilateral(alone, light), joint_bilateral(heard, light)
    left = pins.raster(light)
    is_pinned = left[2] > 0
    left[:2] = np.where(is_pinned, left[:2] - after, 0)
    of_heard, of_spread = reach(light, is_pinned)
    return np.asarray(of_heard * (after - before) + of_spread * spread(light, left, _PULL), np.float32)


def reach(lightness: Floats, is_pinned: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """How much of what a method answers to pins, and of what is spread from them, counts at each pixel.

    Returns:
        float32 [H, W] twice, 1 near or on the same surface, 0 far and over an edge.
    """
    height, width = lightness.shape
    far = distance_transform_edt(~is_pinned)
    ways = dijkstra(_steps(lightness), directed=False, indices=np.flatnonzero(is_pinned), min_only=True)
    ways = ways.reshape(height, width)
    heard = _rise(far / max(height, width), _HEARD_NEAR, _HEARD_FAR) * _rise(ways, _HEARD_NO_EDGE, _HEARD_EDGE)
    spreads = _rise(far / min(height, width), _NEAR, _FAR) * _rise(ways, _NO_EDGE, _EDGE)
    return np.asarray(1 - heard, np.float32), np.asarray(1 - spreads, np.float32)


def hold(ab: Floats, pins: Pins, is_enlarged: bool) -> None:
    """Set the marks to the chosen colours, in place; the gamut at each pixel's own lightness comes later.

    Args:
        ab: float32 [2, H, W], at the last size at which colour follows edges.
        pins: what is chosen.
        is_enlarged: whether this is interpolated to a larger size yet. Then marks grow by the interpolation's
            reach, so that every pixel of a mark has its colour there, too.
    """
    _, height, width = ab.shape
    for grown in (_GROWN, 0.0) if is_enlarged else (0.0,):
        for pin in pins.pins:
            ab[:, *pin.covers(height, width, grown)] = np.array([pin.a, pin.b], np.float32)[:, None]


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
