"""ICC profiles made by hand, and what they say a colour is: independent of what reads them in `ml`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np

D50 = (0.9642, 1.0, 0.8249)
ADOBE = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))
PROPHOTO = ((0.79767, 0.13519, 0.03135), (0.28804, 0.71188, 0.00009), (0.0, 0.0, 0.82491))
DISPLAY_P3 = ((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))
SRGB = ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410))


def srgb_light(code: np.ndarray) -> np.ndarray:
    return np.where(code > 0.04045, ((code + 0.055) / 1.055) ** 2.4, code / 12.92)


def lightness(luminance: np.ndarray) -> np.ndarray:
    return np.where(luminance > 216 / 24389, 116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)


@dataclass(frozen=True)
class Made:
    """A profile: of grey where it has no primaries (XYZ under D50, as columns); of a gamma or of a table of light."""

    name: str
    gamma: float = 0
    table: tuple[float, ...] = ()
    parameters: tuple[float, ...] = ()
    primaries: tuple[tuple[float, ...], ...] = ()

    @cached_property
    def icc(self) -> bytes:
        curve = self._curve()
        if self.primaries:
            tags = {}
            for channel, column in zip("rgb", np.array(self.primaries).T, strict=True):
                tags |= {f"{channel}XYZ": _xyz(column), f"{channel}TRC": curve}
            return _profile(self.name, b"RGB ", tags)
        return _profile(self.name, b"GRAY", {"kTRC": curve})

    def lightness(self, pixels: np.ndarray) -> np.ndarray:
        """L* under D65 of [H, W] or [H, W, 3] of any integer type, never by way of sRGB."""
        light = self._light(pixels.astype(np.float64) / np.iinfo(pixels.dtype).max)
        if not self.primaries:
            return lightness(light)
        matrix = np.array(self.primaries)
        # Bradford's cone responses (Lam 1985), scaled from the profile's white to D65.
        cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
        scale = (cones @ [0.95047, 1, 1.08883]) / (cones @ matrix.sum(axis=1))
        adapted = np.linalg.inv(cones) @ np.diag(scale) @ cones
        return lightness(np.clip(light @ (adapted @ matrix).T[:, 1], 0, 1))

    def _light(self, code: np.ndarray) -> np.ndarray:
        if self.parameters:
            g, a, b, c, d = self.parameters
            return np.where(code >= d, (a * code + b) ** g, c * code)
        if self.table:
            return np.interp(code, np.linspace(0, 1, len(self.table)), self.table)
        return code ** (round(self.gamma * 256) / 256)

    def _curve(self) -> bytes:
        if self.parameters:
            return b"para" + struct.pack(">IHH", 0, 3, 0) + b"".join(map(_fixed, self.parameters))
        if self.table:
            return b"curv" + struct.pack(f">II{len(self.table)}H", 0, len(self.table), *_words(self.table))
        return b"curv" + struct.pack(">IIH", 0, 1, round(self.gamma * 256))


def _words(table: tuple[float, ...]) -> list[int]:
    return [round(65_535 * value) for value in table]


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))


def _xyz(values: np.ndarray | tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def _profile(name: str, space: bytes, tags: dict[str, bytes]) -> bytes:
    text = name.encode() + b"\x00"
    described = b"desc" + struct.pack(">II", 0, len(text)) + text + bytes(78)
    tags = {"desc": described, "cprt": b"text" + bytes(4) + b"none\x00", "wtpt": _xyz(D50), **tags}
    at = 132 + 12 * len(tags)
    directory, body = b"", b""
    for tag, value in tags.items():
        directory += tag.encode() + struct.pack(">II", at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytes(4) + b"\x02\x40\x00\x00" + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    head = head + b"".join(map(_fixed, D50))
    whole = head.ljust(124, b"\x00") + struct.pack(">I", len(tags)) + directory + body
    return struct.pack(">I", len(whole) + 4) + whole
