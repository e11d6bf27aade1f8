"""Training: one loop that reads from top to bottom, the same for every network, with an exact resume."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ml import curves, networks, samples
from ml.data import bin_frequency
from ml.devices import fabric_of, mean_over_processes, share_norms
from ml.interruption import Interrupted, breakable
from ml.loading import batches
from ml.networks import Network
from ml.objectives import Objective
from ml.runs import LOG, Run
from ml.sampler import Batch, Photos, Sampler
from ml.schedule import Schedule
from ml.settings import Settings

Verdict = Literal["continue", "pause", "stop"]
_VALIDATED = 96
_DRAWN_SECONDS = 20


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
    initial: Mapping[str, Tensor] | None = None,
    encoder: Mapping[str, Tensor] | None = None,
    data: Mapping[str, Any] | None = None,
    fabric: Fabric | None = None,
    loaders: int = 0,
    on_step: Callable[[Report], Verdict] = lambda report: "continue",
    urgent: Callable[[], bool] | None = None,
) -> Network:
    """Train, and return the averaged network; with ``patience`` as it was at its best.

    Goes on from ``folder`` where it holds a state. ``initial``: weights to start from (strict); ``encoder``: a
    pre-trained encoder alone; ``data``: what the folder is to say of the photos; ``fabric``: from
    :func:`ml.devices.fabric_of` (default: one CPU process); ``loaders``: processes that make its batches, see
    :func:`ml.loading.batches`. ``on_step`` is asked after every step: "pause" saves and returns, to be gone on with
    later; "stop" saves and returns as it is. ``urgent`` is asked at every layer of a step, where one process learns:
    where it says so the step is broken off, as after a "pause" before it. Raises ValueError where the folder's state
    belongs to other settings, and where the settings need a validation that is not there; FloatingPointError where the
    loss is lost; the last saved state stays sound.
    """
    if validation is None and (settings.patience or settings.schedule == "plateau"):
        raise ValueError("a run that heeds its validation needs photos to validate on")
    fabric = fabric or fabric_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    objective, averaged = prepare(settings, photos, fabric, initial, encoder)
    schedule = Schedule(settings, len(photos.planes))
    run = Run(folder, settings, objective, averaged, schedule)
    run.restore()
    sampler, held_out = sampler_for(settings, photos, objective), None
    if validation is not None:
        held_out = fabric.to_device(sampler_for(settings, validation, objective).fixed(_VALIDATED))

    started = drawn = saved = time.monotonic()
    started -= run.elapsed
    first = fabric.is_global_zero
    if first:
        run.rewind_log()
        run.sign(data or {}, fabric.world_size, fabric.device.type)
    with ThreadPoolExecutor(1) as prefetch, (folder / LOG).open("a", encoding="utf-8") as log:
        pinned = fabric.device.type == "cuda"
        views = batches(sampler, run.step, fabric.global_rank, fabric.world_size, loaders=loaders, pinned=pinned)
        coming = prefetch.submit(next, views)
        while (done := fabric.broadcast(schedule.done(run.step, run.elapsed))) < 1:
            batch = fabric.to_device(coming.result())
            coming = prefetch.submit(next, views)

            scale_rates(objective, schedule.factor(run.step, done))
            try:
                with breakable(objective, urgent if fabric.world_size == 1 else None):
                    losses = take_step(objective, batch, run.step, fabric.global_rank)
            except Interrupted:
                break
            losses = mean_over_processes(fabric, losses)
            _average(averaged, objective.network, min(settings.averaging, (1 + run.step) / (10 + run.step)))
            run.step += 1
            run.elapsed = time.monotonic() - started

            entry = {"step": run.step, "elapsed": round(run.elapsed, 1), "progress": round(done, 4), **losses}
            is_last = fabric.broadcast(schedule.done(run.step, run.elapsed)) >= 1
            if held_out is not None and (is_last or run.step % schedule.validate_every == 0):
                entry |= validate(objective, averaged, held_out)
                if schedule.hear(entry["val_loss"]) and settings.patience:
                    run.best = {k: v.clone() for k, v in averaged.state_dict().items()}
            verdict: Verdict = "continue"
            if first:
                log.write(json.dumps(entry) + "\n")
                log.flush()
                verdict = on_step(Report(run.step, done, losses["loss"]))
                if time.monotonic() - drawn > _DRAWN_SECONDS:
                    curves.draw(folder)
                    drawn = time.monotonic()
                if time.monotonic() - saved > settings.save_minutes * 60:
                    _keep(run, held_out)
                    saved = time.monotonic()
            if fabric.broadcast(verdict) != "continue":
                break
        coming.cancel()
    if first:
        _keep(run, held_out, is_over=done >= 1)
        curves.draw(folder)
    fabric.barrier()
    if run.best:
        averaged.load_state_dict(run.best)
    return averaged


def prepare(
    settings: Settings,
    photos: Photos,
    fabric: Fabric,
    initial: Mapping[str, Tensor] | None = None,
    encoder: Mapping[str, Tensor] | None = None,
) -> tuple[Objective, Network]:
    """A network before its first step, with its objective, on Fabric's device; and the copy that is to average it.

    Raises ValueError where the network cannot take views of the settings' size.
    """
    torch.manual_seed(settings.seed)
    frequency = bin_frequency(photos.planes)
    network = networks.create(settings.network)
    if settings.crop % network.multiple:
        raise ValueError(f"crop {settings.crop} is no multiple of {settings.network}'s {network.multiple}")
    network.start_from(frequency)
    if encoder is not None:
        network.load_encoder(encoder)
    if initial is not None:
        # The bin shares are this data's; the balance is calibrated anew.
        kept = {k: v for k, v in network.state_dict().items() if k in ("log_frequency", "balance")}
        network.load_state_dict({**initial, **kept})
    network = network.to(memory_format=torch.channels_last)
    objective = network.objective(network, settings, frequency)
    averaged = copy.deepcopy(network).to(fabric.device).eval()
    if fabric.world_size > 1:
        for module in objective.modules.values():
            share_norms(module)
    objective.setup(fabric)
    for group in _groups(objective):
        group["top"] = group["lr"]
    for module in objective.modules.values():
        module.train()
    return objective, averaged


def scale_rates(objective: Objective, factor: float) -> None:
    """Set each group's rate to so many times its top."""
    for group in _groups(objective):
        group["lr"] = group["top"] * factor


