"""Putting right what `selectors.integrity` finds, as far as that is safe.

- What can be made again is: a lost rendition or result goes back to the queue, in its turn with the bulk.
- What nobody needs goes: files in `results` that belong to no row, and halves of files that were never completed.
- Originals are sacred. One that is missing or changed is reported and never touched. A file among them that belongs to
  no row is taken in as a photo of its family; `services.orphans` says where it is not.

Each finding is looked at once more before anything is done, since the site was at work meanwhile.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from .. import dispatch, storage
from ..findings import GRACE, Finding, Kind, Report
from ..models import Coloring, Job, Photo, Status
from ..selectors import integrity, stuck
from . import jobs, orphans

logger = logging.getLogger(__name__)
MOST_OF_ALL = 0.5
"""A sweep that would take more than this share of all results looks at the wrong database."""
FEW = 100
"""So few files may go whatever their share is."""
_LOST = (Kind.ORIGINAL_MISSING, Kind.ORIGINAL_CHANGED)
_AGAIN = "queued to be made again"


@dataclass(frozen=True)
class Outcome:
    """What became of a finding, in words for whoever looks after the site. ``is_right``: nothing is left to do."""

    finding: Finding
    done: str
    is_right: bool = True


def fix(*, report: Report) -> list[Outcome]:
    """Put right what is safe to put right; one outcome for each finding, in their order.

    What is made again is only queued here: a worker makes it.
    """
    lost = {finding.id for finding in report.findings if finding.kind in _LOST}
    left: list[Job] = stuck.left() if any(finding.kind == Kind.JOB_LEFT for finding in report.findings) else []
    return [_fix(finding, lost, report.grace, {str(job.pk): job for job in left}) for finding in report.findings]


def sweep_results(*, grace: timedelta = GRACE) -> int:
    """Delete the files in `results` that belong to no row; how many. Housekeeping calls this every day.

    Where that would be most of them, nothing is deleted: the database is rather the wrong one.
    """
    found, files = integrity.orphan_results(grace=grace)
    if len(found) > max(FEW, MOST_OF_ALL * files):
        logger.error(
            "%s of %s files among the results belong to no row: nothing is deleted. Is this the right database? "
            "`manage.py verify` says more, and `verify --fix` deletes them.",
            len(found),
            files,
        )
        return 0
    return sum(_delete_result(finding, grace).is_right for finding in found)


def _fix(finding: Finding, lost: set[str], grace: timedelta, left: dict[str, Job]) -> Outcome:
    match finding.kind:
        case Kind.RENDITION_MISSING:
            return _prepare_again(finding, lost)
        case Kind.RESULT_MISSING | Kind.COPY_MISSING:
            return _colour_again(finding, lost)
        case Kind.RESULT_ORPHAN:
            return _delete_result(finding, grace)
        case Kind.ORIGINAL_ORPHAN:
            return Outcome(finding, *orphans.settle(key=finding.key, grace=grace))
        case Kind.UPLOAD_UNFINISHED:
            return _forget_half(finding)
        case Kind.JOB_LEFT:
            return _give_up(finding, left.get(finding.id))
        case Kind.JOB_UNSENT:
            return _send(finding)
        case Kind.SHOWN_WRONG:
            return _show_right(finding)
        case Kind.PHOTO_FORGOTTEN:
            return _prepare_again(finding, lost)
        case _:
            return Outcome(finding, "left as it is", is_right=False)


def _prepare_again(finding: Finding, lost: set[str]) -> Outcome:
    photo = Photo.objects.select_related("original").filter(pk=finding.id).first()
    return _again(finding, photo.original if photo else None, photo, lost)


def _colour_again(finding: Finding, lost: set[str]) -> Outcome:
    coloring = Coloring.objects.select_related("photo__original").filter(pk=finding.id).first()
    if coloring is None:
        return Outcome(finding, "deleted meanwhile")
    if finding.kind != Kind.RESULT_MISSING:
        # The result itself is there: what is shown stays so.
        return _again(finding, coloring, coloring.photo, lost - {str(coloring.photo.original_id)})
    with transaction.atomic():
        outcome = _again(finding, coloring, coloring.photo, lost)
        if outcome.is_right:
            Photo.objects.filter(shown=coloring).update(shown=None)
    return outcome


def _again(finding: Finding, job: Job | None, photo: Photo | None, lost: set[str]) -> Outcome:
    if job is None or photo is None:
        return Outcome(finding, "deleted meanwhile")
    if str(photo.original_id) in lost:
        return Outcome(finding, "left as it is: its original is lost", is_right=False)
    if _is_there(finding, job):
        return Outcome(finding, "there by now")
    try:
        with transaction.atomic():
            job.refresh_from_db()
            return Outcome(finding, _AGAIN if jobs.redo(job=job) else "in the queue already")
    except IntegrityError:
        return Outcome(finding, "left for later: another colouring of this photo is under way", is_right=False)


def _is_there(finding: Finding, job: Job) -> bool:
    store = storage.results()
    if not finding.key or not store.exists(finding.key):
        return False
    whole = finding.kind == Kind.RESULT_MISSING and isinstance(job, Coloring) and job.size
    return store.size(finding.key) == whole if whole else store.size(finding.key) > 0


def _delete_result(finding: Finding, grace: timedelta) -> Outcome:
    store = storage.results()
    if integrity.results_with_rows([finding.key]):
        return Outcome(finding, "has a row by now")
    try:
        if store.get_modified_time(finding.key) > timezone.now() - grace:
            return Outcome(finding, "written again meanwhile", is_right=False)
    except FileNotFoundError:
        return Outcome(finding, "gone meanwhile")
    store.delete(finding.key)
    return Outcome(finding, "deleted")


def _forget_half(finding: Finding) -> Outcome:
    for store in (storage.originals(), storage.results(), storage.models()):
        for half in store.half_written():
            if (half.key, half.handle) == (finding.key, finding.id):
                store.forget(half)
                return Outcome(finding, "deleted")
    return Outcome(finding, "gone meanwhile")


def _give_up(finding: Finding, job: Job | None) -> Outcome:
    if job is None:
        return Outcome(finding, "has moved meanwhile")
    return Outcome(finding, "taken from the worker that is gone" if jobs.reap(job=job) else "has moved meanwhile")


def _send(finding: Finding) -> Outcome:
    waiting = {"pk": finding.id, "status": Status.QUEUED, "sent_at": None}
    found = (model._default_manager.filter(**waiting).first() for model in dispatch.TASKS)
    job = next((job for job in found if job), None)
    if job is None:
        return Outcome(finding, "has moved meanwhile")
    sent = dispatch.send(job)
    return Outcome(finding, "sent" if sent else "left: the queue does not answer", is_right=sent)


def _show_right(finding: Finding) -> Outcome:
    """Show the latest of the photo's own colourings that are done; none where there is none."""
    photo = stuck.shown_wrong().filter(pk=finding.id).first()
    if photo is None:
        return Outcome(finding, "right by now")
    latest = photo.colorings.filter(status=Status.DONE).order_by("finished_at").last()
    Photo.objects.filter(pk=photo.pk, shown=photo.shown_id).update(shown=latest, changed_at=timezone.now())
    return Outcome(finding, f"shows {latest.pk} now" if latest else "shows no colours now")
