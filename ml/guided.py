"""A photo corrected by pins: what the network learned of what belongs together, then Levin's solve on what is left.

Colour spreads over what belongs together and stops at edges; what is far from every pin, and across an edge from
it, stays as it was.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.attention import told
from ml.classic.levin import spread
from ml.field import Keys
from ml.pins import Pins
from ml.reach import Reach
from ml.upsampling import cell_means, joint_bilateral

_COARSER = 2
"""Network pixels a cell: finer changed no figure of the pin protocol by more than 0.02, and takes six times as long."""
_PULL = 1e-4
"""Towards no correction, in each of Levin's equations: what leaks through an edge runs dry behind it."""
_GROWN = 2.0

Floats = NDArray[np.float32]


def change(lightness: Floats, alone: Floats, keys: Keys | None, pins: Pins) -> Floats:
    """What pins change in a field of colours.

    Args:
        lightness: float32 [H, W], L* 0..100, the copy that the method saw.
        alone: float32 [2, h, w], the method's colours without pins.
        keys: of the same cells; None where the method has none, then all is spread.
        pins: at least one.

    Returns:
        float32 [2, H / 2, W / 2], to be added to `alone` once each is brought up to size; 0 far away.
    """
    height, width = (max(1, side // _COARSER) for side in lightness.shape)
    light = cell_means(lightness, height, width)
    before, by_keys = joint_bilateral(alone, light), np.zeros((2, height, width), np.float32)
    if keys:
        by_keys = joint_bilateral(told(keys, cell_means(lightness, *alone.shape[1:]), alone, pins), light)
    left = pins.raster(light)
    is_pinned = left[2] > 0
    left[:2] = np.where(is_pinned, left[:2] - before - by_keys, 0)
    return np.asarray(Reach(light).of(is_pinned) * (by_keys + spread(light, left, _PULL)), np.float32)


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
