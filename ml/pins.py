"""Pins and strokes: colours that a person has chosen in a photo, as a file and as the raster that methods take.

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
MOST_POINTS = 1_000
"""Of one stroke."""
_AB_LIMIT = 128
_CONNECTED = 0.75
"""In pixels: a line of this radius touches every pixel that it runs through."""
_EXAMPLE = '[{"x": 0.5, "y": 0.4, "colour": "#a06040"}]'
_HEX = re.compile(r"#[0-9a-fA-F]{6}")

Point = tuple[float, float]


@dataclass(frozen=True)
class Pin:
    """A colour at a place, or along a stroke.

    Attributes:
        x, y: 0..1 from the left and the top of the upright photo.
        a, b: the chosen colour, Lab units.
        radius: of the round mark, as a share of the photo's short side, 0..`MAX_RADIUS`. However small, a mark
            covers the pixel that it is in.
        note: why, for people.
        further: more points of a stroke, each (x, y), joined to the one before by a straight line.
    """

    x: float
    y: float
    a: float
    b: float
    radius: float = DEFAULT_RADIUS
    note: str = ""
    further: tuple[Point, ...] = ()

    def covers(self, height: int, width: int, grown: float = 0.0) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the pixels under the mark on a copy of that size, its radius `grown` by some pixels."""
        is_covered = np.zeros((height, width), bool)
        reach = self.radius * min(height, width) + grown
        points = [(self.x, self.y), *self.further]
        for x, y in points:
            is_covered[min(height - 1, int(y * height)), min(width - 1, int(x * width))] = True
        for (x, y), (to_x, to_y) in zip(points, points[1:] or points, strict=False):
            start, end = ((v * height - 0.5, u * width - 0.5) for u, v in ((x, y), (to_x, to_y)))
            # However thin, a stroke has no gaps.
            _cover(is_covered, start, end, max(reach, _CONNECTED) if self.further else reach)
        rows, columns = np.nonzero(is_covered)
        return rows, columns


def _cover(is_covered: NDArray[np.bool_], start: Point, end: Point, reach: float) -> None:
    """Mark the pixels within `reach` of a straight line, whose ends are (row, column)."""
    rows, columns = (
        np.arange(max(0, math.ceil(min(ends) - reach)), min(size, math.floor(max(ends) + reach) + 1))
        for ends, size in zip(zip(start, end, strict=True), is_covered.shape, strict=True)
    )
    down, right = end[0] - start[0], end[1] - start[1]
    from_row, from_column = rows[:, None] - start[0], columns - start[1]
    along = np.clip((from_row * down + from_column * right) / max(down**2 + right**2, 1e-12), 0, 1)
    near = (from_row - along * down) ** 2 + (from_column - along * right) ** 2 <= reach**2
    is_covered[np.ix_(rows, columns)] |= near


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

    A pin is an object of "x" and "y" (0..1 from the left and the top), or of "points" ([[x, y], ...]) for a stroke;
    of "colour" ("#rrggbb", or [L*, a*, b*]), and if wanted "radius" (a share of the photo's short side,
    `DEFAULT_RADIUS`), "note" and "on" (false: as if it were not there).

    Raises:
        GuideError: not JSON, no pin in it, or a pin that is none; the sentence says which and why.
        OSError: the file cannot be read.
    """
    return _pins(read_list(path, "pins", _EXAMPLE))


def pins_of(items: Iterable[Any]) -> Pins:
    """The same from the list itself, which may be empty. Raises GuideError as `read_pins` does."""
    return _pins([(item, f"pin {number}") for number, item in enumerate(items, 1)])


def _pins(items: list[tuple[Any, str]]) -> Pins:
    read = [_pin(item, place) for item, place in items]
    return Pins(tuple(pin for pin in read if pin))


def _pin(item: Any, place: str) -> Pin | None:
    """The pin; None where it is off."""
    where = ("points",) if isinstance(item, dict) and "points" in item else ("x", "y")
    pin = fields(item, (*where, "colour"), ("radius", "note", "on"), place)
    points = pin["points"] if "points" in pin else [[pin["x"], pin["y"]]]
    if not isinstance(points, list) or not 1 <= len(points) <= MOST_POINTS:
        raise GuideError(f"{place}: points must be a list of 1 to {MOST_POINTS} of [x, y]")
    (x, y), *further = (_point(point, place) for point in points)
    radius = number(pin.get("radius", DEFAULT_RADIUS), 0, MAX_RADIUS, f"{place}: radius")
    note, on = pin.get("note", ""), pin.get("on", True)
    if not isinstance(note, str):
        raise GuideError(f"{place}: note must be text, not {json.dumps(note)}")
    if not isinstance(on, bool):
        raise GuideError(f"{place}: on must be true or false, not {json.dumps(on)}")
    made = Pin(x, y, *_ab(pin["colour"], f"{place}: colour"), radius, note, tuple(further))
    return made if on else None


def _point(point: Any, place: str) -> Point:
    if not isinstance(point, list) or len(point) != 2:
        raise GuideError(f"{place}: a point must be [x, y], not {json.dumps(point)}")
    x, y = (number(value, 0, 1, f"{place}: {name}") for name, value in zip("xy", point, strict=True))
    return x, y


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
