"""Pins: colours that a person has chosen at places of a photo, as a file and as the raster that methods take.

What a pin asks for is its a* and b* at the photo's own lightness, with less chroma where sRGB cannot show that
much there: a pin never changes lightness.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.color import reduce_chroma, srgb_to_lab
from ml.guide_files import GuideError, fields, number, read_list

DEFAULT_RADIUS = 0.01
MAX_RADIUS = 0.5
_AB_LIMIT = 128
_EXAMPLE = '[{"x": 0.5, "y": 0.4, "colour": "#a06040"}]'
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Pin:
    """A colour at a place.

    Attributes:
        x, y: 0..1 from the left and the top of the upright photo.
        a, b: the chosen colour, Lab units.
        radius: of the round mark, as a share of the photo's short side, 0..`MAX_RADIUS`. However small, a mark
            covers the pixel that it is in.
        note: why, for people.
    """

    x: float
    y: float
    a: float
    b: float
    radius: float = DEFAULT_RADIUS
    note: str = ""

    def covers(self, height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the pixels under the mark on a copy of that size, the one in its middle first."""
        reach = self.radius * min(height, width)
        middle = self.y * height - 0.5, self.x * width - 0.5
        rows, columns = (
            np.arange(max(0, math.ceil(at - reach)), min(size, math.floor(at + reach) + 1))
            for at, size in zip(middle, (height, width), strict=True)
        )
        near = (rows[:, None] - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= reach**2
        i, j = np.nonzero(near)
        centre = min(height - 1, int(self.y * height)), min(width - 1, int(self.x * width))
        return np.append(centre[0], rows[i]), np.append(centre[1], columns[j])


@dataclass(frozen=True)
class Pins:
    """All pins of one photo. Where marks overlap, the later one lies on top."""

    pins: tuple[Pin, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Why these colours, pin by pin, where somebody said so."""
        return tuple(pin.note for pin in self.pins if pin.note)

    def raster(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is asked for, pixel by pixel.

        Args:
            lightness: float32 [H, W], L* 0..100, a copy of the photo at any size.

        Returns:
            float32 [3, H, W]: a*, b* in Lab units and 1 under a mark; 0 everywhere else. Under one mark the colour
            is one: the chosen ab, inside sRGB at the mark's mean lightness.
        """
        raster = np.zeros((3, *lightness.shape), np.float32)
        for pin in self.pins:
            covered = pin.covers(*lightness.shape)
            chosen = torch.tensor([float(lightness[covered].mean()), pin.a, pin.b])
            _, a, b = reduce_chroma(chosen[:, None, None]).flatten().tolist()
            raster[:, *covered] = np.array([a, b, 1], np.float32)[:, None]
        return raster


def read_pins(path: Path) -> Pins:
    """Read a pins file: a JSON list of pins, or an object that holds one under "pins".

    A pin is an object of "x" and "y" (0..1 from the left and the top), "colour" ("#rrggbb", or [L*, a*, b*]), and
    if wanted "radius" (a share of the photo's short side, `DEFAULT_RADIUS`) and "note".

    Raises:
        GuideError: not JSON, no pin in it, or a pin that is none; the sentence says which and why.
        OSError: the file cannot be read.
    """
    return Pins(tuple(_pin(item, place) for item, place in read_list(path, "pins", _EXAMPLE)))


def pins_of(items: Iterable[Any]) -> Pins:
    """The same from the list itself. Raises GuideError as `read_pins` does."""
    return Pins(tuple(_pin(item, f"pin {number}") for number, item in enumerate(items, 1)))


def _pin(item: Any, place: str) -> Pin:
    pin = fields(item, ("x", "y", "colour"), ("radius", "note"), place)
    x, y = (number(pin[name], 0, 1, f"{place}: {name}") for name in ("x", "y"))
    radius = number(pin.get("radius", DEFAULT_RADIUS), 0, MAX_RADIUS, f"{place}: radius")
    note = pin.get("note", "")
    if not isinstance(note, str):
        raise GuideError(f"{place}: note must be text, not {json.dumps(note)}")
    return Pin(x, y, *_ab(pin["colour"], f"{place}: colour"), radius, note)


def _ab(colour: Any, place: str) -> tuple[float, float]:
    if isinstance(colour, str) and _HEX.fullmatch(colour):
        srgb = torch.tensor(list(bytes.fromhex(colour[1:])), dtype=torch.float64) / 255
        _, a, b = srgb_to_lab(srgb[:, None, None]).flatten().tolist()
        return a, b
    if isinstance(colour, list) and len(colour) == 3:
        number(colour[0], 0, 100, f"{place}, L*")
        a, b = (
            number(v, -_AB_LIMIT, _AB_LIMIT, f"{place}, {n}") for n, v in zip(("a*", "b*"), colour[1:], strict=True)
        )
        return a, b
    raise GuideError(f'{place} must be "#rrggbb" or [L*, a*, b*], not {json.dumps(colour)}')
