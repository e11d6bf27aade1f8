"""Colour spaces, the sRGB gamut and the ab bins.

Lab here is CIE 1976 L*a*b* of sRGB under D65, 2 degree observer, with scikit-image's constants
(IEC 61966-2-1 for sRGB, CIE 15:2004 for Lab), so that our figures compare with published ones.
All tensors hold channels third from last: ``[..., C, H, W]``.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

_XYZ_FROM_RGB = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    dtype=torch.float64,
)
_RGB_FROM_XYZ = torch.linalg.inv(_XYZ_FROM_RGB)
_WHITE = torch.tensor([0.95047, 1.0, 1.08883], dtype=torch.float64)

AB_UNIT = 128.0
"""Units of a* and b* in 1: what a network that ends in tanh answers, -1..1, holds all of sRGB times this."""
BIN_STEP = 10
MARGINAL_STEP = 5
SOFT_NEIGHBOURS = 5
SOFT_SIGMA = 5.0
_AB_LIMIT = 110
_GAMUT_TOLERANCE = 1e-4
CHROMA_ROWS = 4
"""Rows of `max_chroma_table` for one unit of L*: the yellows near white end too suddenly for fewer."""
_LINEAR_TOLERANCE = 1e-7


def _check(name: str, image: Tensor, channels: int) -> None:
    if not isinstance(image, Tensor):
        raise TypeError(f"{name} must be a tensor, not {type(image).__name__}")
    if not image.is_floating_point():
        raise TypeError(f"{name} must hold floats, not {image.dtype}")
    if image.ndim < 3 or image.shape[-3] != channels:
        raise ValueError(f"{name} must be [..., {channels}, H, W], not {list(image.shape)}")


def _mix(matrix: Tensor, image: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix.to(image), image)


def _linearise(srgb: Tensor) -> Tensor:
    return torch.where(srgb > 0.04045, ((srgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4, srgb / 12.92)


def _compress(linear: Tensor) -> Tensor:
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055, linear * 12.92)


def _lab_f(t: Tensor) -> Tensor:
    return torch.where(t > 0.008856, t.clamp(min=0.008856) ** (1 / 3), 7.787 * t + 16 / 116)


def rgb_tensor(picture: Image.Image | NDArray[np.uint8]) -> Tensor:
    """An 8-bit sRGB picture, mode RGB or uint8 ``[H, W, 3]``, as :func:`srgb_to_lab` takes it, 0..1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255


def srgb_to_lab(srgb: Tensor) -> Tensor:
    """sRGB to Lab.

    ``srgb``: ``[..., 3, H, W]``, 0..1. Returns the same shape: L* 0..100, a* and b* about -108..99.
    Raises TypeError or ValueError on anything else. CIE 15:2004, constants of scikit-image.
    """
    _check("srgb", srgb, 3)
    xyz = _mix(_XYZ_FROM_RGB, _linearise(srgb))
    fx, fy, fz = _lab_f(xyz / _WHITE.to(xyz)[:, None, None]).unbind(-3)
    return torch.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], dim=-3)


def lab_to_srgb(lab: Tensor) -> Tensor:
    """Lab to sRGB, NOT clipped: values under 0 or over 1 say that the colour is out of gamut.

    ``lab``: ``[..., 3, H, W]``. Returns the same shape, 0..1 inside the gamut.
    """
    return _compress(lab_to_linear(lab))


def lab_to_linear(lab: Tensor) -> Tensor:
    """Lab to the light of sRGB's primaries, NOT clipped. ``lab``: ``[..., 3, H, W]``; returns the same shape."""
    _check("lab", lab, 3)
    lightness, a, b = lab.unbind(-3)
    fy = (lightness + 16) / 116
    f = torch.stack([fy + a / 500, fy, fy - b / 200], dim=-3)
    xyz = torch.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787) * _WHITE.to(f)[:, None, None]
    return _mix(_RGB_FROM_XYZ, xyz)


def grey_to_lightness(grey: Tensor) -> Tensor:
    """L* of a grey picture. ``grey``: ``[..., 1, H, W]`` sRGB-coded 0..1; returns L* 0..100, same shape."""
    _check("grey", grey, 1)
    return light_to_lightness(_linearise(grey))


def light_to_lightness(light: Tensor) -> Tensor:
    """L* 0..100 of an amount of white light 0..1, any shape."""
    return 116 * _lab_f(light) - 16


