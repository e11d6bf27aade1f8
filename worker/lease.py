"""A worker's claim on a job: taken, kept alive by a heartbeat, and left in one of the ways that `jobs` knows."""

import logging
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID

import billiard
from billiard.exceptions import TimeLimitExceeded
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from colorizer import dispatch
from colorizer.models import Job, WorkerState
from colorizer.services import jobs

from .stopwatch import Stopwatch

logger = logging.getLogger(__name__)
_stopping = threading.Event()
_held: "Held | None" = None


class Cancelled(Exception):
    """The family no longer wants it."""


class Lost(Exception):
    """Another worker has the job by now: nothing of ours may be written."""


class Stopping(Exception):
    """This worker was told to stop."""


class Failed(Exception):
    """The job cannot be done, however often one tries. `reason` is a code that pages have words for."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Held:
    """A job that this process has claimed."""

    def __init__(self, job: Job, owner: str) -> None:
        self.job = job
        self.owner = owner
        self.clock = Stopwatch()
        self._began = self._written = time.monotonic()

    def report(self, stage: str, percent: int) -> None:
        """Write how far the work is, at most once a second. Raises where it should not go on."""
        self.clock.enter(stage)
        if _stopping.is_set():
            raise Stopping
        # Celery's own, raised out of a signal, is lost where it meets vips calling us back.
        if time.monotonic() - self._began > settings.CELERY_TASK_SOFT_TIME_LIMIT:
            raise SoftTimeLimitExceeded
        if time.monotonic() - self._written >= 1:
            self._written = time.monotonic()
            self._heed(jobs.note_progress(job=self.job, owner=self.owner, stage=stage, percent=percent))

    def confirm(self) -> None:
        """Ask whether the job is still ours and still wanted, before anything is stored. Raises where not."""
        self._heed(jobs.beat(job=self.job, owner=self.owner))

    @staticmethod
    def _heed(lease: jobs.Lease) -> None:
        if lease is jobs.Lease.CANCEL:
            raise Cancelled
        if lease is jobs.Lease.LOST:
            raise Lost


def run(*, model: type[Job], pk: UUID, attempt: int, work: Callable[[Any, Held], None]) -> None:
    """Claim the job and do `work` on it. A message that came twice, or too late, ends here."""
    global _held
    owner = f"{_parent(os.getppid())}{os.getpid()}"
    job = jobs.claim(model=model, pk=pk, attempt=attempt, owner=owner)
    if job is None:
        logger.info("Dropped the message %s:%s: its row is not queued with this attempt.", pk, attempt)
        return
    _held = Held(job, owner)
    # Only while we work: an idle child is ended by the handler that the pool gave it.
    idle = signal.signal(signal.SIGTERM, lambda *_: _stopping.set())
    try:
        _leave_well(_held, work)
    finally:
        _held = None
        signal.signal(signal.SIGTERM, idle)
    if _stopping.is_set():
        raise SystemExit


def _parent(pid: int) -> str:
    """How the owners of all leases begin that the children of one worker hold."""
    return f"{socket.gethostname()}/{pid}/"


def _leave_well(held: Held, work: Callable[[Any, Held], None]) -> None:
    job, owner = held.job, held.owner
    try:
        work(job, held)
    except Cancelled:
        jobs.stopped(job=job, owner=owner)
    except Stopping:
        jobs.give_back(job=job, owner=owner)
    except Lost:
        logger.warning("The lease of %s was lost while it was worked on.", job.message_id)
    except Failed as error:
        jobs.fail(job=job, owner=owner, reason=error.reason, detail=str(error))
    except SoftTimeLimitExceeded:
        jobs.fail(
            job=job, owner=owner, reason="timed_out", detail=f"Ended after {settings.CELERY_TASK_SOFT_TIME_LIMIT} s."
        )
    except Exception as error:
        logger.exception("%s failed.", job.message_id)
        jobs.count_failure(job=job, owner=owner, reason=_reason(error), detail=traceback.format_exc()[-4000:])


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "no_memory"
    return "storage" if isinstance(error, OSError) else "internal"


def start(*, worker: str, announce: Callable[[], None]) -> None:
    """Get a fresh child ready: its name and its heartbeat. `announce` makes its row for the web anew."""
    how = {"worker": worker, "announce": announce}
    threading.Thread(target=_beat_for_ever, kwargs=how, name="heartbeat", daemon=True).start()


def _beat_for_ever(worker: str, announce: Callable[[], None]) -> None:
    while True:
        time.sleep(settings.HEIRLOOM_HEARTBEAT_SECONDS)
        try:
            close_old_connections()
            beat(worker=worker, announce=announce)
        except DatabaseError:
            logger.warning("The heartbeat could not be written.", exc_info=True)


def beat(*, worker: str, announce: Callable[[], None]) -> None:
    """Give one sign of life: the worker's own, and that of the job at hand."""
    if not WorkerState.objects.filter(name=worker).update(heartbeat_at=timezone.now()):
        announce()  # housekeeping forgets a worker that was suspended for a day
    if held := _held:
        jobs.beat(job=held.job, owner=held.owner)


def stop_children() -> None:
    """In the parent: tell the children to stop."""
    for child in billiard.active_children():
        os.kill(child.pid, signal.SIGTERM)


def bury(*, task: str, error: BaseException, args: list[Any]) -> None:
    """In the parent: count the failure of a child that is dead. Nothing to do where it had left its job well."""
    for model, name in dispatch.TASKS.items():
        if name == task:
            jobs.crashed(
                model=model,
                pk=UUID(args[0]),
                attempt=args[1],
                worker=_parent(os.getpid()),
                reason="timed_out" if isinstance(error, TimeLimitExceeded) else "crashed",
                detail=repr(error),
            )
