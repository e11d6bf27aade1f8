"""Bring a coarse field of colour up to size along the edges of the lightness.

NumPy, not torch: the many small steps would each wake torch's thread pool, which on a busy machine
costs ten times the work itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIGMA_SPACE = 0.6
"""In cells of the coarse grid."""
SIGMA_LIGHTNESS = 6.0
"""In L* units."""
_RADIUS = 2
# Rows done at once: few enough that the intermediate arrays stay in the processor's cache.
_STRIP = 32
# A pixel whose lightness resembles no cell around it takes their plain Gaussian mean.
_FLOOR = np.float32(1e-5)

Floats = NDArray[np.float32]


def joint_bilateral(ab: Floats, lightness: Floats) -> Floats:
    """Joint bilateral upsampling (Kopf, Cohen, Lischinski and Uyttendaele 2007, equation 3).

    Args:
        ab: float32 [2, h, w], Lab units; the grid covers the lightness from edge to edge.
        lightness: float32 [H, W], L* 0..100, the guide.

    Returns:
        float32 [2, H, W]: each pixel a mean of the 5 x 5 cells around it, near ones and those of
        like lightness counting more. A constant field stays constant.
    """
    height, width = lightness.shape
    rows, columns = ab.shape[1:]
    # In units in which the Gaussian over lightness is exp(-d^2).
    guide = lightness * np.float32(1 / (np.sqrt(2) * SIGMA_LIGHTNESS))
    cells = np.concatenate([cell_means(guide, rows, columns)[None], ab])
    near_rows, row_weights = _neighbours(height, rows)
    near_columns, column_weights = _neighbours(width, columns)
    wide = [np.ascontiguousarray(cells[:, :, near]) for near in near_columns]
    out = np.empty((2, height, width), np.float32)
    for top in range(0, height, _STRIP):
        strip = slice(top, top + _STRIP)
        here = guide[strip]
        total = np.zeros_like(here)
        mixed = np.zeros((2, *here.shape), np.float32)
        for near, by_row in zip(near_rows, row_weights, strict=True):
            for cells_there, by_column in zip(wide, column_weights, strict=True):
                there = cells_there[:, near[strip]]
                weight = there[0] - here
                np.multiply(weight, -weight, out=weight)
                np.exp(weight, out=weight)
                weight += _FLOOR
                weight *= by_row[strip, None]
                weight *= by_column
                total += weight
                mixed += np.multiply(there[1:], weight, out=there[1:])
        np.divide(mixed, total, out=out[:, strip])
    return out


def cell_means(guide: Floats, rows: int, columns: int) -> Floats:
    """The guide's mean over each cell; of a guide coarser than the grid, its value there."""
    for axis, cells in ((0, rows), (1, columns)):
        size = guide.shape[axis]
        starts = np.arange(cells) * size // cells
        counts = np.maximum(np.diff(np.append(starts, size)), 1)
        shape = (-1, 1) if axis == 0 else (1, -1)
        guide = (np.add.reduceat(guide, starts, axis=axis) / counts.reshape(shape)).astype(np.float32)
    return guide


def _neighbours(size: int, cells: int) -> tuple[NDArray[np.intp], Floats]:
    """Along one axis, for each of `size` pixels: the nearby cells' indices and their weights, both [5, size]."""
    centre = (np.arange(size) + 0.5) * (cells / size) - 0.5
    index = np.rint(centre).astype(np.intp) + np.arange(-_RADIUS, _RADIUS + 1)[:, None]
    weight = np.exp(-0.5 * ((index - centre) / SIGMA_SPACE) ** 2)
    return np.clip(index, 0, cells - 1), weight.astype(np.float32)
