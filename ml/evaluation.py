"""Compare a way of colouring with the truth over a set of photos, with two controls beside it.

The protocol: the input is ``convert("L")`` of a photo at its own aspect, through the whole pipeline. Then truth,
output and that same grey file are squashed to 256 x 256 (bicubic). Figures are means over photos, the
colourfulness ratio is a ratio of means. The controls are the grey file, and its lightness with the set's mean ab.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml import metrics
from ml.color import lab_to_srgb, reduce_chroma, srgb_to_lab
from ml.data import PhotoRow, open_photo
from ml.method import Method
from ml.photo import open_page
from ml.pipeline import colorize

SIDE = 256
_SHEET_SIDE = 160
Pixels = NDArray[np.uint8]
Figures = dict[str, float]
Colouring = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Triple:
    """One photo of the set, all uint8 ``[256, 256, 3]``."""

    truth: Pixels
    grey: Pixels
    output: Pixels


def through_pipeline(method: Method, vividness: float = 1.0) -> Colouring:
    """The product's own way from a grey file to a coloured picture, as a function of pictures."""

    def colour(grey: Image.Image) -> Image.Image:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "grey.png"
            grey.save(file, compress_level=1)
            return Image.fromarray(colorize(open_page(file), method, vividness).preview.numpy())

    return colour


def triples(folder: Path, rows: Iterable[PhotoRow], colour: Colouring) -> list[Triple]:
    """Colour every photo of ``rows`` and squash what is compared."""
    made = []
    for row in rows:
        truth = open_photo(folder / row.path)
        grey = truth.convert("L")
        made.append(Triple(squash(truth), squash(grey), squash(colour(grey))))
    return made


def squash(picture: Image.Image) -> Pixels:
    """RGB at 256 x 256, bicubic."""
    return np.array(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB"))


def evaluate(photos: Sequence[Triple]) -> dict[str, Figures]:
    """All figures of the model and of both controls: ``{"model", "grey", "mean_ab"}`` by figure.

    Adds, for the model and mean_ab, ``gain``: PSNR over the grey file's. Raises ValueError on an empty set, and on
    one without any colour.
    """
    if not photos:
        raise ValueError("no photo to evaluate")
    counts = torch.zeros(metrics.BINS, dtype=torch.float64)
    mean_ab = torch.zeros(2, 1, 1)
    for photo in photos:
        lab = srgb_to_lab(_tensor(photo.truth))
        counts += torch.bincount(metrics.ab_bins(lab).flatten(), minlength=metrics.BINS)
        mean_ab += lab[1:].mean(dim=(1, 2), keepdim=True) / len(photos)
    frequency = (counts / counts.sum()).float()

    sums: dict[str, Figures] = {}
    truths = 0.0
    for photo in photos:
        truth, grey = _tensor(photo.truth), _tensor(photo.grey)
        truth_lab = srgb_to_lab(truth)
        truths += metrics.colourfulness(truth)
        tinted = srgb_to_lab(grey)
        tinted[1:] = mean_ab
        pictures = {
            "model": _tensor(photo.output),
            "grey": grey,
            "mean_ab": lab_to_srgb(reduce_chroma(tinted)).clamp(0, 1),
        }
        for name, picture in pictures.items():
            into = sums.setdefault(name, {})
            for figure, value in _compare(truth, truth_lab, picture, frequency).items():
                into[figure] = into.get(figure, 0.0) + value
    if not truths:
        raise ValueError("these photos have no colour to compare with")
    figures = {name: {k: v / len(photos) for k, v in values.items()} for name, values in sums.items()}
    for values in figures.values():
        values["colourfulness_ratio"] = values["colourfulness"] * len(photos) / truths
    for name in ("model", "mean_ab"):
        figures[name]["gain"] = figures[name]["psnr"] - figures["grey"]["psnr"]
    return figures


def table(figures: dict[str, Figures]) -> str:
    """The figures as text, a line each for the model and the controls, and the model against grey."""
    columns = list(figures["model"])
    width = max(len(name) for name in figures) + 2
    lines = [" " * width + "  ".join(f"{c:>{max(8, len(c))}}" for c in columns)]
    for name, values in figures.items():
        cells = (f"{values[c]:>{max(8, len(c))}.3f}" if c in values else " " * max(8, len(c)) for c in columns)
        lines.append(f"{name:<{width}}" + "  ".join(cells))
    model, grey = figures["model"], figures["grey"]
    lines.append(
        f"against grey: {model['gain']:+.2f} dB, "
        f"CIEDE2000 {100 * (model['ciede2000'] / grey['ciede2000'] - 1):+.1f} %, "
        f"rebalanced AuC {model['auc_rebalanced'] - grey['auc_rebalanced']:+.3f}, "
        f"at a colourfulness ratio of {model['colourfulness_ratio']:.2f}"
    )
    return "\n".join(lines)


def sheet(photos: Sequence[Triple], across: int = 4) -> Image.Image:
    """A contact sheet: each photo as grey, coloured and true side by side, ``across`` photos a row."""
    rows = -(-len(photos) // across)
    page = Image.new("RGB", (across * 3 * _SHEET_SIDE, rows * _SHEET_SIDE))
    for i, photo in enumerate(photos):
        for j, pixels in enumerate((photo.grey, photo.output, photo.truth)):
            small = Image.fromarray(pixels).resize((_SHEET_SIDE, _SHEET_SIDE), Image.Resampling.LANCZOS)
            page.paste(small, (((i % across) * 3 + j) * _SHEET_SIDE, i // across * _SHEET_SIDE))
    return page


def _compare(truth: Tensor, truth_lab: Tensor, picture: Tensor, frequency: Tensor) -> Figures:
    lab = srgb_to_lab(picture)
    return {
        "psnr": metrics.psnr(truth, picture),
        "ssim": metrics.ssim(truth, picture),
        "ciede2000": metrics.ciede2000(truth_lab, lab),
        "auc": metrics.auc(truth_lab, lab),
        "auc_rebalanced": metrics.auc(truth_lab, lab, frequency),
        "epsilon_2": metrics.epsilon_accuracy(truth, picture, 0.02),
        "epsilon_5": metrics.epsilon_accuracy(truth, picture, 0.05),
        "hue_accuracy": metrics.hue_accuracy(truth_lab, lab),
        "colourfulness": metrics.colourfulness(picture),
    }


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
