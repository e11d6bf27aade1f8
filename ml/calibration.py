"""Find a model's default vividness: balance, temperature and ab gain that are as colourful as true photos are.

Dull colour buys PSNR, so models are compared, and shipped, at a colourfulness ratio of 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ml import metrics
from ml.checkpoint import calibration, load, save
from ml.color import lab_to_srgb, reduce_chroma, rgb_tensor, srgb_to_lab
from ml.data import PhotoRow, left_out, open_photo
from ml.evaluation import squash, through_pipeline
from ml.method import AbField, Guide, LearnedMethod
from ml.networks import Network, output_of

# A network that regresses has a gain alone.
BALANCES = (0.0, 0.2, 0.4, 0.6)
TEMPERATURES = (1.0, 0.7, 0.5, 0.35)
# Of the candidates this close to the best PSNR, in dB, the one that gets rare colours right most often wins: at one
# ratio their PSNR hardly differs, but a large gain on a cautious answer lifts noise as much as colour. At 0.1 the
# temperature went to and fro between 0.5 and 0.7 from training to training, and the latter costs 3 % of CIEDE2000 for
# 0.001 of rebalanced AuC.
_AS_GOOD = 0.05
_SIDE = 96
_READ_SIDE = 512
"""Pixels of a photo's short side, at most: all of them are held at once."""


@dataclass(frozen=True)
class Candidate:
    """A default that reaches the target ratio, and what it gives on the small copies."""

    balance: float
    temperature: float | None
    """None where the network regresses."""
    gain: float
    psnr_gain: float
    """Over grey, in dB."""
    ciede2000: float
    auc_gain: float
    """Rebalanced AuC over grey's."""


@dataclass(frozen=True)
class _Sample:
    truth: Tensor
    truth_lab: Tensor
    lightness: Tensor
    output: Tensor


class _Listener:
    """Stands where a method would and keeps what the pipeline shows it: exactly the network's input."""

    name = "listener"
    sha256 = ""
    guides = frozenset({NoneType})

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []

    def ab(self, lightness: NDArray[np.float32], guide: Guide = None, vividness: float = 1.0) -> AbField:
        self.heard.append(lightness)
        return AbField(np.zeros((2, 4, 4), np.float32))


def search(network: Network, samples: Sequence[_Sample], ratio: float = 1.0) -> Iterator[Candidate]:
    """For each balance and temperature the gain that reaches ``ratio``, on 96 x 96 copies.

    Colour is brought up without edges there: check the winner's ratio through the whole pipeline.
    """
    target = ratio * sum(metrics.colourfulness(s.truth) for s in samples)
    bins = torch.cat([metrics.ab_bins(s.truth_lab).flatten() for s in samples])
    frequency = torch.bincount(bins, minlength=metrics.BINS) / len(bins)
    grey = _judge(samples, [_picture(s.lightness, torch.zeros(2, 1, 1)) for s in samples], frequency)
    balances, temperatures = (BALANCES, TEMPERATURES) if network.classifies() else ((0.0,), (None,))
    for balance in balances:
        for temperature in temperatures:
            fields = [_field(network, network.lifted(s.output.float(), balance), temperature) for s in samples]
            gain = _gain(samples, fields, target)
            pictures = [_picture(s.lightness, gain * ab) for s, ab in zip(samples, fields, strict=True)]
            psnr, ciede2000, auc = _judge(samples, pictures, frequency)
            yield Candidate(balance, temperature, round(gain, 3), psnr - grey[0], ciede2000, auc - grey[2])


def _best_first(found: Sequence[Candidate]) -> list[Candidate]:
    best = max(c.psnr_gain for c in found)
    return sorted(found, key=lambda c: (c.psnr_gain < best - _AS_GOOD, -c.auc_gain))


def _judge(samples: Sequence[_Sample], pictures: Sequence[Tensor], frequency: Tensor) -> tuple[float, float, float]:
    """Mean PSNR, CIEDE2000 and rebalanced AuC."""
    sums = np.zeros(3)
    for sample, picture in zip(samples, pictures, strict=True):
        lab = srgb_to_lab(picture)
        sums += (
            metrics.psnr(sample.truth, picture),
            metrics.ciede2000(sample.truth_lab, lab),
            metrics.auc(sample.truth_lab, lab, frequency),
        )
    psnr, ciede2000, auc = sums / len(samples)
    return float(psnr), float(ciede2000), float(auc)


