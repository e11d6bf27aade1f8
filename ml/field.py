"""The stored field of a coloring, ``field.bin``: what dials, guesses and suggestions need without a new run.

docs/model/field.md describes the bytes. NumPy alone: whoever reads a field needs neither torch nor the network.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

VERSION = 1
KEPT_BINS = 8
KNOTS = (1.0, 1.5, 2.0)
"""The vividnesses whose means are stored: a parabola through them misses no colour between by half a Lab unit."""
MOST_WARMTH = 20.0
"""Lab units along b*, either way."""
_MAGIC = b"AbFd"
_HEADER = struct.Struct("<4s4B4H3f3f")
_UNIT = 128
"""Steps of a stored mean in a Lab unit: int16 so holds -256..256."""
_LEVELS = 255
_GATE = np.dtype([("slope", "<f4"), ("bias", "<f4")])
_RANGE = np.dtype([("least", "<f4"), ("step", "<f4")])
_PARTS = *(np.dtype(kind) for kind in ("i1", "<i2", "u1", "u1", "u1")), _GATE, _RANGE, np.dtype("u1")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Keys:
    """What belongs together, as a network learned it: cells take each other's colours the more the nearer their keys.

    Attributes:
        values: float32 [n, h, w].
        slope, bias: of how much the colour of a pin counts in a cell: the logistic function of bias - slope * d^2,
            where d is how far the nearest pin's key is.
    """

    values: Floats
    slope: float
    bias: float


class FieldError(ValueError):
    """Bytes that are no stored field, or one of a later version; a sentence for people."""


@dataclass(frozen=True)
class Field:
    """The colours of a photo on a coarse grid, at any vividness and warmth, and what else was likely there.

    Attributes:
        means: float32 [knots, 2, h, w], a* and b* before the gain at the vividnesses of `KNOTS`; one knot where the
            vividness changes nothing but the gain.
        gains: ab times this at vividness 0, 1 and 2, straight lines between.
        temperatures: of the distribution at the same three; 1 where there is none.
        centres: int8 [n, 2], a* and b* of the bins, before the gain; n = 0 where the method has no distribution.
        bins: uint8 [k, h, w], numbers of `centres`, the likeliest first; k is at most `KEPT_BINS`.
        probabilities: float32 [k, h, w], of those bins at temperature 1, summing to 1.
        confidence: float32 [h, w], 0..1: how likely, by the method's own account, the colour shown is within
            15 Lab units of the truth; None where it has no account.
        keys: what belongs together, for pins; None where the method has not learned that.
    """

    means: Floats
    gains: tuple[float, float, float]
    temperatures: tuple[float, float, float]
    centres: NDArray[np.int8]
    bins: NDArray[np.uint8]
    probabilities: Floats
    confidence: Floats | None
    keys: Keys | None = None

    @classmethod
    def plain(cls, ab: Floats) -> Self:
        """A field without a distribution, of the colours [2, h, w] at vividness 1, which fades and strengthens them."""
        shape = ab.shape[1:]
        nothing = np.zeros((0, *shape), np.uint8), np.zeros((0, *shape), np.float32)
        return cls(ab[None], (0.0, 1.0, 2.0), (1.0, 1.0, 1.0), np.zeros((0, 2), np.int8), *nothing, None)

    def ab(self, vividness: float = 1.0, warmth: float = 0.0) -> Floats:
        """Colours at a vividness of 0..2 and a warmth of -`MOST_WARMTH`..`MOST_WARMTH`: float32 [2, h, w].

        Raises:
            ValueError: a dial outside its range.
        """
        return warmed(np.float32(self.gain(vividness)) * self.mean(vividness), warmth)

    def gain(self, vividness: float) -> float:
        """What the means are multiplied with. Raises ValueError outside 0..2."""
        if not 0 <= vividness <= 2:
            raise ValueError(f"vividness must be 0..2, not {vividness}")
        return float(np.interp(vividness, (0, 1, 2), self.gains))

    def mean(self, vividness: float) -> Floats:
        """The colour before the gain, [2, h, w]: up to vividness 1 the same, from there on a parabola."""
        if vividness <= 1 or len(self.means) == 1:
            return np.asarray(self.means[0])
        first, second, third = KNOTS
        weights = (
            (vividness - second) * (vividness - third) / ((first - second) * (first - third)),
            (vividness - first) * (vividness - third) / ((second - first) * (second - third)),
            (vividness - first) * (vividness - second) / ((third - first) * (third - second)),
        )
        return np.asarray(np.einsum("k,kchw->chw", weights, self.means), np.float32)

    def pack(self) -> bytes:
        """The bytes of ``field.bin``. Means lose up to 1/256 Lab unit, probabilities and keys 1/510 of their range."""
        kept, height, width = self.bins.shape
        counts = (VERSION, len(self.means), kept, self.confidence is not None)
        sizes = (height, width, len(self.centres), len(self.keys.values) if self.keys else 0)
        header = _HEADER.pack(_MAGIC, *counts, *sizes, *self.gains, *self.temperatures)
        most = 2**15 - 1
        means = np.clip(np.rint(self.means * _UNIT), -most, most).astype("<i2")
        top = self.probabilities.max(axis=0, initial=1e-9)
        parts = [self.centres, means, self.bins, _levels(self.probabilities / top)]
        if self.confidence is not None:
            parts.append(_levels(self.confidence))
        if self.keys:
            parts += _packed(self.keys)
        return header + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read ``field.bin``.

        Raises:
            FieldError: another kind of file, a later version, or one that was cut off or damaged.
        """
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise FieldError("these bytes are no stored field of colours")
        _, version, knots, kept, confident, height, width, bins, keys, *dials = _HEADER.unpack_from(data)
        if version != VERSION:
            raise FieldError(f"this field has version {version}, and only {VERSION} is known: colour the photo again")
        cells = height * width
        sizes = [2 * bins, 4 * knots * cells, kept * cells, kept * cells, cells if confident else 0]
        sizes += [_GATE.itemsize, keys * _RANGE.itemsize, keys * cells] if keys else [0, 0, 0]
        if len(data) != _HEADER.size + sum(sizes) or knots not in (1, len(KNOTS)) or not cells:
            raise FieldError("this field was cut off or damaged: colour the photo again")
        ends = _HEADER.size + np.cumsum(sizes)
        centres, means, chosen, levels, sure, gate, ranges, key_levels = (
            np.frombuffer(data[end - size : end], kind) for end, size, kind in zip(ends, sizes, _PARTS, strict=True)
        )
        if kept and chosen.max(initial=0) >= bins:
            raise FieldError("this field names bins that it does not have: colour the photo again")
        probabilities = np.asarray(levels.reshape(kept, height, width), np.float32)
        return cls(
            means=np.asarray(means.reshape(knots, 2, height, width) / _UNIT, np.float32),
            gains=(dials[0], dials[1], dials[2]),
            temperatures=(dials[3], dials[4], dials[5]),
            centres=centres.reshape(bins, 2),
            bins=chosen.reshape(kept, height, width),
            probabilities=probabilities / np.maximum(probabilities.sum(axis=0), np.float32(1)),
            confidence=np.asarray(sure.reshape(height, width) / _LEVELS, np.float32) if confident else None,
            keys=_unpacked(gate, ranges, key_levels.reshape(keys, height, width)) if keys else None,
        )


