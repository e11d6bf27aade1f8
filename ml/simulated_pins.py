"""Pins as a user would set them, drawn from a photo's true colours, to train guided networks with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_P = 1 / 8
_LARGEST = 9
# Most photos get few pins, as most people will set few; some get the dozens of someone who wants it exact.
_MANY = 0.15
_MANY_PINS = (16, 100)


def simulated_pins(ab: Tensor, without: float, random: np.random.Generator) -> Tensor:
    """Pins on one photo: ``[3, H, W]`` = a, b in Lab units and a mask of 0 and 1.

    ``ab``: its true colour, ``[2, H, W]``; ``without``: how likely it gets no pin at all. Else their number is
    geometric with p = 1/8, or now and then 16 to 100. Each is a square of 1 to 9 pixels of the mean true colour
    there, half of them drawn around the middle, where people stand. After Zhang, Zhu, Isola et al. 2017, section 3.1.
    """
    height, width = ab.shape[1:]
    # Many small squares: numpy is ten times quicker with these than torch.
    colour: NDArray[np.float32] = ab.numpy()
    pins = np.zeros((3, height, width), np.float32)
    if random.random() < without:
        return torch.from_numpy(pins)
    many = random.random() < _MANY
    for _ in range(random.integers(*_MANY_PINS, endpoint=True) if many else random.geometric(_P)):
        side = int(random.integers(1, min(_LARGEST, height, width), endpoint=True))
        central = random.random() < 0.5
        rows, columns = (_place(size, side, central, random) for size in (height, width))
        pins[:2, rows, columns] = colour[:, rows, columns].mean(axis=(1, 2), keepdims=True)
        pins[2, rows, columns] = 1
    return torch.from_numpy(pins)


def _place(size: int, side: int, central: bool, random: np.random.Generator) -> slice:
    middle = random.normal(size / 2, size / 4) if central else random.uniform(0, size)
    start = int(np.clip(round(middle - side / 2), 0, size - side))
    return slice(start, start + side)
