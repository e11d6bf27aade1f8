"""How well a model does on light and on dark skin, by the faces it finds.

A face is what scikit-image's LBP cascade (Ahonen, Hadid and Pietikaeinen 2006; trained by OpenCV) finds in the
truth. Its tone is the individual typology angle of the box's central half (Chardon, Cretois and Hourseau 1991):
light and shade move it, so a band is a rough sorting of photos, not of people.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ml import metrics
from ml.color import rgb_tensor, srgb_to_lab
from ml.evaluation import Triple

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of width and height, 0..1."""

BANDS = {
    "light, over 41 degrees": (41.0, math.inf),
    "middle, 10 to 41": (10.0, 41.0),
    "dark, under 10": (-math.inf, 10.0),
}
FEWEST = 20
"""A band with fewer faces is shown, not judged."""

_SMALLEST_FACE = 24
_RESAMPLES = 1000


def find_face(photo: Image.Image) -> Box | None:
    """The largest frontal face of an RGB photo, or None."""
    width, height = photo.size
    found = _cascade(threading.get_ident()).detect_multi_scale(
        img=np.array(photo),
        scale_factor=1.2,
        step_ratio=1,
        min_size=(_SMALLEST_FACE, _SMALLEST_FACE),
        max_size=(height, width),
    )
    if not found:
        return None
    face = max(found, key=lambda f: f["width"] * f["height"])
    left, top = face["c"] / width, face["r"] / height
    return left, top, left + face["width"] / width, top + face["height"] / height


def central_half(picture: Tensor, box: Box) -> Tensor:
    """The middle of a box, half its width and height: ``[C, h, w]`` of ``[C, H, W]``."""
    height, width = picture.shape[1:]
    left, top, right, bottom = box
    x, y = (left + right) / 2 * width, (top + bottom) / 2 * height
    dx, dy = max(1.0, (right - left) / 4 * width), max(1.0, (bottom - top) / 4 * height)
    return picture[:, max(0, round(y - dy)) : round(y + dy), max(0, round(x - dx)) : round(x + dx)]


def typology_angle(lab: Tensor) -> float:
    """Individual typology angle in degrees of a patch of skin ``[3, h, w]``: high is light, low is dark."""
    lightness, _, b = lab.flatten(1).median(dim=1).values.tolist()
    return math.degrees(math.atan2(lightness - 50, b))


def available() -> bool:
    """Whether scikit-image, which brings the cascade, is installed."""
    return importlib.util.find_spec("skimage") is not None


def measure(truth: Image.Image, photo: Triple) -> tuple[float, float] | None:
    """The typology angle of a photo's largest face, and the CIEDE2000 of its central half; None without a face."""
    box = find_face(truth)
    return measure_at(box, photo) if box else None


def measure_at(box: Box, photo: Triple) -> tuple[float, float]:
    """The same where the face is known: for several outputs of one photo."""
    true, output = (srgb_to_lab(central_half(rgb_tensor(p), box)) for p in (photo.truth, photo.output))
    return typology_angle(true), metrics.ciede2000(true, output)


def summarise(measured: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Sort pairs of angle and CIEDE2000 into bands, each with a 95 % bootstrap interval of its mean.

    Returns ``{"faces", "ciede2000", "bands": {name: {"faces", "judged", "ciede2000", "interval", "against_mean"}}}``;
    ``against_mean`` is a share, 0.1 for 10 % worse than all faces, and only there for bands of ``FEWEST`` or more,
    which are judged. ``worst_against_mean`` is the largest of them.
    """
    if not measured:
        return {"faces": 0}
    mean = float(np.mean([error for _, error in measured]))
    rng = np.random.default_rng(0)
    bands: dict[str, Any] = {}
    for name, (low, high) in BANDS.items():
        errors = np.array([error for angle, error in measured if low <= angle < high])
        band: dict[str, Any] = {"faces": len(errors), "judged": len(errors) >= FEWEST}
        if len(errors):
            resampled = rng.choice(errors, (_RESAMPLES, len(errors))).mean(axis=1)
            band["ciede2000"] = float(errors.mean())
            band["interval"] = [float(v) for v in np.percentile(resampled, [2.5, 97.5])]
        if band["judged"]:
            band["against_mean"] = band["ciede2000"] / mean - 1
        bands[name] = band
    worst = max((band["against_mean"] for band in bands.values() if band["judged"]), default=None)
    return {"faces": len(measured), "ciede2000": mean, "worst_against_mean": worst, "bands": bands}


@functools.cache
def _cascade(_thread: int) -> Any:
    """One a thread: nothing says that threads may share it."""
    # Here, because it takes a second that a worker which colours need not wait.
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]
