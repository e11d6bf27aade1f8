"""Compare a way of colouring with the truth over a set of photos, with two controls beside it.

The protocol: the input is ``convert("L")`` of a photo at its own aspect, through the whole pipeline. Then truth,
output and that same grey file are squashed to 256 x 256 (bicubic). Figures are means over photos, the
colourfulness ratio is a ratio of means. The controls are the grey file, and its lightness with the set's mean ab.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ml import metrics
from ml.color import lab_to_srgb, reduce_chroma, rgb_tensor, srgb_to_lab
from ml.data import PhotoRow, left_out, open_photo
from ml.frechet import Eye, distance
from ml.method import Guide, Method
from ml.photo import open_page
from ml.pipeline import colorize

SIDE = 256
_SHEET_SIDE = 160
_PSNR_LIMIT = 100.0
Pixels = NDArray[np.uint8]
Figures = dict[str, float]
Colouring = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Triple:
    """One photo of the set, all uint8 ``[256, 256, 3]``."""

    truth: Pixels
    grey: Pixels
    output: Pixels


def through_pipeline(method: Method, vividness: float = 1.0, guide: Guide = None) -> Colouring:
    """The product's own way from a grey file to a coloured picture, as a function of pictures."""

    def colour(grey: Image.Image) -> Image.Image:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "grey.png"
            grey.save(file, compress_level=1)
            return Image.fromarray(colorize(open_page(file), method, vividness, guide=guide).preview.numpy())

    return colour


def triples(
    folder: Path, rows: Iterable[PhotoRow], colour: Colouring, tell: Callable[[str], None] = lambda sentence: None
) -> list[Triple]:
    """Colour every photo of ``rows`` and squash what is compared; ``tell`` hears of those that cannot be read."""
    made = []
    for row in rows:
        try:
            photo = open_photo(folder / row.path)
        except OSError as error:
            tell(left_out(row, error))
        else:
            made.append(triple(photo, colour))
    return made


def triple(truth: Image.Image, colour: Colouring, sees_truth: bool = False) -> Triple:
    """Colour one true photo's grey version and squash what is compared.

    ``sees_truth``: ``colour`` is given the true photo, to take hints from before it colours the grey version.
    """
    grey = truth.convert("L")
    return Triple(squash(truth), squash(grey), squash(colour(truth if sees_truth else grey)))


