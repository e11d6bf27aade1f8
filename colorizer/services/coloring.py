"""Asking for a photo's colours, changing one's mind, and what the worker found."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from .. import dispatch, words
from ..models import Album, Coloring, Job, ModelVersion, Photo, Queue, Status
from ..selectors import gallery
from . import jobs


class NotDone(Exception):
    """A version that is still being coloured, or failed, cannot be shown."""


class Refused(words.Refusal):
    """Another colouring of the photo is under way."""


def request(*, photo: Photo, queue: str = Queue.INTERACTIVE, **asked: Any) -> Coloring:
    """A colouring of `photo`: the one that is waiting or running, else a new one at the end of `queue`.

    ``asked``: fields of the new one; left out, the model alone decides.
    """
    waiting = photo.colorings.filter(status__in=Coloring.OPEN)
    try:
        with transaction.atomic():
            if found := waiting.first():
                return found
            return begin(photo=photo, queue=queue, **asked)
    except IntegrityError:  # another asked for it in the same moment
        return waiting.get()


def begin(*, photo: Photo, queue: str = Queue.INTERACTIVE, **asked: Any) -> Coloring:
    """A new colouring of `photo`. Raises IntegrityError where another waits or runs."""
    with transaction.atomic():
        coloring = Coloring.objects.create(photo=photo, queue=queue, **asked)
        Photo.objects.filter(pk=photo.pk).update(changed_at=coloring.changed_at)
        dispatch.after_commit(coloring)
    return coloring


def recolour(*, album: Album) -> int:
    """Have the live model colour those photos of ``album`` that another has coloured; how many.

    In their turn with the bulk. What a photo shows stays until the new colours are there, and then beside them. What
    its family asked for is asked of the new model, too.
    """
    photos = list(gallery.coloured_by_others(album=album).select_related("shown"))
    for photo in photos:
        request(photo=photo, queue=Queue.BULK, **(photo.shown.asked if photo.shown else {}))
    return len(photos)


def again(*, photo: Photo) -> Coloring:
    """Have ``photo`` coloured once more as it is asked for now: an early colouring has no field, and so no dials."""
    return request(photo=photo, **(photo.shown.asked if photo.shown else {}))


def show(*, coloring: Coloring) -> None:
    """The family chooses this one of its photo's versions: all that shows the photo shows it in these colours.

    Raises:
        NotDone: there are no colours of it.
    """
    if coloring.status != Status.DONE:
        raise NotDone
    Photo.objects.filter(pk=coloring.photo_id).update(shown=coloring, changed_at=timezone.now())


def rename(*, coloring: Coloring, name: str) -> None:
    """Call a version ``name``; empty: as Heirloom calls it."""
    with transaction.atomic():
        Coloring.objects.filter(pk=coloring.pk).update(name=name)
        Photo.objects.filter(pk=coloring.photo_id).update(changed_at=timezone.now())
    coloring.name = name


def cancel(*, photo: Photo) -> None:
    """Do not colour `photo` after all."""
    for coloring in photo.colorings.filter(status__in=Coloring.OPEN):
        jobs.cancel(job=coloring)


def retry(*, photo: Photo) -> None:
    """Try again what failed or was cancelled: the reading of the file, or the colouring. Colour what was kept.

    Raises:
        Refused: an earlier version of the photo is being coloured once more.
    """
    latest = photo.colorings.order_by("created_at").last()
    if latest is None and photo.state == Photo.State.READY:
        request(photo=photo)
        return
    job: Job = latest or photo.original
    if job.status in (Status.FAILED, Status.CANCELLED):
        _requeue(job, photo)


def _requeue(job: Job, photo: Photo) -> None:
    try:
        jobs.requeue(job=job)
    except IntegrityError as error:
        if photo.colorings.filter(status__in=Coloring.OPEN).exists():
            raise Refused("coloring_open") from error
        raise


def complete(
    *,
    coloring: Coloring,
    owner: str,
    model_version: ModelVersion,
    key: str,
    size: int,
    seconds: float,
    has_field: bool = False,
    stage_seconds: dict[str, float] | None = None,
) -> bool:
    """The result lies in the storage: show it. False where the lease was lost, and then nothing is written.

    One that was done before and had to be made again takes no other's place.
    """
    photo = Photo.objects.filter(pk=coloring.photo_id)
    found = {"model_version": model_version, "key": key, "size": size, "seconds": seconds, "has_field": has_field}
    found["stage_seconds"] = stage_seconds or {}
    with transaction.atomic():
        # Of the row, since `coloring` may come from a try whose end the database never heard of.
        was_done = Coloring.objects.filter(pk=coloring.pk).exclude(key="").exists()
        done = jobs.finish(job=coloring, owner=owner, **found)
        if done:
            (photo.filter(shown=None) if was_done else photo).update(shown=coloring)
    return done
