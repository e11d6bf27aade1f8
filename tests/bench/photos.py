"""Scans to measure with: a real photo brought up to size, with the grain of film, each another file."""

import io
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

CAMERA = Path(skimage.__file__).parent / "data" / "camera.png"
GRAIN = 6.0
"""Of 255; it gives a JPEG the bytes per pixel of a scan."""


def scan(megapixels: float, *, seed: int) -> bytes:
    """A grey JPEG of quality 90 and so many million pixels, 4:3, of which every ``seed`` is another file."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    with Image.open(CAMERA) as source:
        picture = np.asarray(source.convert("L").resize((width, height), Image.Resampling.BICUBIC), np.float32)
    grain = np.random.default_rng(seed).normal(0, GRAIN, picture.shape).astype(np.float32)
    data = io.BytesIO()
    Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8)).save(data, "JPEG", quality=90, dpi=(600, 600))
    return data.getvalue()
