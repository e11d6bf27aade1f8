"""The life of a job row: queued, running under a lease, done, failed or cancelled.

Every step is one conditional UPDATE, so that of two who try the same step one wins, whoever they are. A step that
someone else's step made void changes nothing and says so. `attempt` names one stay in the queue: the queue's message,
the claim and all that the worker writes carry it.
"""

from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from .. import dispatch
from ..models import Coloring, DatasetItem, Job, Original, Photo, Queue, Status
from ..turns import in_turn

NEVER_SENT_GRACE = timedelta(seconds=5)
"""A row younger than this may be about to be sent by the request that made it."""
FIRST_RESEND = timedelta(seconds=30)
"""How long a message may be missing before it is sent a second time; later ones wait HEIRLOOM_RESEND_SECONDS."""
NEVER_SENT = Q(status=Status.QUEUED, sent_at=None)
MOST_AT_ONCE = 500
FAMILY: dict[type[Job], str] = {
    Original: "family_id",
    Coloring: "photo__album__family_id",
    DatasetItem: "dataset_id",  # a dataset takes its turn among the families as if it were one
}


class Lease(Enum):
    """What a worker learns of its own claim whenever it touches the row."""

    HELD = "held"
    CANCEL = "cancel"
    LOST = "lost"


def claim(*, model: type[Job], pk: UUID, attempt: int, owner: str) -> Job | None:
    """Take a queued row. None where it is no longer queued with this attempt: the message is old, or a double.

    Who asks again, since the database's answer was lost on its way, has what it took.
    """
    job = model._default_manager.filter(pk=pk, attempt=attempt).first()
    if job is not None and (job.status, job.lease_owner) == (Status.RUNNING, owner):
        return job
    now = timezone.now()
    fresh = {"lease_owner": owner, "heartbeat_at": now, "started_at": now, "finished_at": None}
    if job is None or not _move(job, Q(status=Status.QUEUED), status=Status.RUNNING, stage="", percent=0, **fresh):
        return None
    return job


def beat(*, job: Job, owner: str) -> Lease:
    """Say that the work goes on, and hear whether it still should."""
    return _keep(job, owner)


def note_progress(*, job: Job, owner: str, stage: str, percent: int, **fields: Any) -> Lease:
    """Write how far the work is, for the page, and hear whether it should go on. `fields`: what else the row says."""
    now = timezone.now()
    with transaction.atomic():
        lease = _keep(job, owner, stage=stage, percent=percent, changed_at=now, **fields)
        if lease is Lease.HELD:
            _photos(job).update(changed_at=now)
    return lease


def finish(*, job: Job, owner: str, **fields: Any) -> bool:
    """The work is done; `fields` are what it found. False where the lease was lost, and then nothing is written."""
    return _leave(job, owner, status=Status.DONE, percent=100, finished_at=timezone.now(), **fields)


def fail(*, job: Job, owner: str, reason: str, detail: str = "") -> bool:
    """The work cannot be done, however often one tries."""
    return _leave(job, owner, status=Status.FAILED, reason=reason, detail=detail, finished_at=timezone.now())


def count_failure(*, job: Job, owner: str, reason: str, detail: str = "") -> bool:
    """The work broke off. It is tried again where it is still wanted; the third failure ends it."""
    failures = job.failures + 1
    ended = {"status": Status.FAILED, "finished_at": timezone.now()}
    then = ended if failures >= Job.MOST_FAILURES else _queued_again()
    return _leave_wanted(job, owner, failures=failures, reason=reason, detail=detail, **then)


def give_back(*, job: Job, owner: str) -> bool:
    """The worker has to stop, through no fault of the job: it goes back to the queue and nothing is counted."""
    return _leave_wanted(job, owner, **_queued_again())


def hand_on(*, job: Job, owner: str, **fields: Any) -> bool:
    """A part of the work is done, `fields` say so, and the next part waits in the queue: what failed before is past."""
    return _leave_wanted(job, owner, failures=0, reason="", detail="", **_queued_again(), **fields)


def rest(*, job: Job, owner: str, **fields: Any) -> bool:
    """A part of the work is done, and the next waits until someone resumes it."""
    return _leave_wanted(job, owner, status=Status.PAUSED, failures=0, stage="", lease_owner="", **fields)