def warmed(ab: Floats, warmth: float) -> Floats:
    """Colours [2, h, w] moved along b*; before the gamut, so that white and black stay as they are.

    Raises:
        ValueError: a warmth outside -`MOST_WARMTH`..`MOST_WARMTH`.
    """
    if not abs(warmth) <= MOST_WARMTH:
        raise ValueError(f"warmth must be {-MOST_WARMTH:g}..{MOST_WARMTH:g}, not {warmth}")
    return ab + np.array([0, warmth], np.float32)[:, None, None]


def _packed(keys: Keys) -> list[NDArray[Any]]:
    least, most = keys.values.min(axis=(1, 2)), keys.values.max(axis=(1, 2))
    ranges = np.empty(len(keys.values), _RANGE)
    ranges["least"], ranges["step"] = least, np.maximum(most - least, 1e-6) / _LEVELS
    levels = np.rint((keys.values - ranges["least"][:, None, None]) / ranges["step"][:, None, None])
    return [np.array([(keys.slope, keys.bias)], _GATE), ranges, np.clip(levels, 0, _LEVELS).astype(np.uint8)]


def _unpacked(gate: NDArray[Any], ranges: NDArray[Any], levels: NDArray[np.uint8]) -> Keys:
    values = levels * ranges["step"][:, None, None] + ranges["least"][:, None, None]
    return Keys(np.asarray(values, np.float32), float(gate["slope"][0]), float(gate["bias"][0]))


def _levels(shares: Floats) -> NDArray[np.uint8]:
    return np.rint(np.clip(shares, 0, 1) * _LEVELS).astype(np.uint8)
