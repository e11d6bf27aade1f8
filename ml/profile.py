"""What the numbers of a picture mean in light, read from its ICC profile exactly.

A colour engine goes through tables of 16 bits and fewer points: with a linear or gamma 1.8 profile it moves
the shadows by up to 3 L*. Profiles made of curves and a matrix (ICC.1:2022, sections 8.3 and 8.4; nearly all
of scanners, cameras and screens) need no table. For the others, ask the engine.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Lindbloom's: the Bradford method from the D50 of profiles to the D65 of sRGB.
_D65_FROM_D50 = np.array(
    [
        [0.9555766, -0.0230393, 0.0631636],
        [-0.0282895, 1.0099416, 0.0210077],
        [0.0122982, -0.0204830, 1.3299098],
    ]
)
# IEC 61966-2-1: XYZ under D65 of the primaries, as columns.
_SRGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_LIKE_SRGB_LIGHT = 0.5 / 255
_LIKE_SRGB_PRIMARIES = 0.003
_MOST_TAGS = 200
_SIXTEENTHS = 65_536


@dataclass(frozen=True)
class Profile:
    """A grey or RGB profile of curves.

    Attributes:
        curves: one a channel, float64 [n] with n free: light 0..1 at evenly spaced codes from 0 to the highest.
        primaries: float64 [3, channels], the XYZ under D65 of each channel's full light; white has Y = 1.
    """

    curves: tuple[Floats, ...]
    primaries: Floats

    def luminance(self, codes: int) -> Floats:
        """How much each code of each channel adds to Y: float64 [channels, codes]; white's sum is 1."""
        added: Floats = np.stack([_sampled(curve, codes) for curve in self.curves]) * self.primaries[1][:, None]
        return added

    @property
    def is_srgb(self) -> bool:
        """Whether the picture may be read as sRGB: no code is off by half an 8-bit step of light."""
        if len(self.curves) != 3 or np.abs(self.primaries - _SRGB).max() > _LIKE_SRGB_PRIMARIES:
            return False
        code = np.linspace(0, 1, 256)
        ideal = np.where(code > 0.04045, ((code + 0.055) / 1.055) ** 2.4, code / 12.92)
        # Steps of light are finer in the shadows: there, relative to the light itself.
        allowed = _LIKE_SRGB_LIGHT * np.clip(ideal * 4, 0.02, 1)
        return all((np.abs(_sampled(curve, 256) - ideal) <= allowed).all() for curve in self.curves)


def read_profile(icc: bytes) -> Profile | None:
    """The profile, or None where it is not made of curves alone, of another colour space, or damaged."""
    try:
        with np.errstate(all="ignore"):
            return _read(icc)
    except (struct.error, ValueError, IndexError, ArithmeticError):
        return None


def lightness_of(luminance: Floats) -> Floats:
    """L* 0..100 of Y 0..1, clamped to it (CIE 15:2004, equation 8.3)."""
    y = np.clip(luminance, 0, 1)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * (24389 / 27))


def _read(icc: bytes) -> Profile | None:
    space, connection = icc[16:20], icc[20:24]
    (count,) = struct.unpack_from(">I", icc, 128)
    tags = {}
    for number in range(min(count, _MOST_TAGS)):
        name, at, size = struct.unpack_from(">4sII", icc, 132 + 12 * number)
        tags[name] = icc[at : at + size]
    if connection != b"XYZ " or any(name.startswith((b"A2B", b"D2B")) for name in tags):
        return None
    if space == b"GRAY" and b"kTRC" in tags:
        return _profile([tags[b"kTRC"]], np.array([[0.95047], [1.0], [1.08883]]))
    if space == b"RGB " and {b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ"} <= tags.keys():
        columns = [struct.unpack_from(">3i", tags[b"%cXYZ" % channel], 8) for channel in b"rgb"]
        primaries = _D65_FROM_D50 @ (np.array(columns).T / _SIXTEENTHS)
        return _profile([tags[b"%cTRC" % channel] for channel in b"rgb"], primaries)
    return None


def _profile(tags: list[bytes], primaries: Floats) -> Profile | None:
    if abs(primaries[1].sum() - 1) > 0.05:
        return None  # its white is not white
    return Profile(tuple(_curve(tag) for tag in tags), primaries / primaries[1].sum())


def _curve(tag: bytes) -> Floats:
    match tag[:4]:
        case b"curv":
            (count,) = struct.unpack_from(">I", tag, 8)
            if count == 0:
                return np.array([0.0, 1.0])
            if count == 1:
                (gamma,) = struct.unpack_from(">H", tag, 12)
                power: Floats = _codes() ** (gamma / 256)
                return power
            return np.frombuffer(tag, ">u2", count, 12).astype(np.float64) / 65_535
        case b"para":
            return _parametric(tag)
        case kind:
            raise ValueError(f"curves of kind {kind!r} are not read")


def _parametric(tag: bytes) -> Floats:
    """ICC.1:2022, table 68: g a b c d e f, of which each kind has the first few."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    given = [value / _SIXTEENTHS for value in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
    g, a, b, c, d, e, f = given + [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(given) :]
    x = _codes()
    if kind in (1, 2):
        # Below -b/a there is only the constant, which kind 2 has in the fourth place.
        c, d, e, f = (0.0, -b / a, c, c) if kind == 2 else (0.0, -b / a, 0.0, 0.0)
    if kind == 0:
        c = d = e = f = 0.0
    light: Floats = np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
    if not np.isfinite(light).all():
        raise ValueError("a curve that leads nowhere")
    return np.clip(light, 0, 1)


def _codes() -> Floats:
    return np.linspace(0, 1, _SIXTEENTHS)


def _sampled(curve: Floats, codes: int) -> Floats:
    if len(curve) == codes:
        return curve
    return np.interp(np.linspace(0, 1, codes), np.linspace(0, 1, len(curve)), curve)