def stopped(*, job: Job, owner: str) -> bool:
    """The worker saw that the job is no longer wanted."""
    return _leave(job, owner, status=Status.CANCELLED, finished_at=timezone.now())


def cancel(*, job: Job) -> None:
    """The job is no longer wanted. One that waits ends here; a running one as soon as its worker looks."""
    ended = {"status": Status.CANCELLED, "cancel_requested": True, "finished_at": timezone.now()}
    if not _move(job, Q(status__in=[Status.QUEUED, Status.PAUSED]), **ended):
        _move(job, Q(status=Status.RUNNING), cancel_requested=True)


def pause(*, job: Job) -> bool:
    """Take a job that waits out of the queue until it is resumed."""
    return _move(job, Q(status=Status.QUEUED), status=Status.PAUSED)


def resume(*, job: Job) -> bool:
    """Put a job that was paused, or failed, back into its queue. Raises IntegrityError as `redo` does."""
    resting = Q(status__in=[Status.PAUSED, Status.FAILED])
    return _move(job, resting, failures=0, reason="", detail="", **_queued_again())


def requeue(*, job: Job) -> bool:
    """Try a job again that failed or was cancelled, before all the bulk: someone is waiting for it.

    Raises IntegrityError as `redo` does.
    """
    ended = Q(status__in=[Status.FAILED, Status.CANCELLED])
    return _move(job, ended, queue=Queue.INTERACTIVE, failures=0, reason="", detail="", **_queued_again())


def redo(*, job: Job) -> bool:
    """Do a job again that has ended: what it made is lost. In its turn with the bulk; what its family sees stays.

    Raises IntegrityError where another is open that does the same: colours the same photo, or compares the same models.
    """
    ended = Q(status__in=[Status.DONE, Status.FAILED, Status.CANCELLED])
    return _move(job, ended, queue=Queue.BULK, failures=0, reason="", detail="", **_queued_again())


def start_over() -> None:
    """Nobody works and no message is under way, as after a restore: what is open waits, and is sent anew."""
    for model in dispatch.TASKS:
        rows = model._default_manager
        unwanted = rows.filter(status=Status.RUNNING, cancel_requested=True)
        unwanted.update(status=Status.CANCELLED, finished_at=timezone.now())
        rows.filter(status=Status.RUNNING).update(**_queued_again())
        rows.filter(status=Status.QUEUED).update(sent_at=None)


def note_sent(job: Job) -> None:
    type(job)._default_manager.filter(pk=job.pk, attempt=job.attempt).update(sent_at=timezone.now())


def crashed(*, model: type[Job], pk: UUID, attempt: int, worker: str, reason: str, detail: str) -> bool:
    """The process that had claimed this attempt is dead, its owner's name begins with `worker`: no need to wait."""
    job = model._default_manager.filter(pk=pk, attempt=attempt, lease_owner__startswith=worker).first()
    return job is not None and count_failure(job=job, owner=job.lease_owner, reason=reason, detail=detail)


def reap(*, job: Job) -> bool:
    """The claim on `job` is given up for dead. False where its worker gave a sign of life after `job` was read."""
    detail = f"No sign of life from {job.lease_owner} since {job.heartbeat_at}."
    with transaction.atomic():
        rows = type(job)._default_manager.filter(pk=job.pk, attempt=job.attempt, heartbeat_at=job.heartbeat_at)
        if not rows.select_for_update().exists():
            return False
        return count_failure(job=job, owner=job.lease_owner, reason="crashed", detail=detail)


def unsent() -> list[Job]:
    """The queued rows to send now: those never sent, oldest first, bulk in turn, and as many as the broker has lost.

    Which messages are lost cannot be told, only how many. So the oldest rows are sent, each at most once in
    HEIRLOOM_RESEND_SECONDS; a message too many is dropped by `claim`.
    """
    now = timezone.now()
    again = timedelta(seconds=settings.HEIRLOOM_RESEND_SECONDS)
    forgotten = NEVER_SENT & ~Q(queue=Queue.BULK) & Q(changed_at__lt=now - NEVER_SENT_GRACE)
    sent = Q(status=Status.QUEUED, sent_at__isnull=False)
    # A queued row's changed_at is when it was queued: sent well after that, it was sent again already.
    first = Q(sent_at__lt=now - min(FIRST_RESEND, again), sent_at__lte=F("changed_at") + FIRST_RESEND)
    lost = dispatch.count(sent) - dispatch.waiting()
    lost_rows = _oldest(sent & (first | Q(sent_at__lt=now - again)))[: max(lost, 0)]
    return _oldest(forgotten) + _next_of_bulk(dispatch.BULK_AHEAD - dispatch.bulk_ahead()) + lost_rows


