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
from django.db import close_old_connections, connection
from django.utils import timezone

from colorizer import dispatch
from colorizer.models import Job, WorkerState
from colorizer.services import jobs

from . import outage
from .guard import Allowance, Guard, is_of_memory, of_photo
from .patience import AWAY, patiently
from .stopwatch import Stopwatch

logger = logging.getLogger(__name__)
_stopping = threading.Event()
_held: "Held | None" = None
at_work = threading.Lock()
"""Held while a job is worked on here: what tidies up beside it waits for its end."""
ENDED = 70
"""The exit status of a child that ended over a job that took too much."""


class Cancelled(Exception):
    """The family no longer wants it."""


class Lost(Exception):
    """Another worker has the job by now: nothing of ours may be written."""


class Stopping(Exception):
    """This worker was told to stop, or has something more urgent to do: the job goes back to its queue."""


class Failed(Exception):
    """The job cannot be done, however often one tries. `reason` is a code that pages have words for."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Held:
    """A job that this process has claimed, and the seconds that its kind may take."""

    def __init__(self, job: Job, owner: str, seconds: float) -> None:
        self.job = job
        self.owner = owner
        self.seconds = seconds
        self.clock = Stopwatch()
        self._began = self._written = time.monotonic()
        self._ending = threading.Event()

    def report(self, stage: str, percent: int) -> None:
        """Write how far the work is, at most once a second. Raises where it should not go on."""
        self.clock.enter(stage)
        if _stopping.is_set():
            raise Stopping
        # Celery's own, raised out of a signal, is lost where it meets vips calling us back.
        if time.monotonic() - self._began > self.seconds:
            raise SoftTimeLimitExceeded
        if time.monotonic() - self._written >= 1:
            self._written = time.monotonic()
            try:
                self._heed(jobs.note_progress(job=self.job, owner=self.owner, stage=stage, percent=percent))
            except AWAY as error:
                logger.warning("How far %s is could not be written: %s", self.job.message_id, error)
                connection.close()

    def confirm(self) -> None:
        """Ask whether the job is still ours and still wanted, before anything is stored. Raises where not."""
        self._heed(patiently(lambda: jobs.beat(job=self.job, owner=self.owner)))

    def end(self, reason: str, detail: str) -> None:
        """From another thread: the job takes more than it may. It ends as failed, and this process with it."""
        self._ending.set()
        try:
            jobs.fail(job=self.job, owner=self.owner, reason=reason, detail=detail)
        finally:
            os._exit(ENDED)

    def leave(self, step: Callable[..., bool], **how: str) -> None:
        """Take the step that ends our claim, as soon as the database takes it; once another thread ends it, wait."""
        if self._ending.is_set():
            threading.Event().wait()
        patiently(lambda: step(job=self.job, owner=self.owner, **how))

    @staticmethod
    def _heed(lease: jobs.Lease) -> None:
        if lease is jobs.Lease.CANCEL:
            raise Cancelled
        if lease is jobs.Lease.LOST:
            raise Lost


def run(
    *,
    model: type[Job],
    pk: UUID,
    attempt: int,
    work: Callable[[Any, Held], None],
    allowed: Callable[[], Allowance] = of_photo,
) -> None:
    """Claim the job and do `work` on it, within what is `allowed`. A message that came twice, or late, ends here."""
    global _held
    owner = f"{_parent(os.getppid())}{os.getpid()}"
    job = patiently(lambda: jobs.claim(model=model, pk=pk, attempt=attempt, owner=owner))
    if job is None:
        logger.info("Dropped the message %s:%s: its row is not queued with this attempt.", pk, attempt)
        return
    allowance = allowed()
    _held = held = Held(job, owner, allowance.seconds)
    # Only while we work: an idle child is ended by the handler that the pool gave it.
    idle = signal.signal(signal.SIGTERM, lambda *_: _stopping.set())
    try:
        with at_work, Guard(held.end, allowance):
            may_go_on = _leave_well(held, work)
        _held = None
        if may_go_on:
            _refill()
        else:
            outage.rest(until=_stopping.is_set)
    finally:
        _held = None
        signal.signal(signal.SIGTERM, idle)
    if _stopping.is_set():
        raise SystemExit


def is_stopping() -> bool:
    """Whether this worker was told to stop: what can be broken off well, ends now."""
    return _stopping.is_set()


def _refill() -> None:
    try:
        jobs.refill()
    except AWAY as error:
        logger.warning("The queue could not be filled again: %s", error)
        connection.close()


def _parent(pid: int) -> str:
    """How the owners of all leases begin that the children of one worker hold."""
    return f"{socket.gethostname()}/{pid}/"


def _leave_well(held: Held, work: Callable[[Any, Held], None]) -> bool:
    """Do the work and leave the job in the way that fits. False where no other can be worked on now either."""
    message = held.job.message_id
    try:
        work(held.job, held)
    except Cancelled:
        held.leave(jobs.stopped)
    except Stopping:
        held.leave(jobs.give_back)
    except Lost:
        logger.warning("The lease of %s was lost while it was worked on.", message)
    except Failed as error:
        held.leave(jobs.fail, reason=error.reason, detail=str(error))
    except SoftTimeLimitExceeded:
        held.leave(jobs.fail, reason="timed_out", detail=f"Ended after {held.seconds:g} s.")
    except AWAY as error:
        logger.warning("%s was given back, since the database did not answer: %s", message, error)
        connection.close()
        held.leave(jobs.give_back)
    except Exception as error:
        detail = traceback.format_exc()[-4000:]
        if why := outage.why_away():
            logger.warning("%s was given back. %s", message, why)
            held.leave(jobs.give_back)
            return False
        logger.exception("%s failed.", message)
        held.leave(jobs.count_failure, reason=_reason(error), detail=detail)
    return True


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and is_of_memory(str(error))):
        return "no_memory"
    return "storage" if isinstance(error, OSError) else "internal"


def start(*, worker: str, announce: Callable[[], None]) -> None:
    """Get a fresh child ready: its name and its heartbeat. `announce` makes its row for the web anew."""
    how = {"worker": worker, "announce": announce}
    threading.Thread(target=_beat_for_ever, kwargs=how, name="heartbeat", daemon=True).start()


def _beat_for_ever(worker: str, announce: Callable[[], None]) -> None:
    pause = threading.Event()
    while True:
        try:
            # Not `sleep`: where the clock jumps under it, it can fail, and with it the thread would end.
            pause.wait(settings.HEIRLOOM_HEARTBEAT_SECONDS)
            close_old_connections()
            beat(worker=worker, announce=announce)
        except Exception as error:  # whatever it was: a worker without a heartbeat would lose every job
            logger.warning("The heartbeat could not be written: %s", error)
            connection.close()


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
    try:
        pk, attempt = UUID(args[0]), int(args[-1])
    except (ValueError, IndexError, TypeError, AttributeError):
        return  # of another version: no job of ours
    for model, name in dispatch.TASKS.items():
        if name == task:
            jobs.crashed(
                model=model,
                pk=pk,
                attempt=attempt,
                worker=_parent(os.getpid()),
                reason="timed_out" if isinstance(error, TimeLimitExceeded) else "crashed",
                detail=repr(error),
            )
