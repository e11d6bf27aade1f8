"""Where the seconds of one photo go that is written in a single stream of rows: decoded, recombined and encoded.

The rows are never there as a whole, so no clock can stand between the three. Each is told by what a pass takes without
those behind it: the decoding alone; decoding and recombining; and all three.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ml import software
from ml.method import load_method
from ml.photo import open_page
from ml.pipeline import colorize
from ml.saving import write
from ml.xmp import Label

ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """What ``work`` takes: the median of some rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        work()
        found.append(time.monotonic() - began)
    return statistics.median(found)


def main() -> None:
    """Print the shares of the photo at argv[1] as JSON."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    path, method = Path(sys.argv[1]), load_method()
    photo = open_page(path)
    # Read from the top down once and kept nowhere, as the encoder does.
    decoding = seconds(lambda: photo.lightness().avg())
    recombining = seconds(lambda: colorize(photo, method).image.avg()) - seconds(lambda: colorize(photo, method))
    label = Label(software(), method.name, method.sha256)
    with tempfile.TemporaryDirectory() as folder:
        coloured = [colorize(photo, method) for _ in range(ROUNDS)]
        writing = seconds(lambda: write(coloured.pop().image, photo, Path(folder, "out.jpg"), label))
    shares = {
        "decode": decoding / writing,
        "recombination": max(recombining - decoding, 0) / writing,
        "encode": max(writing - recombining, 0) / writing,
    }
    print(json.dumps(shares))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
