"""Training: one loop that reads from top to bottom, with an exact resume.

A run's folder holds ``state.safetensors`` (everything a resume needs, and the averaged weights, which are the
result, in one file that is replaced as a whole) and ``log.jsonl``.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ml import networks
from ml.checkpoint import read_about, read_tensors, write_tensors
from ml.color import annealed_mean
from ml.data import Sampler
from ml.losses import bin_weights, colour_loss

Verdict = Literal["continue", "pause", "stop"]


@dataclass(frozen=True)
class Settings:
    """What decides a run. ``steps`` or ``minutes`` ends it; with both, whichever comes first."""

    network: str = "lite"
    steps: int | None = None
    minutes: float | None = None
    batch: int = 32
    crop: int = 128
    rate: float = 1e-3
    encoder_factor: float = 0.3
    weight_decay: float = 0.01
    warm_up: int = 100
    averaging: float = 0.999
    clip: float = 1.0
    rebalance: float = 0.0
    regression: float = 1.0
    freeze_early: bool = True
    seed: int = 1
    save_minutes: float = 5.0
    validate_every: int = 250

    def __post_init__(self) -> None:
        if self.steps is None and self.minutes is None:
            raise ValueError("a training needs steps or minutes")


@dataclass(frozen=True)
class Report:
    """One finished step, as :func:`train` tells its caller."""

    step: int
    progress: float
    loss: float


def train(
    settings: Settings,
    sampler: Sampler,
    frequency: Tensor,
    folder: Path,
    *,
    validation: Sampler | None = None,
    initial: dict[str, Tensor] | None = None,
    encoder: dict[str, Tensor] | None = None,
    on_step: Callable[[Report], Verdict] = lambda report: "continue",
) -> nn.Module:
    """Train and return the averaged network.

    Goes on from ``folder`` where it holds a state. ``frequency``: ``[bins]``, see :func:`ml.data.bin_frequency`.
    ``initial``: weights to start from (strict); ``encoder``: a pre-trained encoder alone. ``on_step`` is asked
    after every step: "pause" saves and returns, to be gone on with later; "stop" saves and returns as it is.
    Raises ValueError where the folder's state belongs to other settings, FloatingPointError where the loss is lost;
    the last saved state stays sound.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    network = networks.create(settings.network)
    network.start_from(frequency)
    if encoder is not None:
        network.get_submodule("encoder").load_state_dict(encoder)
    if initial is not None:
        # The bin shares are this data's; the balance is calibrated anew.
        network.load_state_dict({**initial, "log_frequency": network.log_frequency, "balance": network.balance})
    if settings.freeze_early:
        network.freeze_early()
    network = network.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(network).eval()
    slow = [p for p in network.encoder_parameters() if p.requires_grad]
    known = {id(p) for p in network.encoder_parameters()}
    fast = [p for p in network.parameters() if id(p) not in known]
    optimizer = torch.optim.AdamW(
        [{"params": fast, "factor": 1.0}, {"params": slow, "factor": settings.encoder_factor}],
        lr=settings.rate,
        weight_decay=settings.weight_decay,
    )
    step, spent = 0, 0.0
    if (folder / "state.safetensors").is_file():
        step, spent = _restore(folder, settings, network, averaged, optimizer)
        _rewind(folder / "log.jsonl", step)

    weights = bin_weights(frequency, settings.rebalance) if settings.rebalance else None
    held_out = validation.fixed(96) if validation else None
    started = time.monotonic() - spent
    saved = time.monotonic()
    network.train()
    with ThreadPoolExecutor(1) as prefetch, (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        coming = prefetch.submit(sampler.batch, step, settings.batch)
        while (progress := _progress(settings, step, time.monotonic() - started)) < 1:
            lightness, ab = coming.result()
            coming = prefetch.submit(sampler.batch, step + 1, settings.batch)

            for group in optimizer.param_groups:
                group["lr"] = settings.rate * group["factor"] * _schedule(progress, step, settings.warm_up)
            loss = colour_loss(
                network(lightness.contiguous(memory_format=torch.channels_last)), ab, weights, settings.regression
            )
            if not loss.isfinite():
                raise FloatingPointError(f"the loss of step {step + 1} is {loss.item()}: try a lower rate")
            loss.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_([*fast, *slow], settings.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            _average(averaged, network, min(settings.averaging, (1 + step) / (10 + step)))
            step += 1

            elapsed = time.monotonic() - started
            entry: dict[str, Any] = {
                "step": step,
                "elapsed": round(elapsed, 1),
                "progress": round(progress, 4),
                "loss": loss.item(),
                "norm": norm.item(),
            }
            if held_out and (step % settings.validate_every == 0):
                entry |= _validate(averaged, *held_out)
            log.write(json.dumps(entry) + "\n")
            log.flush()
            verdict = on_step(Report(step, progress, entry["loss"]))
            if verdict != "continue":
                break
            if time.monotonic() - saved > settings.save_minutes * 60:
                _save(folder, settings, network, averaged, optimizer, step, elapsed)
                saved = time.monotonic()
        coming.cancel()
    _save(folder, settings, network, averaged, optimizer, step, time.monotonic() - started)
    return averaged


def _progress(settings: Settings, step: int, elapsed: float) -> float:
    by_step = step / settings.steps if settings.steps else 0.0
    by_time = elapsed / (settings.minutes * 60) if settings.minutes else 0.0
    return max(by_step, by_time)


def _schedule(progress: float, step: int, warm_up: int) -> float:
    """A short linear warm-up, then a cosine to zero (Loshchilov and Hutter 2017, without restarts)."""
    return min(1.0, (step + 1) / max(1, warm_up)) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    for target, value in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if target.is_floating_point():
            target.lerp_(value, 1 - decay)
        else:
            target.copy_(value)


@torch.no_grad()
def _validate(network: nn.Module, lightness: Tensor, ab: Tensor) -> dict[str, float]:
    """Loss, and the share of the colour that the mean explains (1 - squared error / grey's squared error)."""
    logits = torch.cat([network(part) for part in torch.split(lightness, 16)])
    error = (annealed_mean(logits) - ab).square().mean().item()
    return {"val_loss": colour_loss(logits, ab).item(), "val_explained": 1 - error / ab.square().mean().item()}


def _save(
    folder: Path,
    settings: Settings,
    network: nn.Module,
    averaged: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: int,
    elapsed: float,
) -> None:
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"averaged.{k}": v for k, v in averaged.state_dict().items()}
    for i, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    about = {"step": step, "elapsed": elapsed, "settings": asdict(settings)}
    write_tensors(folder / "state.safetensors", tensors, about)


def _restore(
    folder: Path, settings: Settings, network: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    state = read_about(folder / "state.safetensors")
    if state["settings"] != asdict(settings):
        raise ValueError(f"{folder} holds a training with other settings; give it a folder of its own")
    tensors = read_tensors(folder / "state.safetensors")
    network.load_state_dict(_part(tensors, "network."))
    averaged.load_state_dict(_part(tensors, "averaged."))
    restored = optimizer.state_dict()
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in _part(tensors, "optimizer.").items():
        i, name = key.split(".")
        moments.setdefault(int(i), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": restored["param_groups"]})
    return state["step"], state["elapsed"]


def averaged_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The result so far of the training in ``folder``: averaged weights, and its step, elapsed seconds and settings.

    Raises FileNotFoundError where nothing was saved yet.
    """
    file = folder / "state.safetensors"
    about = read_about(file)
    return _part(read_tensors(file), "averaged."), about


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _rewind(log: Path, step: int) -> None:
    """Drop what a run wrote after its last save: the steps are about to be made again."""
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.is_file() else []
    log.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")
