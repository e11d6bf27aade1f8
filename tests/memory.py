"""How much memory a large scan takes: makes one, and reads or colours it in a process of its own, as a worker does.

``python -m tests.memory`` does it with 80 megapixels of 16 bits, and prints what each took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyvips

ROOT = Path(__file__).parents[1]
EIGHTY_MEGAPIXELS = (8000, 10_000)
STEPS = ("prepare", "colorize")
KINDS: dict[str, tuple[int, int, dict[str, object]]] = {
    "grey, strips, as it is": (1, 1, {}),
    "RGB, strips, as it is, lying on its side": (3, 6, {}),
    "RGB, tiles, deflate": (3, 1, {"compression": "deflate", "predictor": "horizontal", "tile": True}),
    "RGB, tiles, deflate, lying on its side": (3, 6, {"compression": "deflate", "tile": True}),
}
"""Bands, EXIF orientation, and how libvips saves it."""


@dataclass(frozen=True)
class Measured:
    """What one step took: megabytes resident at most (VmHWM), warm but before the scan and after it, and seconds."""

    before: int
    peak: int
    seconds: float


def make_scan(path: Path, size: tuple[int, int], kind: str) -> Path:
    """A 16-bit TIFF of shades and grain, of one of KINDS."""
    bands, orientation, how = KINDS[kind]
    grain = pyvips.Image.gaussnoise(1024, 1024, sigma=700).replicate(*(-(-side // 1024) for side in size))
    shades = pyvips.Image.zone(512, 512).resize(size[0] / 512, vscale=size[1] / 512, kernel="linear")
    grey = (shades * 25_000 + 32_000 + grain.crop(0, 0, *size)).cast("ushort")
    scan = grey.bandjoin([grey] * (bands - 1)) if bands > 1 else grey
    scan = scan.copy(interpretation="grey16" if bands == 1 else "rgb16")
    scan.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    scan.tiffsave(str(path), **how)
    return path


def measure(path: Path, step: str) -> Measured:
    """Do one of STEPS with a scan, in a process of its own."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.memory", step, str(path), folder]
        environment = os.environ | {"TMPDIR": folder, "OMP_WAIT_POLICY": "PASSIVE"}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _child(step: str, path: Path, folder: Path) -> Measured:
    from ml.method import load_method
    from ml.photo import open_page
    from ml.pipeline import colorize_file
    from ml.saving import rendition

    method = load_method()
    small = folder / "small.jpg"
    (pyvips.Image.grey(1600, 1200) * 255).cast("uchar").jpegsave(str(small))
    colorize_file(small, folder / "warm.jpg", method)
    before, began = _high_water(), time.monotonic()
    if step == "colorize":
        preview = colorize_file(path, folder / "full.tif", method).preview
        full = pyvips.Image.new_from_file(str(folder / "full.tif"), access="sequential")
    else:
        photo = open_page(path)
        preview, full = photo.preview, photo.image()
    for size in (480, 1600):
        rendition(preview, size, folder / f"{size}.webp")
    rendition(full, 16_000, folder / "zoom.jpg")
    return Measured(before, _high_water(), round(time.monotonic() - began, 2))


def _high_water() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024


def all_kinds(size: tuple[int, int] = EIGHTY_MEGAPIXELS, say: Callable[[str], object] = print) -> dict[str, Measured]:
    """Make and measure a scan of each kind, in each step."""
    found = {}
    with TemporaryDirectory() as folder:
        for kind in KINDS:
            path = make_scan(Path(folder, "scan.tif"), size, kind)
            for step in STEPS:
                found[f"{step}: {kind}"] = took = measure(path, step)
                say(f"{step}: {kind}: {took.before} MB before, {took.peak} MB at most, {took.seconds} s")
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(vars(_child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))) + "\n")
    else:
        all_kinds(say=lambda line: sys.stdout.write(line + "\n"))
