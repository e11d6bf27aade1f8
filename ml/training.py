"""Training: one loop that reads from top to bottom, the same for every network, with an exact resume."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ml import networks, runs
from ml.data import bin_frequency
from ml.networks import Network
from ml.objectives import Objective
from ml.sampler import Batch, Photos, Sampler
from ml.settings import Settings

Verdict = Literal["continue", "pause", "stop"]
_VALIDATED = 96


@dataclass(frozen=True)
class Report:
    """One finished step, as :func:`train` tells its caller."""

    step: int
    progress: float
    loss: float


def train(
    settings: Settings,
    photos: Photos,
    folder: Path,
    *,
    validation: Photos | None = None,
    initial: dict[str, Tensor] | None = None,
    encoder: dict[str, Tensor] | None = None,
    fabric: Fabric | None = None,
    on_step: Callable[[Report], Verdict] = lambda report: "continue",
) -> Network:
    """Train and return the averaged network.

    Goes on from ``folder`` where it holds a state. ``initial``: weights to start from (strict); ``encoder``: a
    pre-trained encoder alone; ``fabric``: devices, precision and processes (default: one CPU process).
    ``on_step`` is asked after every step: "pause" saves and returns, to be gone on with later; "stop" saves and
    returns as it is. Raises ValueError where the folder's state belongs to other settings, FloatingPointError
    where the loss is lost; the last saved state stays sound.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fabric = fabric or Fabric(accelerator="cpu", devices=1, precision=cast(Any, settings.precision))
    torch.manual_seed(settings.seed)
    frequency = bin_frequency(photos.planes)
    network = first_network(settings, frequency, initial, encoder)
    averaged = copy.deepcopy(network).to(fabric.device).eval()
    objective = network.objective(network, settings, frequency)
    objective.setup(fabric)
    for group in _groups(objective):
        group["top"] = group["lr"]
    progress = runs.restore(folder, settings, objective, averaged) or {"step": 0, "elapsed": 0.0}
    step = progress["step"]

    sampler = Sampler(photos, settings, objective.pins)
    held_out = fabric.to_device(Sampler(validation, settings, objective.pins).fixed(_VALIDATED)) if validation else None
    steps = _steps(settings, len(photos.planes))
    started = time.monotonic() - progress["elapsed"]
    saved = time.monotonic()
    objective.network.train()
    with ThreadPoolExecutor(1) as prefetch, (folder / runs.LOG).open("a", encoding="utf-8") as log:
        coming = prefetch.submit(sampler.batch, step, fabric.global_rank, fabric.world_size)
        while (done := _done(settings, steps, step, time.monotonic() - started)) < 1:
            batch = fabric.to_device(coming.result())
            coming = prefetch.submit(sampler.batch, step + 1, fabric.global_rank, fabric.world_size)

            for group in _groups(objective):
                group["lr"] = group["top"] * _schedule(settings, done, step)
            # A step's chance is its own, so that a resume needs no generator's state.
            torch.manual_seed(_seed(settings.seed, step, fabric.global_rank))
            try:
                losses = objective.step(batch)
            except FloatingPointError as error:
                raise FloatingPointError(f"step {step + 1}: {error}") from None
            _average(averaged, objective.network, min(settings.averaging, (1 + step) / (10 + step)))
            step += 1

            progress = {"step": step, "elapsed": round(time.monotonic() - started, 1)}
            entry: dict[str, Any] = {**progress, "progress": round(done, 4), **losses}
            if held_out is not None and step % settings.validate_every == 0:
                entry |= validate(objective, averaged, held_out)
            log.write(json.dumps(entry) + "\n")
            log.flush()
            if on_step(Report(step, done, losses["loss"])) != "continue":
                break
            if time.monotonic() - saved > settings.save_minutes * 60:
                runs.save(folder, settings, objective, averaged, progress)
                saved = time.monotonic()
        coming.cancel()
    runs.save(folder, settings, objective, averaged, progress)
    return averaged


def first_network(
    settings: Settings, frequency: Tensor, initial: dict[str, Tensor] | None, encoder: dict[str, Tensor] | None
) -> Network:
    """The network as it is before the first step: random but for what is given."""
    network = networks.create(settings.network)
    network.start_from(frequency)
    if encoder is not None:
        network.load_encoder(encoder)
    if initial is not None:
        # The bin shares are this data's; the balance is calibrated anew.
        network.load_state_dict({**initial, "log_frequency": network.log_frequency, "balance": network.balance})
    return network.to(memory_format=torch.channels_last)


@torch.no_grad()
def validate(objective: Objective, network: nn.Module, batch: Batch) -> dict[str, float]:
    """Loss, and the share of the colour that the network explains (1 - squared error / grey's squared error)."""
    parts = [(part, objective.predict(network, part)) for part in batch.split(16)]
    weights = [len(part) / len(batch) for part, _ in parts]
    loss = sum(
        w * sum(v.item() for v in objective.losses(output, part).values())
        for w, (part, output) in zip(weights, parts, strict=True)
    )
    truth = torch.cat([objective.truth(part) for part, _ in parts])
    error = (torch.cat([objective.bare.ab(output) for _, output in parts]) - truth).square().mean().item()
    return {"val_loss": loss, "val_explained": 1 - error / truth.square().mean().item()}


def _groups(objective: Objective) -> list[dict[str, Any]]:
    return [group for optimizer in objective.optimizers.values() for group in optimizer.param_groups]


def _steps(settings: Settings, photos: int) -> float:
    """The step that ends the run."""
    by_epoch = math.ceil(settings.epochs * photos / settings.batch) if settings.epochs else math.inf
    return min(settings.steps or math.inf, by_epoch)


def _done(settings: Settings, steps: float, step: int, elapsed: float) -> float:
    """How much of the run is done, 0..1."""
    return max(step / steps, elapsed / (settings.minutes * 60) if settings.minutes else 0.0)


def _schedule(settings: Settings, done: float, step: int) -> float:
    """A short linear warm-up, then a cosine to zero (Loshchilov and Hutter 2017, without restarts)."""
    warm = min(1.0, (step + 1) / max(1, settings.warm_up))
    return warm * (0.5 * (1 + math.cos(math.pi * min(1.0, done))) if settings.schedule == "cosine" else 1.0)


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    for target, value in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if target.is_floating_point():
            target.lerp_(value, 1 - decay)
        else:
            target.copy_(value)
