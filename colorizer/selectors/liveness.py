"""Whether workers and schedulers do their work: read from what they write down, since one may answer and do nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, Q
from django.utils import timezone

from .. import dispatch
from ..models import Job, SchedulerState, Status, WorkerState

TAKES_WITHIN = timedelta(seconds=120)
"""A worker that is free takes a job of the queue within milliseconds. One that took none for so long takes none."""
ROUNDS_WITHIN = timedelta(seconds=60)
"""A scheduler goes through the queue every few seconds."""


@dataclass(frozen=True)
class Waiting:
    """The oldest job that waits. ``since`` is when it was queued, ``sent`` whether the broker has had its message."""

    job: Job
    since: datetime
    sent: bool

    @property
    def seconds(self) -> float:
        return max((timezone.now() - self.since).total_seconds(), 0.0)


def oldest_waiting() -> Waiting | None:
    """The oldest job that a family waits for."""
    waiting = Q(status=Status.QUEUED, queue__in=dispatch.FOR_FAMILIES)
    found = [
        job
        for model in dispatch.TASKS
        if (job := model._default_manager.filter(waiting).order_by("changed_at").first())
    ]
    job = min(found, key=lambda job: job.changed_at, default=None)
    return Waiting(job, job.changed_at, job.sent_at is not None) if job else None


def live_workers() -> list[WorkerState]:
    """Those that gave a sign of life within the time of a lease."""
    since = timezone.now() - timedelta(seconds=settings.HEIRLOOM_LEASE_SECONDS)
    return list(WorkerState.objects.filter(heartbeat_at__gte=since).order_by("name"))


def last_round() -> datetime | None:
    """When a scheduler last looked after the queue."""
    latest: datetime | None = SchedulerState.objects.order_by("-round_at").values_list("round_at", flat=True).first()
    return latest


def trouble_of_worker(*, host: str) -> str | None:
    """What is wrong with the worker on the machine or in the container called ``host``; None where it does its work."""
    state = WorkerState.objects.filter(name__endswith=f"@{host}").order_by("-heartbeat_at").first()
    now = timezone.now()
    if state is None:
        return f"No worker on {host} has announced itself: it may still be loading its model."
    silent = now - state.heartbeat_at
    if silent > timedelta(seconds=settings.HEIRLOOM_LEASE_SECONDS):
        return f"{state.name} has given no sign of life for {silent.total_seconds():.0f} s."
    if now - state.started_at < TAKES_WITHIN or _works(host, now):
        return None
    if sent := _longest_sent(now - TAKES_WITHIN):
        return (
            f"{state.name} lives but takes no job: one has been waiting since {sent:%H:%M:%S} UTC, "
            f"and it took none in the last {TAKES_WITHIN.total_seconds():.0f} s."
        )
    return None


def trouble_of_scheduler(*, host: str) -> str | None:
    """What is wrong with the scheduler on ``host``; None where it makes its rounds."""
    state = SchedulerState.objects.filter(name__endswith=f"@{host}").first()
    if state is None:
        return f"No scheduler on {host} has made a round yet."
    silent = timezone.now() - state.round_at
    if silent > ROUNDS_WITHIN:
        return f"{state.name} has not looked after the queue for {silent.total_seconds():.0f} s."
    return None


def _works(host: str, now: datetime) -> bool:
    """Whether a job is, or was in the last while, in the hands of a worker on ``host``."""
    alive = now - timedelta(seconds=settings.HEIRLOOM_LEASE_SECONDS)
    busy = Q(status=Status.RUNNING, heartbeat_at__gte=alive) | Q(changed_at__gte=now - TAKES_WITHIN)
    return any(
        model._default_manager.filter(busy, lease_owner__startswith=f"{host}/").exists() for model in dispatch.TASKS
    )


def _longest_sent(before: datetime) -> datetime | None:
    """When the oldest message was sent that waits since before ``before``."""
    oldest = [
        model._default_manager.filter(
            status=Status.QUEUED, queue__in=dispatch.FOR_FAMILIES, sent_at__lt=before
        ).aggregate(oldest=Min("sent_at"))
        for model in dispatch.TASKS
    ]
    return min((each["oldest"] for each in oldest if each["oldest"]), default=None)
