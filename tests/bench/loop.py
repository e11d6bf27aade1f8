"""The plain loop that the site is measured against: the same photos through `ml` in one process, nothing around it.

It writes what the site stores (the result, its field, and the renditions before and after) into a folder, on as many
threads.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import torch

from ml.cast import is_in_colour
from ml.method import LearnedMethod, load_method
from ml.photo import open_page
from ml.pipeline import colorize_file
from ml.saving import rendition

SIZES = (480, 1600)


def colour_one(path: Path, out: Path, method: LearnedMethod) -> None:
    photo = open_page(path)
    is_in_colour(photo.preview)
    for size in SIZES:
        rendition(photo.preview, size, out / f"{path.stem}-grey-{size}.webp")
    coloured = colorize_file(path, out / path.name, method)
    (out / f"{path.stem}.bin").write_bytes(coloured.field.stored.pack())
    for size in SIZES:
        rendition(coloured.preview, size, out / f"{path.stem}-colour-{size}.webp")


def main() -> None:
    """Colour all of the folder in argv[1], and print the seconds that it took, warm."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    paths = sorted(Path(sys.argv[1]).iterdir())
    method = load_method()
    with tempfile.TemporaryDirectory() as folder:
        colour_one(paths[0], Path(folder), method)
        began = time.monotonic()
        for path in paths:
            colour_one(path, Path(folder), method)
        print(time.monotonic() - began)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
