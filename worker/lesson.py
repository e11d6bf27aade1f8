"""What a training asks after every step: whether to go on. It tells how far it is while it asks."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from django.db import connection

from colorizer import storage
from colorizer.models import Training, TrainingPoint
from colorizer.services import jobs
from colorizer.services import training as service
from ml.runs import LOG
from ml.schedule import Schedule
from ml.settings import Settings
from ml.training import Report, Verdict

from . import lease
from .guard import own_bytes
from .lease import Cancelled, Held, Lost, Stopping
from .patience import AWAY
from .queues import photos_wait

LOOK_EVERY = 1.0
ASK_EVERY = 0.2
POINTS = 200
"""About so many points a curve has after some minutes; from then on they lie further and further apart."""
MOST_SAMPLES = 24
TRAINING = "training"

logger = logging.getLogger(__name__)


class Lesson:
    """The callback of `ml.training.train` for one slice. ``why`` says what it was ended for; "" where it was not."""

    def __init__(
        self,
        training: Training,
        held: Held,
        folder: Path,
        how: Settings,
        *,
        photos: int,
        missing: int,
        device: str,
        began: float,
    ) -> None:
        """``photos``: how many are learned from. ``missing``: how many the version lacked before any was read."""
        self.why = ""
        self.progress, self.step, self.seconds = training.progress, training.step, training.seconds
        self._training, self._held, self._how, self._device = training, held, how, device
        self._folder, self._log, self._rest = folder, folder / LOG, ""
        self._schedule = Schedule(how, photos)
        self._ends = began + settings.HEIRLOOM_SLICE_SECONDS
        self._looked = self._asked = time.monotonic()
        self._first: tuple[int, float] | None = None
        self._told_at = training.seconds
        self._read = 0
        self._losses: list[float] = []
        self._validated: dict[str, float] = {}
        self._missing = missing
        self._shown = service.shown_samples(training=training)
        self._put, self._noted = {*self._shown}, {*self._shown}
        self._shows = True

    def __call__(self, report: Report) -> Verdict:
        now = time.monotonic()
        self.step, self.progress = report.step, report.progress
        if self._first is None:
            self._first = report.step, now
        if self.is_urgent():
            return "pause"
        if now >= self._ends:
            self.why = "went_on"
        elif now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._look()
        return "pause" if self.why else "continue"

    def tell(self, stage: str = TRAINING) -> None:
        """Write how far it is. Raises where the job is no longer wanted, or ours."""
        fields: dict[str, Any] = {"step": self.step, "seconds": self.seconds}
        fields |= {"device": self._device, "memory_mb": memory_mb()}
        if pace := self._pace():
            fields["photos_per_second"] = pace
        lease_is = service.note_progress(
            training=self._training,
            owner=self._held.owner,
            stage=stage,
            progress=min(self.progress, 1.0),
            points=self._points(),
            **fields,
        )
        if lease_is is jobs.Lease.CANCEL:
            raise Cancelled
        if lease_is is jobs.Lease.LOST:
            raise Lost

    def is_urgent(self) -> bool:
        """Whether something does not wait for the end of a step; looked up five times a second, however often asked."""
        if time.monotonic() - self._asked >= ASK_EVERY:
            self._asked = time.monotonic()
            if lease.is_stopping():
                self.why = "worker_stopped"
            elif photos_wait():
                self.why = "made_way"
        return bool(self.why)

    def heed(self, stage: str) -> None:
        """Before and after the steps: tell, once a second at most. Raises Stopping where `is_urgent`, or as `tell`."""
        if self.is_urgent():
            raise Stopping
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            with self._in_spite_of_outages():
                self.tell(stage)

    def show_samples(self) -> None:
        """Put the sample photos that the run has drawn since into the storage; of many, every second one goes.

        None any more once a photo has gone that this slice has read, and may go on drawing.
        """
        for file in sorted((self._folder / "samples").glob("*.png")) if self._shows else ():
            if (step := int(file.stem)) not in self._put:
                storage.put(storage.models(), service.sample_key(self._training, step), file)
                self._shown.add(step)
                self._put.add(step)
        for step in sorted(self._shown)[1:-1:2] if len(self._shown) > MOST_SAMPLES else ():
            storage.models().delete(service.sample_key(self._training, step))
            self._shown.discard(step)
        if self._shown != self._noted:
            self._noted = service.note_samples(training=self._training, steps=self._shown, missing=self._missing)
            self._shows, self._shown = self._shown == self._noted, {*self._noted}

    def _look(self) -> None:
        with self._in_spite_of_outages():
            self._hear_log()
            self.show_samples()
            self.tell()
            if service.wants_rest(training=self._training):
                self.why = "rests"

    @contextmanager
    def _in_spite_of_outages(self) -> Iterator[None]:
        try:
            yield
        except AWAY as error:
            logger.warning("How far %s is could not be written: %s", self._training.message_id, error)
            connection.close()

    def _hear_log(self) -> None:
        """What the run has written down since: losses, and what validation says."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                entry = json.loads(line)
                self._losses.append(entry["loss"])
                self.seconds = entry["elapsed"]
                self._validated |= {key: entry[key] for key in ("val_loss", "val_explained") if key in entry}

    def _points(self) -> list[TrainingPoint]:
        if not self._losses or (self.seconds - self._told_at < self.seconds / POINTS and not self._validated):
            return []
        rate = self._how.rate * self._schedule.factor(self.step, min(self.progress, 1.0))
        point = TrainingPoint(
            training=self._training,
            step=self.step,
            seconds=self.seconds,
            loss=sum(self._losses) / len(self._losses),
            rate=rate,
            photos_per_second=self._pace(),
            **self._validated,
        )
        self._told_at, self._losses, self._validated = self.seconds, [], {}
        return [point]

    def _pace(self) -> float | None:
        """Photos a second since the slice's first step, which warms up."""
        if self._first is None or self.step <= self._first[0]:
            return None
        return (self.step - self._first[0]) * self._how.batch / (time.monotonic() - self._first[1])

    def finish_telling(self) -> None:
        """The last steps of the slice, and its sample photos."""
        self._hear_log()
        self.show_samples()
        self.tell("saving")


def memory_mb() -> int:
    """What the training takes: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated() / 1e6)
    return int(own_bytes() / 1e6)