def in_gamut(lab: Tensor, tolerance: float = _GAMUT_TOLERANCE) -> Tensor:
    """Which colours sRGB can show. ``lab``: ``[..., 3, H, W]``; returns bool ``[..., H, W]``."""
    srgb = lab_to_srgb(lab)
    return ((srgb >= -tolerance) & (srgb <= 1 + tolerance)).all(dim=-3)


@functools.cache
def max_chroma_table() -> np.ndarray:
    """A chroma inside sRGB: float32 ``[401, 361]`` over L* 0..100 in quarters and hue 0..360 degrees.

    Not the largest there but the smallest of the largest around: so no value interpolated between entries is
    outside. By bisection: at constant L* and hue the in-gamut chromas are taken as one interval from 0.
    Treat it as read-only: all callers share one array.
    """
    lightness = (np.arange(401) / CHROMA_ROWS)[:, None]
    hue = np.deg2rad(np.arange(361))[None, :]
    fy, to_x, to_z = (lightness + 16) / 116, np.cos(hue) / 500, -np.sin(hue) / 200
    matrix, white = _RGB_FROM_XYZ.numpy(), _WHITE.numpy()
    low, high = np.zeros((401, 361)), np.full((401, 361), 150.0)
    for _ in range(20):
        middle = (low + high) / 2
        x, y, z = (_light(f) * w for f, w in zip((fy + middle * to_x, fy, fy + middle * to_z), white, strict=True))
        linear = np.stack([row[0] * x + row[1] * y + row[2] * z for row in matrix])
        inside = (linear.min(0) >= -_LINEAR_TOLERANCE) & (linear.max(0) <= 1 + _LINEAR_TOLERANCE)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    around = np.pad(low, ((1, 1), (0, 0)), mode="edge")
    table = np.minimum(np.minimum(around[:-2], around[2:]), low)
    around = np.concatenate([table[:, -2:-1], table, table[:, 1:2]], axis=1)
    table = np.minimum(np.minimum(around[:, :-2], around[:, 2:]), table).astype(np.float32)
    table.setflags(write=False)
    return table


def _light(f: np.ndarray) -> np.ndarray:
    return np.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787)


def reduce_chroma(lab: Tensor) -> Tensor:
    """Bring colours into sRGB by reducing chroma at constant L* and hue, never by clipping channels.

    ``lab``: ``[..., 3, H, W]``, any float type; L* is clamped to 0..100. Returns the same shape.
    Bilinear look-up in :func:`max_chroma_table`.
    """
    _check("lab", lab, 3)
    lightness, a, b = lab.unbind(-3)
    lightness = lightness.clamp(0, 100)
    hue = torch.rad2deg(torch.atan2(b, a)) % 360
    chroma = torch.hypot(a, b)
    table = torch.from_numpy(np.array(max_chroma_table())).to(lab)
    row = lightness * CHROMA_ROWS
    l0, h0 = row.floor().clamp(max=len(table) - 2).long(), hue.floor().clamp(max=359).long()
    lt, ht = row - l0, hue - h0
    near = table[l0, h0] * (1 - ht) + table[l0, h0 + 1] * ht
    far = table[l0 + 1, h0] * (1 - ht) + table[l0 + 1, h0 + 1] * ht
    limit = near * (1 - lt) + far * lt
    scale = (limit / chroma.clamp(min=1e-6)).clamp(max=1)
    return torch.stack([lightness, a * scale, b * scale], dim=-3)


@functools.cache
def bin_centres() -> Tensor:
    """Centres of the joint ab bins: float32 ``[bins, 2]``, a 10-unit grid.

    A bin is kept where its centre is in gamut at some whole L* (after Zhang, Isola and Efros 2016,
    section 2.2, with our own gamut test).
    """
    axis = torch.arange(-_AB_LIMIT, _AB_LIMIT + 1, BIN_STEP, dtype=torch.float64)
    a, b = torch.meshgrid(axis, axis, indexing="ij")
    lightness = torch.arange(101, dtype=torch.float64)[:, None, None].expand(101, *a.shape)
    shown = in_gamut(torch.stack([lightness, a.expand_as(lightness), b.expand_as(lightness)], dim=-3)).any(0)
    return torch.stack([a[shown], b[shown]], dim=-1).to(torch.float32)


@functools.cache
def _soft_table(device: torch.device) -> tuple[Tensor, Tensor]:
    axis = torch.arange(-128, 128, dtype=torch.float32)
    ab = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), dim=-1).reshape(-1, 2)
    distance, index = torch.cdist(ab, bin_centres()).topk(SOFT_NEIGHBOURS, dim=1, largest=False)
    # Far outside the grid every weight underflows; relative to the nearest they do not.
    weight = torch.exp((distance[:, :1] ** 2 - distance**2) / (2 * SOFT_SIGMA**2))
    return index.to(device), (weight / weight.sum(1, keepdim=True)).to(device)


