"""The trial that a model has to stand before a family's photo is put before it: the photos that ship with Heirloom."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyvips
import torch
from django.conf import settings

from ml.appearance import to_lightness
from ml.color import rgb_tensor
from ml.method import Method
from ml.metrics import colourfulness
from ml.photo import open_page
from ml.pipeline import colorize, colorize_file

SAMPLES = settings.BASE_DIR / "samples"
SIDE = 192
"""Pixels of the samples' long side: it is about colours, and to be quick."""
FULL_SIZE = (1600, 1200)
L_KEPT = 0.5
"""How far the mean L* of a photo may move; 8-bit rounding alone moves it by less than 0.1."""
LEAST, MOST = 0.5, 2.0
"""How colourful the samples may be, as a multiple of what the model at work makes of them."""


class CanaryFailed(Exception):
    """A model that must not be put before a family. ``reason`` is a code that pages have words for."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def go_whole_way(method: Method) -> float:
    """Colour a photo that holds every lightness, from file to file; the seconds that it took.

    Raises:
        CanaryFailed: colours that are no numbers, or a lightness that moves.
    """
    with TemporaryDirectory() as folder:
        grey, colour = (str(Path(folder, name)) for name in ("grey.jpg", "colour.jpg"))
        shades = pyvips.Image.grey(*FULL_SIZE) * 255
        noise = pyvips.Image.gaussnoise(*FULL_SIZE, sigma=12).gaussblur(2)
        (shades + noise).cast("uchar").copy(interpretation="b-w").jpegsave(grey, Q=95)
        began = time.monotonic()
        field = colorize_file(grey, colour, method).field
        seconds = time.monotonic() - began
        if not torch.from_numpy(field.ab).isfinite().all():
            raise CanaryFailed("no_numbers", "It gives colours that are no numbers.")
        before, after = (pyvips.Image.new_from_file(path).colourspace("lab")[0].avg() for path in (grey, colour))
        _check_lightness(before, after)
    return seconds


def colour_samples(method: Method) -> float:
    """Colour the samples; their mean colourfulness, see `ml.metrics.colourfulness`. Raises as `go_whole_way`."""
    with TemporaryDirectory() as folder:
        found = [_sample(method, path, Path(folder)) for path in sorted(SAMPLES.glob("*.jpg"))]
    return sum(found) / len(found)


def hold_against(candidate: float, live: float) -> None:
    """Compare what `colour_samples` gave for two. Raises CanaryFailed where one is far duller or louder."""
    if not LEAST <= candidate / max(live, 1e-9) <= MOST:
        detail = f"Its samples have a colourfulness of {candidate:.1f}, those of the model at work {live:.1f}."
        raise CanaryFailed("dull" if candidate < live else "loud", detail)


def _sample(method: Method, path: Path, folder: Path) -> float:
    """The colourfulness of one of the samples."""
    small = folder / f"{path.stem}.png"
    pyvips.Image.thumbnail(str(path), SIDE).pngsave(str(small))
    photo = open_page(small)
    coloured = colorize(photo, method)
    if not torch.from_numpy(coloured.field.ab).isfinite().all():
        raise CanaryFailed("no_numbers", f"It gives {path.name} colours that are no numbers.")
    _check_lightness(to_lightness(photo.preview).avg(), coloured.preview.colourspace("lab")[0].avg())
    return colourfulness(rgb_tensor(coloured.preview.numpy()))


def _check_lightness(before: float, after: float) -> None:
    if abs(before - after) > L_KEPT:
        raise CanaryFailed("lightness", f"It moves the mean lightness from {before:.2f} to {after:.2f}.")
