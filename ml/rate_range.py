"""Find a learning rate: let it rise from step to step and see where the loss falls fastest (Smith 2017)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lightning_fabric import Fabric
from torch import Tensor

from ml import curves
from ml.devices import fabric_of, mean_over_processes
from ml.sampler import Photos
from ml.settings import Settings
from ml.training import prepare, sampler_for, scale_rates, take_step

_SMOOTHING = 0.9
_LOST = 4.0


@dataclass(frozen=True)
class Sweep:
    """Rates on a log scale, the loss at each (smoothed), and the rate to take."""

    rates: list[float]
    losses: list[float]
    rate: float


def find_rate(
    settings: Settings,
    photos: Photos,
    folder: Path,
    *,
    initial: Mapping[str, Tensor] | None = None,
    encoder: Mapping[str, Tensor] | None = None,
    fabric: Fabric | None = None,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    on_step: Callable[[float, float], None] = lambda rate, loss: None,
) -> Sweep:
    """Train for up to ``steps`` steps while the rate rises from ``lowest`` to ``highest`` in equal ratios.

    Ends early where the loss is lost or four times its lowest. Writes ``rates.json`` and ``rates.svg`` into
    ``folder``; a training there is left alone. The rate to take is that at which the smoothed loss falls most from
    one step to the next, over a tenth of the sweep. ``on_step`` is told each rate and its loss.
    Raises ValueError where the loss is lost before anything can be seen, and where the settings' rate is 0.
    """
    if not settings.rate:
        raise ValueError("a rate of 0 cannot rise: leave --rate away")
    fabric = fabric or fabric_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    objective, _ = prepare(settings, photos, fabric, initial, encoder)
    sampler = sampler_for(settings, photos, objective)
    rates: list[float] = []
    losses: list[float] = []
    smooth = 0.0
    for step in range(steps):
        rate = lowest * (highest / lowest) ** (step / max(1, steps - 1))
        scale_rates(objective, rate / settings.rate)
        batch = fabric.to_device(sampler.batch(step, fabric.global_rank, fabric.world_size))
        try:
            loss = mean_over_processes(fabric, take_step(objective, batch, step, fabric.global_rank))["loss"]
        except FloatingPointError:
            break
        smooth = _SMOOTHING * smooth + (1 - _SMOOTHING) * loss
        rates.append(rate)
        losses.append(smooth / (1 - _SMOOTHING ** (step + 1)))
        on_step(rate, losses[-1])
        if not math.isfinite(loss) or losses[-1] > _LOST * min(losses):
            break
    sweep = Sweep(rates, losses, steepest(rates, losses))
    if fabric.is_global_zero:
        found = {"rate": sweep.rate, "rates": rates, "losses": losses}
        (folder / "rates.json").write_text(json.dumps(found) + "\n", encoding="utf-8")
        curve = list(zip(rates, losses, strict=True))
        (folder / "rates.svg").write_text(curves.plot({"loss": {"loss": curve}}, log_x=True), encoding="utf-8")
    return sweep


def steepest(rates: list[float], losses: list[float]) -> float:
    """The rate in the middle of the stretch, a tenth of the sweep, over which the loss falls most.

    Raises ValueError where there are too few losses to tell.
    """
    stretch = max(1, len(rates) // 10)
    if len(rates) <= 2 * stretch:
        raise ValueError("the loss was lost too soon to find a rate")
    falls = [losses[i + stretch] - losses[i] for i in range(len(losses) - stretch)]
    return rates[falls.index(min(falls)) + stretch // 2]