def take_step(objective: Objective, batch: Batch, step: int, rank: int) -> dict[str, float]:
    """One step of the objective after ``step`` others. Raises FloatingPointError where the loss is lost."""
    # A step's chance is its own, so that a resume needs no generator's state.
    torch.manual_seed(int(np.random.SeedSequence((objective.settings.seed, step, rank)).generate_state(1)[0]))
    try:
        return objective.step(batch)
    except FloatingPointError as error:
        raise FloatingPointError(f"step {step + 1}: {error}") from None


@torch.no_grad()
def validate(objective: Objective, network: nn.Module, batch: Batch) -> dict[str, float]:
    """Loss, and the share of the colour that the network explains (1 - squared error / grey's squared error)."""
    loss = error = colour = 0.0
    for part in batch.split(16):
        output, share = objective.predict(network, part), len(part) / len(batch)
        truth = objective.truth(part)
        loss += share * sum(v.item() for v in objective.losses(output, part).values())
        error += (objective.bare.ab(output) - truth).square().sum().item()
        colour += truth.square().sum().item()
    return {"val_loss": loss, "val_explained": 1 - error / max(colour, 1e-9)}


def sampler_for(settings: Settings, photos: Photos, objective: Objective) -> Sampler:
    """A sampler of the photos, with what the objective wants of each view."""
    sampler = Sampler(photos, settings, objective.pins)
    if settings.cached:
        sampler.cache(lambda lightness: objective.features(objective.fabric.to_device(lightness)))
    return sampler


def _keep(run: Run, held_out: Batch | None, *, is_over: bool = False) -> None:
    """Save, and draw samples where it is time to, or the last time."""
    if held_out is not None and (is_over or run.elapsed - run.drawn >= run.settings.save_minutes * 60):
        samples.render(run.folder, run.step, run.objective, run.averaged, held_out)
        run.drawn = run.elapsed
    run.save()


def _groups(objective: Objective) -> list[dict[str, Any]]:
    return [group for optimizer in objective.optimizers.values() for group in optimizer.param_groups]


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    pairs = list(zip(averaged.state_dict().values(), network.state_dict().values(), strict=True))
    floats = [(target, value) for target, value in pairs if target.is_floating_point()]
    # In one go: a network has hundreds of tensors, and a fast device would wait for each call.
    torch._foreach_lerp_([target for target, _ in floats], [value for _, value in floats], 1 - decay)
    for target, value in pairs:
        if not target.is_floating_point():
            target.copy_(value)