def _gain(samples: Sequence[_Sample], fields: Sequence[Tensor], target: float) -> float:
    """The gain at which the pictures' colourfulness sums to ``target``, by bisection."""
    low, high = 0.25, 4.0
    for _ in range(7):
        gain = (low * high) ** 0.5
        pictures = (_picture(s.lightness, gain * ab) for s, ab in zip(samples, fields, strict=True))
        if sum(metrics.colourfulness(p) for p in pictures) < target:
            low = gain
        else:
            high = gain
    return float((low * high) ** 0.5)


def _sample(network: Network, photo: Image.Image) -> _Sample:
    listener = _Listener()
    grey = photo.convert("L")
    through_pipeline(listener)(grey)
    output = output_of(network, torch.from_numpy(listener.heard[0])[None, None])[0][0]
    small = srgb_to_lab(_small(grey.convert("RGB")))[:1]
    truth = _small(photo)
    return _Sample(truth, srgb_to_lab(truth), small, output.half())


def _small(photo: Image.Image) -> Tensor:
    resized = photo.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    return rgb_tensor(resized)


def _field(network: Network, output: Tensor, temperature: float | None) -> Tensor:
    ab = network.ab(output[None], temperature or 1.0)
    return F.interpolate(ab, (_SIDE, _SIDE), mode="bilinear", align_corners=False)[0]


def _picture(lightness: Tensor, ab: Tensor) -> Tensor:
    lab = torch.cat([lightness, ab.expand(2, *lightness.shape[1:])])
    return lab_to_srgb(reduce_chroma(lab)).clamp(0, 1)


def calibrate(path: Path, folder: Path, rows: Sequence[PhotoRow]) -> Iterator[str | None]:
    """Calibrate the model at ``path`` on photos and write it again.

    The figures in its card go: they no longer hold. The search's winner is brought to a ratio of 1 through the whole
    pipeline, in two secant steps. Yields between any two pieces of the work: a line that tells what was found, or None.
    With the last line all is written. A photo that cannot be read is left out, with a line. Raises ValueError where no
    colour is left to calibrate on.
    """
    network, card = load(path)
    network.balance.zero_()
    photos, samples = [], []
    for row in rows:
        try:
            photos.append(open_photo(folder / row.path, _READ_SIDE))
        except OSError as error:
            yield left_out(row, error)
            continue
        samples.append(_sample(network, photos[-1]))
        yield None
    truth = sum(metrics.colourfulness(rgb_tensor(squash(photo))) for photo in photos)
    if not truth:
        raise ValueError("there is no colour in these photos to calibrate on")
    found = []
    for candidate in search(network, samples):
        found.append(candidate)
        yield None
    found = _best_first(found)
    for c in found:
        yield (
            f"{_dials(c, c.gain)}: "
            f"{c.psnr_gain:+.3f} dB over grey, CIEDE2000 {c.ciede2000:.2f}, rebalanced AuC {c.auc_gain:+.4f}"
        )
    best, gain = found[0], found[0].gain
    network.balance.fill_(best.balance)
    for _ in range(2):
        card["calibration"] = calibration(best.temperature, gain)
        colour, made = through_pipeline(LearnedMethod(network, card)), 0.0
        for photo in photos:
            made += metrics.colourfulness(rgb_tensor(squash(colour(photo.convert("L")))))
            yield None
        if not made:
            raise ValueError("this model leaves every photo grey: there is no colour to calibrate")
        ratio = made / truth
        yield f"gain {gain:g} gives a colourfulness ratio of {ratio:.3f} through the pipeline"
        gain = round(gain / ratio, 3)
    card.pop("figures", None)  # they were of other dials
    card["calibration"] = {**calibration(best.temperature, gain), "balance": best.balance, "photos": len(photos)}
    save(path.parent, path.stem, network, card)
    yield f"default: {_dials(best, gain)}"


def _dials(candidate: Candidate, gain: float) -> str:
    if candidate.temperature is None:
        return f"gain {gain:g}"
    return f"balance {candidate.balance:g}, temperature {candidate.temperature:g}, gain {gain:g}"