def soft_encode(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Soft bin targets by a look-up over integer ab.

    ``ab``: ``[N, 2, H, W]``. Returns ``(index, weight)``, both ``[N, 5, H, W]``: the five nearest bins
    and their Gaussian weights (sigma 5), which sum to 1. Zhang, Isola and Efros 2016, section 2.2.
    """
    _check("ab", ab, 2)
    whole = ab.round().clamp(-128, 127).long() + 128
    index, weight = _soft_table(ab.device)
    row = whole.select(-3, 0) * 256 + whole.select(-3, 1)
    return index[row].movedim(-1, -3), weight[row].movedim(-1, -3)


def probabilities(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """The sharpened distribution of each cell. ``logits``: ``[..., bins, H, W]``; returns ``[..., H, W, bins]``.

    By cell, as a network's output lies in memory where it ran: a softmax over rows takes a tenth of the time there.
    """
    return (logits.float().movedim(-3, -1) / temperature).softmax(dim=-1)


def annealed_mean(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Mean ab of the sharpened distribution. ``logits``: ``[..., bins, H, W]``; returns ``[..., 2, H, W]``.

    ``temperature`` above 0: 1 is the plain mean, towards 0 the mode. Zhang, Isola and Efros 2016, eq. 5.
    """
    centres = bin_centres()
    _check("logits", logits, len(centres))
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    probability = probabilities(logits, temperature)
    # A row of centres for a* and one for b*: so few columns take five times as long the other way round.
    return F.linear(probability, centres.to(probability).mT.contiguous()).movedim(-1, -3)


@functools.cache
def marginal_centres() -> Tensor:
    """Centres of the bins of a* alone, and of b* alone: float32 ``[45]``, -110 to 110 in steps of 5."""
    return torch.arange(-_AB_LIMIT, _AB_LIMIT + 1, MARGINAL_STEP, dtype=torch.float32)


def marginal_encode(ab: Tensor) -> Tensor:
    """Number of the nearest bin of a* and of b*: ``ab`` ``[..., 2, H, W]``, returns int64 of the same shape."""
    _check("ab", ab, 2)
    last = len(marginal_centres()) - 1
    return ((ab + _AB_LIMIT) / MARGINAL_STEP).round().clamp(0, last).long()


def marginal_mean(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Mean ab of two sharpened distributions, one over a* and one over b*.

    ``logits``: ``[..., 2 x 45, H, W]``, those of a* first; returns ``[..., 2, H, W]``. ``temperature`` as in
    :func:`annealed_mean`. After Hwang and Zhou 2016, who bin two chroma channels apart.
    """
    centres = marginal_centres()
    _check("logits", logits, 2 * len(centres))
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    probability = torch.stack((logits.float() / temperature).chunk(2, dim=-3), dim=-4).softmax(dim=-3)
    return torch.einsum("...ckhw,k->...chw", probability, centres.to(probability))


def marginal_product(logits: Tensor) -> Tensor:
    """Probabilities of the joint bins, ``[..., bins, H, W]``, as if a* and b* did not depend on each other.

    ``logits``: ``[..., 2 x 45, H, W]``, those of a* first. A joint bin has what the marginal ones have at its centre.
    """
    centres = bin_centres().to(torch.float32)
    _check("logits", logits, 2 * len(marginal_centres()))
    halves = (half.float().log_softmax(dim=-3) for half in logits.chunk(2, dim=-3))
    rows = ((centres + _AB_LIMIT) / MARGINAL_STEP).round().long().to(logits.device)
    a, b = (half.index_select(-3, row) for half, row in zip(halves, rows.unbind(dim=1), strict=True))
    return (a + b).softmax(dim=-3)


def marginal_shares(joint: Tensor) -> Tensor:
    """Shares of the bins of a* and of b*: ``[2 x 45]``, each half sums to 1, from ``joint``, those of the joint bins.

    Between the joint grid's coarser steps the shares are read off a straight line.
    """
    halves = []
    for centres in bin_centres().to(joint).unbind(dim=1):
        coarse = torch.arange(-_AB_LIMIT, _AB_LIMIT + 1, BIN_STEP).to(joint)
        shares = joint.new_zeros(len(coarse)).index_add(0, torch.searchsorted(coarse, centres.contiguous()), joint)
        fine = F.interpolate(shares[None, None], len(marginal_centres()), mode="linear", align_corners=True).flatten()
        halves.append(fine / fine.sum())
    return torch.cat(halves)
