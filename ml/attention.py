"""What pins tell the rest of a photo by what a network learned of what belongs together (`ml.field.Keys`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.field import Keys
from ml.pins import Pins
from ml.reach import Reach

_MOST_OF_A_PIN = 16
"""Cells: those of a larger mark or a longer stroke say nothing that some of them do not."""
_OUT_OF_REACH = 1e-8

Floats = NDArray[np.float32]


def told(keys: Keys, lightness: Floats, alone: Floats, pins: Pins) -> Floats:
    """What pins change by way of keys: attention (Vaswani et al. 2017) from every cell to the pinned ones.

    As `ml.networks.hints.Copy` does it, but for the mean colour instead of a distribution, and a pin that lies over an
    edge gives way to one that does not.

    Args:
        keys: of every cell.
        lightness: float32 [h, w], L* 0..100, the mean of each cell.
        alone: float32 [2, h, w], Lab units, the colours without pins.
        pins: at least one.

    Returns:
        float32 [2, h, w], to be added to `alone` as far as pins reach.
    """
    shape, reach = lightness.shape, Reach(lightness)
    values = keys.values.reshape(len(keys.values), -1)
    squares = np.square(values).sum(axis=0)

    def apart(own: NDArray[np.intp]) -> Floats:
        """How far the keys of some cells are from all: [those, cells], squared."""
        found = squares[own, None] - 2 * values[:, own].T @ values + squares
        return np.asarray(np.maximum(found, 0), np.float32)

    marks = []
    for pin in pins.pins:
        cells = _speaking(np.ravel_multi_index(pin.covers(*shape), shape))
        is_marked = np.zeros(shape, bool)
        is_marked.flat[cells] = True
        marks.append((cells, -np.log(reach.of(is_marked).ravel() + _OUT_OF_REACH)))
    # Twice over the pins, so that memory does not grow with them.
    nearest = [apart(cells).min(axis=0) for cells, _ in marks]
    least = np.min([near + over for near, (_, over) in zip(nearest, marks, strict=True)], axis=0)
    colours = pins.raster(lightness)[:2].reshape(2, -1)
    colour, total = np.zeros_like(colours), np.zeros_like(least)
    for cells, over in marks:
        weights = np.exp(least - over - apart(cells))
        colour += colours[:, cells] @ weights
        total += weights.sum(axis=0)
    share = np.exp(-np.logaddexp(0, keys.slope * np.min(nearest, axis=0) - keys.bias))
    return np.asarray(share * (colour / total - alone.reshape(2, -1)), np.float32).reshape(alone.shape)


def _speaking(cells: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those that speak for a mark: up to `_MOST_OF_A_PIN`, evenly spread."""
    return cells[:: -(-len(cells) // _MOST_OF_A_PIN)]
