"""Ending the claims of workers that are dead, by watching whether their heartbeats move."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from .. import dispatch
from ..models import Job, Status
from . import jobs

Claim = tuple[type[Job], UUID, int, str]
"""A job's model, its id, the attempt, and the lease's owner."""


class Reaper:
    """Ends a claim whose heartbeat has not moved for as long as a lease, however often it was looked at meanwhile.

    What a heartbeat says is never compared with a clock: the worker's machine may be an hour off, and any clock may
    jump. Time in which nobody looked counts little, since the database that was away from here was away from the
    worker too, and a machine that slept wakes with all its workers alive.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._looked: float | None = None
        self._seen: dict[Claim, tuple[datetime | None, float]] = {}
        self._one_at_a_time = threading.Lock()

    def look(self) -> int:
        """Look once at every claim. How many were ended."""
        with self._one_at_a_time:
            running = {claim: job for model in dispatch.TASKS for claim, job in _running(model)}
            passed = self._passed()
            before, self._seen = self._seen, {}
            for claim, job in running.items():
                beat, still = before.get(claim, (None, 0.0))
                self._seen[claim] = (job.heartbeat_at, still + passed if beat == job.heartbeat_at else 0.0)
            dead = [claim for claim, (_, still) in self._seen.items() if still > settings.HEIRLOOM_LEASE_SECONDS]
            return sum(jobs.reap(job=running[claim]) for claim in dead)

    def _passed(self) -> float:
        """Seconds since the last look, at most a quarter of a lease."""
        now = self._now()
        passed = 0.0 if self._looked is None else now - self._looked
        self._looked = now
        most: float = settings.HEIRLOOM_LEASE_SECONDS / 4
        return min(passed, most)


def _running(model: type[Job]) -> list[tuple[Claim, Job]]:
    jobs = model._default_manager.filter(status=Status.RUNNING)
    return [((model, job.pk, job.attempt, job.lease_owner), job) for job in jobs]
