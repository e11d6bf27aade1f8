"""The curves of a training as the page draws them: points in the units of an SVG, and the figures beside."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..models import Training, TrainingPoint

WIDTH, HEIGHT, LEFT, BELOW = 640, 240, 56, 28
MOST = 240
"""Points that can be told apart."""
ROWS = 12


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """What the SVG shows. ``train`` and ``val`` are lists of "x,y"; ``summary`` says it to who cannot see it."""

    train: str
    val: str
    across: list[Tick]
    up: list[Tick]
    first: TrainingPoint
    last: TrainingPoint


def chart(points: Sequence[TrainingPoint]) -> Chart | None:
    """The losses against steps; None before there are two points."""
    points = [point for point in points if math.isfinite(point.loss)]
    if len(points) < 2:
        return None
    losses = [*(p.loss for p in points), *(p.val_loss for p in points if p.val_loss is not None)]
    low, high = min(losses), max(losses)
    begin, end = points[0].step, points[-1].step
    x = _scale(begin, end, LEFT, WIDTH - 8)
    y = _scale(low, high, HEIGHT - BELOW, 10)
    thin = points[:: max(1, len(points) // MOST)]
    return Chart(
        train=" ".join(f"{x(p.step):.1f},{y(p.loss):.1f}" for p in thin),
        val=" ".join(f"{x(p.step):.1f},{y(p.val_loss):.1f}" for p in points if p.val_loss is not None),
        across=[Tick(x(step), f"{step:.0f}") for step in (begin, (begin + end) / 2, end)],
        up=[Tick(y(loss), f"{loss:.3g}") for loss in (low, (low + high) / 2, high)],
        first=points[0],
        last=points[-1],
    )


def rows(training: Training) -> list[TrainingPoint]:
    """For the table beside: evenly spread over the training, the latest first; of those that were validated, if any."""
    points = list(training.points.exclude(val_loss=None)) or list(training.points.all())
    most = min(ROWS, len(points))
    return [points[(len(points) - 1) * i // max(1, most - 1)] for i in range(most)][::-1]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low
    return lambda value: start + (end - start) * ((value - low) / span if span else 0.5)