def refill() -> None:
    """Send the next of the bulk where few of it are left in the queue. A worker asks for it when it has done a job.

    Else it would have nothing to do until housekeeping looks again. A message that two workers send is dropped once.
    """
    ahead = dispatch.bulk_ahead()
    if ahead < dispatch.BULK_AHEAD // 2:
        for job in _next_of_bulk(dispatch.BULK_AHEAD - ahead):
            if not dispatch.send_unless_away(job):
                return


def _next_of_bulk(most: int) -> list[Job]:
    """Up to `most` rows of the bulk that were never sent, one of each family in turn."""
    found: list[Any] = []
    for model, family in FAMILY.items():
        turn = Window(RowNumber(), partition_by=F(family), order_by="changed_at")
        rows = model._default_manager.filter(NEVER_SENT, queue=Queue.BULK).annotate(whose=F(family), turn=turn)
        found += rows.order_by("turn", "changed_at")[: max(most, 0)]
    return in_turn(found)[: max(most, 0)]


def _oldest(where: Q) -> list[Job]:
    found = [
        job
        for model in dispatch.TASKS
        for job in model._default_manager.filter(where).order_by("changed_at")[:MOST_AT_ONCE]
    ]
    return sorted(found, key=lambda job: job.changed_at)


def _queued_again() -> dict[str, Any]:
    return {
        "status": Status.QUEUED,
        "attempt": F("attempt") + 1,
        "stage": "",
        "percent": 0,
        "lease_owner": "",
        "heartbeat_at": None,
        "cancel_requested": False,
        "sent_at": None,
        "finished_at": None,
    }


def _keep(job: Job, owner: str, **fields: Any) -> Lease:
    mine = type(job)._default_manager.filter(pk=job.pk, attempt=job.attempt, status=Status.RUNNING, lease_owner=owner)
    if mine.filter(cancel_requested=False).update(heartbeat_at=timezone.now(), **fields):
        return Lease.HELD
    return Lease.CANCEL if mine.exists() else Lease.LOST


def _leave(job: Job, owner: str, **fields: Any) -> bool:
    """A step that only the holder of the lease may take."""
    return _move(job, Q(status=Status.RUNNING, lease_owner=owner), **fields)


def _leave_wanted(job: Job, owner: str, **fields: Any) -> bool:
    """Leave a job that is not done. One that its family called off meanwhile ends there, whatever `job` still says."""
    wanted = Q(status=Status.RUNNING, lease_owner=owner, cancel_requested=False)
    return _move(job, wanted, **fields) or stopped(job=job, owner=owner)


def _move(job: Job, where: Q, **fields: Any) -> bool:
    """Take one step: the row, what its photos show of it, and the message where it is queued again."""
    now = timezone.now()
    with transaction.atomic():
        row = type(job)._default_manager.filter(where, pk=job.pk, attempt=job.attempt)
        if not row.update(changed_at=now, **fields):
            return False
        job.refresh_from_db(from_queryset=type(job)._default_manager.filter(pk=job.pk))
        _photos(job).update(changed_at=now)
        _show_reading(job)
        if job.status == Status.QUEUED:
            dispatch.after_commit(job)
    return True


def _photos(job: Job) -> QuerySet[Photo]:
    """Those whose tiles show something of the job."""
    if isinstance(job, Coloring):
        return Photo.objects.filter(pk=job.photo_id)
    return Photo.objects.filter(original=job.pk) if isinstance(job, Original) else Photo.objects.none()


def _show_reading(job: Job) -> None:
    """An original that cannot be read leaves its photos refused; one that is tried again, being read.

    What its family has seen ready stays ready: its renditions are made anew.
    """
    read = Photo.objects.filter(original=job.pk)
    if isinstance(job, Original) and job.status == Status.FAILED:
        read.filter(state=Photo.State.PREPARING).update(state=Photo.State.REFUSED, refusal=job.reason)
    if isinstance(job, Original) and job.status == Status.QUEUED:
        read.filter(state=Photo.State.REFUSED).update(state=Photo.State.PREPARING, refusal="")
