"""The default network's time as a worker runs it, of its time as it was trained, at the sizes of an album's scans."""

import json
import os
import statistics
import time

import torch

from ml.checkpoint import find, load
from ml.method import DEFAULT_MODEL
from ml.networks import Network, fused, output_of

SIZES = {"square": (256, 256), "lying": (256, 384), "upright": (384, 256)}
ROUNDS = 20


def seconds(network: Network, picture: torch.Tensor) -> float:
    began = time.perf_counter()
    output_of(network, picture)
    return time.perf_counter() - began


def main() -> None:
    """Print the share of each size as JSON: both networks and all sizes in turns, the medians of some rounds."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network, _ = load(find(DEFAULT_MODEL))
    network = network.eval().to(memory_format=torch.channels_last)
    packed = fused(network)
    pictures = {name: 100 * torch.rand(1, 1, *size) for name, size in SIZES.items()}
    rounds = [{name: (seconds(network, p), seconds(packed, p)) for name, p in pictures.items()} for _ in range(ROUNDS)]
    shares = {}
    for name in SIZES:
        before, after = (statistics.median(times) for times in zip(*(one[name] for one in rounds), strict=True))
        shares[name] = after / before
    print(json.dumps(shares))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
