"""When a run ends and how high its rate is: by steps, by time, and by what validation says."""

from __future__ import annotations

import math
from typing import Any

from ml.settings import Settings

_CUT = 0.1


class Schedule:
    """The course of one run over ``photos`` photos.

    Attributes:
        last: the step that ends it, infinite where only time or validation does.
        validate_every: steps between validations.
        best: the lowest validation loss so far.
    """

    def __init__(self, settings: Settings, photos: int) -> None:
        self._settings = settings
        epoch = photos / settings.batch
        by_epoch = math.ceil(settings.epochs * epoch) if settings.epochs else math.inf
        self.last = min(settings.steps or math.inf, by_epoch)
        self.validate_every = settings.validate_every or math.ceil(epoch)
        self.best = math.inf
        self._cut = 1.0
        self._since_best = 0
        self._since_cut = 0

    def done(self, step: int, elapsed: float) -> float:
        """How much of the run is done, 0..1, after ``step`` steps and ``elapsed`` seconds."""
        if self._settings.patience and self._since_best >= self._settings.patience:
            return 1.0
        return max(step / self.last, elapsed / (self._settings.minutes * 60) if self._settings.minutes else 0.0)

    def factor(self, step: int, done: float) -> float:
        """The rate of the step after ``step``, over the rate at the top.

        A linear warm-up; then a cosine to nought (Loshchilov and Hutter 2017, without restarts), or a tenth after
        every plateau of the validation loss, or neither.
        """
        warm = min(1.0, (step + 1) / max(1, self._settings.warm_up))
        if self._settings.schedule == "cosine":
            return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return warm * self._cut

    def hear(self, loss: float) -> bool:
        """Take note of a validation's loss; whether it is the best so far."""
        self._since_best += 1
        self._since_cut += 1
        improved = loss < self.best
        if improved:
            self.best, self._since_best, self._since_cut = loss, 0, 0
        elif self._settings.schedule == "plateau" and self._since_cut >= self._settings.plateau:
            self._cut, self._since_cut = self._cut * _CUT, 0
        return improved

    def state(self) -> dict[str, Any]:
        """What validation has said so far, as JSON."""
        heard = {"cut": self._cut, "since_best": self._since_best, "since_cut": self._since_cut}
        return {"best": self.best, **heard} if math.isfinite(self.best) else heard

    def load(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        self.best = state.get("best", math.inf)
        self._cut = state.get("cut", 1.0)
        self._since_best, self._since_cut = state.get("since_best", 0), state.get("since_cut", 0)
