"""How fast a network will learn on this machine, roughly, before any training of it ran here.

Networks were timed once on one machine, beside a piece of work that any machine does in a moment. What they cost in
that piece's time stays about the same on another processor; on a GPU, where the views' making counts, it is a guess.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from torch import nn

COSTS: dict[str, float] = {
    "autoencoder": 8.2,
    "fusion": 16,
    "fusion-regression": 7.9,
    "lite": 6.2,
    "pix2pix": 55,
    "vgg16": 5.4,
    "zhang": 96,
}
"""What a view of the network's own size takes to be learned from, in times of `probe`: two threads of a server's
processor with other work beside it, torch 2.14, batches of 8. `python -m ml.pace` measures them."""
_RUNS = 5


def probe(device: torch.device | None = None) -> float:
    """Seconds that this machine needs for a small convolution, there and back: the median of a few."""
    layer = nn.Conv2d(32, 32, 3, padding=1).to(device)
    picture = torch.ones(4, 32, 64, 64, device=device)
    taken = []
    for _ in range(_RUNS + 1):
        started = time.perf_counter()
        layer(picture).square().mean().backward()
        if picture.is_cuda:
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def rough_pace(network: str, seconds: float) -> float | None:
    """Views a second that ``network`` learns from where `probe` took ``seconds``; None for one that was never timed."""
    cost = COSTS.get(network)
    return 1 / (cost * seconds) if cost else None


def _measure(name: str, batch: int = 8, steps: int = 3) -> float:
    """The cost of a view of ``name``, as `COSTS` has it."""
    import numpy as np

    from ml.devices import fabric_of
    from ml.sampler import Photos, Sampler
    from ml.settings import Settings
    from ml.training import prepare, take_step

    random = np.random.default_rng(1)
    planes = [random.integers(100, 156, (200, 260, 3), dtype=np.uint8) for _ in range(16)]
    photos = Photos(planes, ["rest"] * len(planes))
    settings = Settings.of(name, steps=steps, batch=batch)
    fabric = fabric_of(settings)
    objective, _averaged = prepare(settings, photos, fabric)
    sampler = Sampler(photos, settings, objective.pins)
    probes, taken = [probe()], []
    for step in range(steps + 1):
        started = time.perf_counter()
        take_step(objective, fabric.to_device(sampler.batch(step)), step, 0)
        taken.append(time.perf_counter() - started)
        probes.append(probe())
    return statistics.median(taken[1:]) / batch / statistics.median(probes)


if __name__ == "__main__":
    from ml import networks

    for each in networks.names():
        sys.stdout.write(f'    "{each}": {_measure(each):.2g},\n')
        sys.stdout.flush()
