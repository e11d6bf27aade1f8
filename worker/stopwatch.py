"""How long each stage of a job took."""

import time
from collections.abc import Callable


class Stopwatch:
    """Seconds by stage, of the wall clock: every moment belongs to the stage that was entered last."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seconds: dict[str, float] = {}
        self._stage = "fetching"
        self._since = now()

    def enter(self, stage: str) -> None:
        """From now on it is this stage; one that is entered again goes on counting."""
        now = self._now()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = str(stage), now

    def seconds(self) -> dict[str, float]:
        """All stages so far, to the millisecond; together they are all the time since the start."""
        self.enter(self._stage)
        return {stage: round(seconds, 3) for stage, seconds in self._seconds.items()}