def squash(picture: Image.Image) -> Pixels:
    """RGB at 256 x 256, bicubic."""
    return np.array(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB"))


class Truths:
    """What the figures need to know of a set's true pictures: how often each colour is, the mean colour, how much."""

    def __init__(self) -> None:
        self.photos = 0
        self.colourfulness = 0.0
        self._counts = torch.zeros(metrics.BINS, dtype=torch.float64)
        self._ab = torch.zeros(2, 1, 1, dtype=torch.float64)

    def add(self, truth: Pixels) -> None:
        """Count one picture in."""
        picture = rgb_tensor(truth)
        lab = srgb_to_lab(picture)
        self.photos += 1
        self.colourfulness += metrics.colourfulness(picture)
        self._counts += torch.bincount(metrics.ab_bins(lab).flatten(), minlength=metrics.BINS)
        self._ab += lab[1:].double().mean(dim=(1, 2), keepdim=True)

    def merge(self, other: Truths) -> None:
        """Count another set in."""
        self.photos += other.photos
        self.colourfulness += other.colourfulness
        self._counts += other._counts
        self._ab += other._ab

    def as_json(self) -> dict[str, Any]:
        """All of it, for `from_json`; of the bins those alone that occur."""
        counts = {str(int(i)): float(self._counts[i]) for i in self._counts.nonzero().flatten()}
        ab = self._ab.flatten().tolist()
        return {"photos": self.photos, "colourfulness": self.colourfulness, "counts": counts, "ab": ab}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Truths:
        """What `as_json` gave."""
        truths = cls()
        truths.photos, truths.colourfulness = said["photos"], said["colourfulness"]
        for number, count in said["counts"].items():
            truths._counts[int(number)] = count
        truths._ab = torch.tensor(said["ab"], dtype=torch.float64).reshape(2, 1, 1)
        return truths

    @property
    def frequency(self) -> Tensor:
        """Share of each ab bin: ``[BINS]``, sums to 1."""
        return self._counts / self._counts.sum()

    @property
    def mean_ab(self) -> Tensor:
        """float32 ``[2, 1, 1]``."""
        return (self._ab / self.photos).float()


@dataclass(frozen=True)
class Compared:
    """One photo as a member of one set: the figures of "model", "grey" and "mean_ab", and what an `Eye` sees."""

    figures: dict[str, Figures]
    features: dict[str, Tensor]
    """``[320]`` each, of "truth" as well; empty without an eye."""


def compare(photo: Triple, sets: Mapping[str, Truths], eye: Eye | None = None) -> dict[str, Compared]:
    """Compare one photo with the truth, as a member of each of ``sets``.

    Only the rebalanced AuC and the mean tint depend on the set. ``eye`` looks for FD-Lite0.
    """
    truth, grey, output = rgb_tensor(photo.truth), rgb_tensor(photo.grey), rgb_tensor(photo.output)
    truth_lab = srgb_to_lab(truth)
    pictures = {"truth": truth, "model": output, "grey": grey}
    tinted = srgb_to_lab(grey)
    for name, of in sets.items():
        tinted[1:] = of.mean_ab
        pictures[f"mean_ab of {name}"] = lab_to_srgb(reduce_chroma(tinted)).clamp(0, 1)
    plain, areas = {}, {}
    for name, picture in pictures.items():
        if name != "truth":
            lab = srgb_to_lab(picture)
            plain[name] = _figures(truth, truth_lab, picture, lab)
            areas[name] = metrics.auc_by_bin(truth_lab, lab)
    seen = dict(zip(pictures, eye.features(torch.stack([*pictures.values()])), strict=True)) if eye else {}
    compared = {}
    for name, of in sets.items():
        members = {"model": "model", "grey": "grey", "mean_ab": f"mean_ab of {name}"}
        frequency = of.frequency
        compared[name] = Compared(
            {k: plain[m] | {"auc_rebalanced": metrics.area(*areas[m], frequency)} for k, m in members.items()},
            {k: seen[m] for k, m in ({"truth": "truth"} | members).items()} if eye else {},
        )
    return compared


class Means:
    """Gathers a set's photos as they are compared, and gives the means."""

    def __init__(self, truths: Truths) -> None:
        self.truths = truths
        self._sums: dict[str, Figures] = {}
        self._features: dict[str, list[Tensor]] = {}
        self._photos = 0

    def add(self, compared: Compared) -> None:
        """Count one photo in."""
        self._photos += 1
        for name, figures in compared.figures.items():
            into = self._sums.setdefault(name, dict.fromkeys(figures, 0.0))
            for figure, value in figures.items():
                into[figure] += value
        for name, features in compared.features.items():
            self._features.setdefault(name, []).append(features)

    def result(self) -> dict[str, Figures]:
        """See :func:`evaluate`. A set without any colour has no ratio, one of a single photo no FD-Lite0."""
        figures = {name: {k: v / self._photos for k, v in values.items()} for name, values in self._sums.items()}
        true = self.truths.colourfulness / self.truths.photos
        seen = {name: torch.stack(features) for name, features in self._features.items()}
        for name, values in figures.items():
            values["gain"] = values["psnr"] - figures["grey"]["psnr"]
            if true > 0:
                values["colourfulness_ratio"] = values["colourfulness"] / true
            if seen and self._photos > 1:
                values["fd_lite0"] = distance(seen["truth"], seen[name])
        return figures


def evaluate(photos: Sequence[Triple], eye: Eye | None = None) -> dict[str, Figures]:
    """All figures of the model and of both controls: ``{"model", "grey", "mean_ab"}`` by figure.

    ``gain`` is PSNR over the grey file's; ``fd_lite0`` is there where an ``eye`` is given. Raises ValueError on an
    empty set, and on one without any colour.
    """
    truths = Truths()
    for photo in photos:
        truths.add(photo.truth)
    check_colours(truths)
    means = Means(truths)
    for photo in photos:
        means.add(compare(photo, {"all": truths}, eye)["all"])
    return means.result()


def check_colours(truths: Truths) -> None:
    """Raise ValueError on a set that nothing can be compared with."""
    if not truths.photos:
        raise ValueError("no photo to evaluate")
    if not truths.colourfulness:
        raise ValueError("these photos have no colour to compare with")


def table(figures: Mapping[str, Figures]) -> str:
    """The figures as text, a line each for the model and the controls, and the model against grey."""
    whos = [who for who in ("model", "grey", "mean_ab") if who in figures]
    columns = list(figures["model"])
    lines = [" " * 9 + "  ".join(f"{c:>{max(8, len(c))}}" for c in columns)]
    for who in whos:
        values = figures[who]
        lines.append(f"{who:<9}" + "  ".join(f"{values[c]:>{max(8, len(c))}.3f}" for c in columns))
    return "\n".join([*lines, against_grey(figures)])


def against_grey(figures: Mapping[str, Figures]) -> str:
    """The model's figures that count, against grey's, in one line."""
    model, grey = figures["model"], figures["grey"]
    ratio = f" at a colourfulness ratio of {model['colourfulness_ratio']:.2f}" if "colourfulness_ratio" in model else ""
    return (
        f"against grey: {model['gain']:+.2f} dB, "
        f"CIEDE2000 {100 * (model['ciede2000'] / max(grey['ciede2000'], 1e-9) - 1):+.1f} %, "
        f"rebalanced AuC {model['auc_rebalanced'] - grey['auc_rebalanced']:+.3f},{ratio}"
    )


def sheet(photos: Sequence[Triple], across: int = 4) -> Image.Image:
    """A contact sheet: each photo as grey, coloured and true side by side, ``across`` photos a row."""
    rows = -(-len(photos) // across)
    page = Image.new("RGB", (across * 3 * _SHEET_SIDE, rows * _SHEET_SIDE))
    for i, photo in enumerate(photos):
        for j, pixels in enumerate((photo.grey, photo.output, photo.truth)):
            small = Image.fromarray(pixels).resize((_SHEET_SIDE, _SHEET_SIDE), Image.Resampling.LANCZOS)
            page.paste(small, (((i % across) * 3 + j) * _SHEET_SIDE, i // across * _SHEET_SIDE))
    return page


def _figures(truth: Tensor, truth_lab: Tensor, picture: Tensor, lab: Tensor) -> Figures:
    return {
        # Equal pictures have no PSNR; one grey photo among many would make every mean infinite.
        "psnr": min(metrics.psnr(truth, picture), _PSNR_LIMIT),
        "ssim": metrics.ssim(truth, picture),
        "ciede2000": metrics.ciede2000(truth_lab, lab),
        "auc": metrics.auc(truth_lab, lab),
        "epsilon_2": metrics.epsilon_accuracy(truth, picture, 0.02),
        "epsilon_5": metrics.epsilon_accuracy(truth, picture, 0.05),
        "hue_accuracy": metrics.hue_accuracy(truth_lab, lab),
        "colourfulness": metrics.colourfulness(picture),
    }
