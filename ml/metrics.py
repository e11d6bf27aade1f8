"""Figures that compare a coloured picture with the truth.

Pictures are sRGB float tensors ``[3, H, W]``, 0..1; Lab pictures ``[3, H, W]``. Every function returns Python
floats for one picture.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

_BIN_STEP = 10
_BIN_REACH = 13
BINS = (2 * _BIN_REACH + 1) ** 2
_RAREST = 1e-4
_AUC_LIMIT = 150
_SSIM_TAPS = 11


def _check(first: Tensor, second: Tensor) -> None:
    if first.ndim != 3 or first.shape[0] != 3 or first.shape != second.shape:
        raise ValueError(f"need two pictures [3, H, W] of one size, not {list(first.shape)} and {list(second.shape)}")


def psnr(truth: Tensor, output: Tensor) -> float:
    """Peak signal-to-noise ratio over RGB in dB; infinite for equal pictures."""
    _check(truth, output)
    error = (truth - output).double().square().mean().item()
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(truth: Tensor, output: Tensor) -> float:
    """Structural similarity, mean over RGB, Gaussian window of sigma 1.5. Wang et al. 2004, eq. 13.

    Like scikit-image's with ``gaussian_weights=True, use_sample_covariance=False, data_range=1``.
    Raises ValueError where a side is shorter than the window's 11 pixels.
    """
    _check(truth, output)
    down, across = _window(truth.shape[1]), _window(truth.shape[2]).T
    x, y = truth.double(), output.double()
    mean_x, mean_y, xx, yy, xy = torch.split(down @ torch.cat([x, y, x * x, y * y, x * y]) @ across, 3)
    variance_x, variance_y, covariance = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return float((above / below).mean())


@functools.cache
def _window(side: int) -> Tensor:
    """The Gaussian as a band matrix ``[side - 10, side]``: torch's convolution in float64 is ten times slower."""
    if side < _SSIM_TAPS:
        raise ValueError(f"structural similarity needs {_SSIM_TAPS} pixels a side, not {side}")
    offsets = torch.arange(_SSIM_TAPS, dtype=torch.float64) - _SSIM_TAPS // 2
    window = torch.exp(-(offsets**2) / (2 * 1.5**2))
    rows = side - _SSIM_TAPS + 1
    band = torch.zeros(rows, side, dtype=torch.float64)
    for i, weight in enumerate(window / window.sum()):
        band.diagonal(i).fill_(weight.item())
    return band


def colourfulness(picture: Tensor) -> float:
    """Colourfulness, about 0 (grey) to 100, from SIGNED opponents. Hasler and Suesstrunk 2003, eq. 6."""
    _check(picture, picture)
    red, green, blue = (picture * 255).double()
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(red_green.std(correction=0).item(), yellow_blue.std(correction=0).item())
    return spread + 0.3 * math.hypot(red_green.mean().item(), yellow_blue.mean().item())


def epsilon_accuracy(truth: Tensor, output: Tensor, epsilon: float) -> float:
    """Share of pixels whose three channels all lie within ``epsilon`` (0..1). Nazeri et al. 2018, section 4.2."""
    _check(truth, output)
    # The slack keeps equality at the border free of float noise.
    return ((truth - output).abs() <= epsilon + 1e-6).all(dim=0).float().mean().item()


def hue_accuracy(truth_lab: Tensor, output_lab: Tensor) -> float:
    """Share of pixels where the larger of a* and b* is the right one."""
    _check(truth_lab, output_lab)
    return ((truth_lab[1] > truth_lab[2]) == (output_lab[1] > output_lab[2])).float().mean().item()


def ab_bins(lab: Tensor) -> Tensor:
    """Number of each pixel's 10-unit ab bin: int64 ``[H, W]``, 0 to ``BINS`` - 1."""
    _check(lab, lab)
    whole = (lab[1:] / _BIN_STEP).round().clamp(-_BIN_REACH, _BIN_REACH).long() + _BIN_REACH
    return whole[0] * (2 * _BIN_REACH + 1) + whole[1]


def auc(truth_lab: Tensor, output_lab: Tensor, frequency: Tensor | None = None) -> float:
    """Area under the curve of the ab error: share of pixels within t, mean over t = 0..150.

    ``frequency``: ``[BINS]``, shares of the true bins over the set; then a pixel weighs
    ``1 / max(frequency, 1e-4)``. Zhang, Isola and Efros 2016, section 3.1.
    """
    return area(*auc_by_bin(truth_lab, output_lab), frequency)


def auc_by_bin(truth_lab: Tensor, output_lab: Tensor) -> tuple[Tensor, Tensor]:
    """What :func:`area` needs to weigh a photo by any set's frequencies, both float64 ``[BINS]``.

    The first sums over the pixels of each true bin the share of t = 0..150 that their error stays within; the
    second counts the pixels.
    """
    _check(truth_lab, output_lab)
    error = torch.hypot(*(truth_lab[1:] - output_lab[1:]))
    within = (_AUC_LIMIT + 1 - error.ceil()).clamp(min=0) / (_AUC_LIMIT + 1)
    bins = ab_bins(truth_lab).flatten()
    sums = torch.bincount(bins, within.flatten().double(), minlength=BINS)
    return sums, torch.bincount(bins, minlength=BINS).double()


def area(sums: Tensor, counts: Tensor, frequency: Tensor | None = None) -> float:
    """The area of :func:`auc` from :func:`auc_by_bin`."""
    if frequency is not None:
        weight = 1 / frequency.double().clamp(min=_RAREST)
        sums, counts = sums * weight, counts * weight
    return (sums.sum() / counts.sum()).item()


def ciede2000(first: Tensor, second: Tensor) -> float:
    """Mean CIEDE2000 colour difference of two Lab pictures. Sharma, Wu and Dalal 2005, eqs. 2 to 22."""
    _check(first, second)
    l1, a1, b1 = first
    l2, a2, b2 = second
    mean7 = ((torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - (mean7 / (mean7 + 25.0**7)).sqrt())
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = torch.hypot(a1, b1), torch.hypot(a2, b2)
    h1, h2 = torch.atan2(b1, a1) % math.tau, torch.atan2(b2, a2) % math.tau

    grey = c1 * c2 == 0
    turn = h2 - h1
    turn = turn - math.tau * (turn > math.pi) + math.tau * (turn < -math.pi)
    turn = turn.masked_fill(grey, 0)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * (c1 * c2).sqrt() * torch.sin(turn / 2)

    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = (h1 + h2) / 2
    far = (h1 - h2).abs() > math.pi
    hm = torch.where(far, torch.where(h1 + h2 < math.tau, hm + math.pi, hm - math.pi), hm)
    hm = torch.where(grey, h1 + h2, hm)
    t = (
        1
        - 0.17 * torch.cos(hm - math.radians(30))
        + 0.24 * torch.cos(2 * hm)
        + 0.32 * torch.cos(3 * hm + math.radians(6))
        - 0.20 * torch.cos(4 * hm - math.radians(63))
    )
    cm7 = cm**7
    rotation = -2 * (cm7 / (cm7 + 25.0**7)).sqrt()
    rotation = rotation * torch.sin(math.radians(60) * torch.exp(-(((torch.rad2deg(hm) - 275) / 25) ** 2)))
    sl = 1 + 0.015 * (lm - 50) ** 2 / (20 + (lm - 50) ** 2).sqrt()
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    dl, dc, dh = dl / sl, dc / sc, dh / sh
    difference = (dl**2 + dc**2 + dh**2 + rotation * dc * dh).clamp(min=0).sqrt()
    return float(difference.mean())
