"""Jobs that no longer move, and rows that contradict each other."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from .. import dispatch
from ..findings import Finding, Kind
from ..models import Job, Photo, Queue, Status

UNSENT_FOR = timedelta(minutes=15)
"""Housekeeping sends what waits within seconds. A job that waits so long unsent has been forgotten."""


def open_jobs() -> int:
    """How many jobs wait or run."""
    return dispatch.count(Q(status__in=Job.OPEN))


def findings(*, grace: timedelta) -> Iterator[Finding]:
    """What is stuck. Waits two heartbeats where a job looks abandoned, to see whether it is.

    ``grace``: how long a job may wait unsent at most, where that is less than UNSENT_FOR.
    """
    for job in left():
        yield Finding(Kind.JOB_LEFT, str(job.pk), detail=f"{type(job).__name__}, last heard of at {job.heartbeat_at}")
    for job in unsent(before=timezone.now() - min(grace, UNSENT_FOR)):
        yield Finding(Kind.JOB_UNSENT, str(job.pk), detail=f"{type(job).__name__}, since {job.changed_at}")
    open_ones = Count("colorings", filter=Q(colorings__status__in=Job.OPEN))
    for photo in Photo.objects.annotate(open=open_ones).filter(open__gt=1).iterator():
        yield Finding(Kind.JOB_TWICE, str(photo.pk))
    for photo in shown_wrong().iterator():
        yield Finding(Kind.SHOWN_WRONG, str(photo.pk), detail=f"shows {photo.shown_id}")
    for photo in forgotten().iterator():
        yield Finding(Kind.PHOTO_FORGOTTEN, str(photo.pk))


def left() -> list[Job]:
    """Running jobs whose heartbeat stands still.

    A heartbeat is written by its worker's clock, which may be wrong. So one that looks too old, or of a time to come,
    only makes a suspect; whose heartbeat is the same a while later has no worker.
    """
    suspects = [job for model in dispatch.TASKS for job in model._default_manager.filter(_suspect())]
    if suspects:
        time.sleep(2 * settings.HEIRLOOM_HEARTBEAT_SECONDS)
    return [job for job in suspects if _stands_still(job)]


def _suspect() -> Q:
    now, lease = timezone.now(), timedelta(seconds=settings.HEIRLOOM_LEASE_SECONDS)
    heard_of = Q(heartbeat_at__gte=now - lease, heartbeat_at__lte=now + lease)
    return Q(status=Status.RUNNING) & (Q(heartbeat_at=None) | ~heard_of)


def _stands_still(job: Job) -> bool:
    same = {"attempt": job.attempt, "heartbeat_at": job.heartbeat_at, "lease_owner": job.lease_owner}
    return type(job)._default_manager.filter(pk=job.pk, status=Status.RUNNING, **same).exists()


def unsent(*, before: datetime) -> list[Job]:
    """Jobs that wait since ``before`` and were never sent, though it is their turn."""
    never = Q(status=Status.QUEUED, sent_at=None, changed_at__lte=before)
    if dispatch.bulk_ahead() >= dispatch.BULK_AHEAD:  # the rest of the bulk waits its turn
        never &= ~Q(queue=Queue.BULK)
    return [
        job for model in dispatch.TASKS for job in model._default_manager.filter(never).order_by("changed_at")[:500]
    ]


def shown_wrong() -> QuerySet[Photo]:
    """Photos that show another photo's coloring, or one that never had a result."""
    no_result = ~Q(shown__status=Status.DONE) & Q(shown__key="")
    return Photo.objects.filter(Q(shown__isnull=False) & (no_result | ~Q(shown__photo=F("pk"))))


def forgotten() -> QuerySet[Photo]:
    """Photos that are being read, though the reading of their original has ended."""
    ended = ~Q(original__status__in=Job.OPEN)
    return Photo.objects.filter(ended, state=Photo.State.PREPARING)
