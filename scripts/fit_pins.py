"""Fit what listens to pins in a trained `lite`, on a few photos at full size, with all else frozen.

    python -m scripts.fit_pins --data DIR --model FILE

Everything before the pins runs once a photo, so that this takes minutes. It changes `copy.*` in FILE and its card, and
nothing that the network answers without pins. This made the pins' part of the shipped weights, from those of before.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ml import checkpoint
from ml.color import annealed_mean
from ml.data import DULL, open_photo, photo_planes, read_index
from ml.networks.hints import Copy
from ml.networks.lite import Lite
from ml.pin_protocol import GRIDS, truthful
from ml.simulated_pins import simulated_pins

STEPS, PHOTOS_A_STEP = 300, 3
# How the distribution is read while fitting: between the plain mean and the card's default.
BALANCE, TEMPERATURE, GAIN = 0.6, 0.7, 1.03
# Of 48 photos, every third is left out, to see what is gained.
FIRST, EVERY, PHOTOS = 7, 420, 48
_SIDE = 256


@dataclass(frozen=True)
class Example:
    """A photo as the pins' part sees it, its true colour on the network's grid, and several sets of true pins."""

    features: Tensor
    logits: Tensor
    lightness: Tensor
    ab: Tensor
    pins: list[Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--model", type=Path, required=True, help="a lite.safetensors with its card")
    args = parser.parse_args()
    network, card = checkpoint.load(args.model)
    if not isinstance(network, Lite):
        raise SystemExit(f"{args.model} is no lite")
    random = np.random.default_rng(0)
    balance = network.balance.clone()
    network.balance.fill_(BALANCE)
    rows = [row for row in read_index(args.data, "train") if row.colourfulness >= DULL][FIRST::EVERY][:PHOTOS]
    examples = [example(network, open_photo(args.data / row.path), random) for row in rows]
    network.copy.load_state_dict(fit(examples, random).state_dict())
    network.balance.copy_(balance)
    checkpoint.save(args.model.parent, card["name"], network, card)


def example(network: Lite, photo: Image.Image, random: np.random.Generator) -> Example:
    scale = _SIDE / min(photo.size)
    width, height = (network.multiple * round(side * scale / network.multiple) for side in photo.size)
    planes = torch.from_numpy(photo_planes(photo.resize((width, height), Image.Resampling.BICUBIC)))
    planes = planes.permute(2, 0, 1).float()
    lightness, ab = planes[:1][None] / 2.55, planes[1:] - 128
    seen: list[Tensor] = []
    watch = network.rise4.register_forward_hook(lambda module, given, features: seen.append(features))
    with torch.inference_mode():
        logits = network(lightness)
    watch.remove()
    lab = torch.cat([lightness[0], ab])
    pins = [torch.from_numpy(truthful(lab, *grid).raster(lightness[0, 0].numpy())) for grid in GRIDS[1:]]
    pins += [simulated_pins(ab, 0, random) for _ in range(2)]
    for raster in pins:
        raster[:2] /= GAIN
    grid = F.avg_pool2d(ab, network.stride)[None]
    return Example(seen[0].clone().half(), logits.clone().half(), lightness, grid, [raster[None] for raster in pins])


def fit(examples: list[Example], random: np.random.Generator) -> Copy:
    copy = Copy(examples[0].features.shape[1])
    with torch.no_grad():
        for scale, start in ((copy.lightness_scale, 10.0), (copy.place_scale, 8.0), (copy.gate_scale, 1.0)):
            scale.fill_(start)
    shown, left_out = [e for i, e in enumerate(examples) if i % 3], examples[::3]
    rates = (3e-3, 0.2, 0.05)
    groups = ([copy.embed.weight], [copy.lightness_scale, copy.place_scale], [copy.gate_scale, copy.gate_bias])
    optimizer = torch.optim.Adam([{"params": group} for group in groups])
    for step in range(STEPS):
        if step % 50 == 0:
            report(copy, left_out, step)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / STEPS))
        optimizer.zero_grad()
        for _ in range(PHOTOS_A_STEP):
            chosen = shown[random.integers(len(shown))]
            (error(copy, chosen, int(random.integers(len(chosen.pins)))) / PHOTOS_A_STEP).backward()
        optimizer.step()
    report(copy, left_out, STEPS)
    return copy


def error(copy: Copy, example: Example, pins: int) -> Tensor:
    """Mean distance to the true ab, a little smoothed at nought."""
    logits = copy(example.logits.float(), example.features.float(), example.lightness, example.pins[pins])
    difference = annealed_mean(logits, TEMPERATURE) * GAIN - example.ab
    return (difference.square().sum(1) + 0.01).sqrt().mean()


@torch.no_grad()
def report(copy: Copy, examples: list[Example], step: int) -> None:
    errors = [np.mean([error(copy, e, i).item() for e in examples]) for i in range(len(examples[0].pins))]
    sys.stdout.write(f"step {step}, ab error by pins: {', '.join(f'{e:.2f}' for e in errors)}\n")


if __name__ == "__main__":
    main()
