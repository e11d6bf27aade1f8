"""The trash: photos and albums go there, come back, or are gone for ever.

Each writes into the log who did it: ``by``, or nobody where the site itself did.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from .. import storage, words
from ..models import Action, Album, Coloring, Family, Original, Photo, Queue, Status, Tombstone, User
from . import audit, coloring, consent, discarding, jobs

DAYS = 30
"""So long the trash keeps what lies in it."""

_BATCH = 200


class NotDeletable(words.Refusal):
    """A version that cannot go now."""


def delete_photo(*, photo: Photo, by: User | None = None) -> None:
    """Put ``photo`` in the trash. A colouring that waits in the queue is called off."""
    with transaction.atomic():
        photo.deleted_at = photo.changed_at = timezone.now()
        photo.save(update_fields=["deleted_at", "changed_at"])
        _write_down(Action.PHOTO_TRASHED, photo, by)
    _call_off(Photo.objects.filter(pk=photo.pk))


def restore_photo(*, photo: Photo, by: User | None = None) -> None:
    """Take ``photo`` out of the trash. An album that lies there stays: `restore_album` takes that out, whole."""
    with transaction.atomic():
        photo.deleted_at, photo.changed_at = None, timezone.now()
        photo.save(update_fields=["deleted_at", "changed_at"])
        _write_down(Action.PHOTO_RESTORED, photo, by)
    _take_up(Photo.objects.filter(pk=photo.pk), queue=Queue.INTERACTIVE)


def delete_album(*, album: Album, by: User | None = None) -> None:
    """Put ``album`` in the trash with all that is in it."""
    now = timezone.now()
    with transaction.atomic():
        album.deleted_at = now
        album.save(update_fields=["deleted_at"])
        album.photos.update(changed_at=now)
        _write_down(Action.ALBUM_TRASHED, album, by)
    _call_off(album.photos.all())


def restore_album(*, album: Album, by: User | None = None) -> None:
    """Take ``album`` out of the trash. Photos that were put there on their own stay there.

    Where the family has begun another one for the unsorted meanwhile, this is an album like others from now on.
    """
    with transaction.atomic():
        another = Album.objects.filter(family=album.family_id, is_unsorted=True, deleted_at=None)
        album.deleted_at, album.is_unsorted = None, album.is_unsorted and not another.exists()
        album.save(update_fields=["deleted_at", "is_unsorted"])
        album.photos.update(changed_at=timezone.now())
        _write_down(Action.ALBUM_RESTORED, album, by)
    _take_up(album.photos.filter(deleted_at=None), queue=Queue.BULK)


def purge_photo(*, photo: Photo, by: User | None = None, reason: str = "deleted") -> None:
    """Delete ``photo`` for ever, with the original once no photo of it is left: its files, rows, and all colourings."""
    _purge(Photo.objects.filter(pk=photo.pk), by=by, reason=reason)


def purge_album(*, album: Album, by: User | None = None, reason: str = "deleted") -> None:
    """Delete ``album`` and every photo in it for ever."""
    _purge(Photo.objects.filter(album=album), by=by, reason=reason)
    with transaction.atomic():
        _write_down(Action.ALBUM_PURGED, album, by)
        album.delete()


def purge_version(*, version: Coloring, by: User | None = None) -> None:
    """Delete one of a photo's versions for ever: its row, its files, and what datasets hold by its consent.

    Raises:
        NotDeletable: the family sees it, or sees none yet; it is being coloured, or another is just made from it.
    """
    photo = version.photo
    with transaction.atomic():
        # Held until the end: nobody chooses this version meanwhile.
        if Photo.objects.select_for_update().get(pk=photo.pk).shown_id in (version.pk, None):
            raise NotDeletable("version_shown")
        if photo.colorings.filter(Q(pk=version.pk) | Q(based_on=version), status__in=Coloring.OPEN).exists():
            raise NotDeletable("version_needed")
        audit.record(action=Action.VERSION_PURGED, actor=by, family_id=photo.album.family_id, object_id=version.pk)
        consent.forget_version(coloring=version, by=by)
        Coloring.objects.filter(pk=version.pk).delete()
        Photo.objects.filter(pk=photo.pk).update(changed_at=timezone.now())
        discarding.note(results={*storage.coloring_keys(version), storage.full_key(version)})
    discarding.carry_out(seconds=discarding.AT_ONCE)


def empty(*, families: QuerySet[Family], by: User | None = None) -> None:
    """Delete for ever all that lies in the trash of ``families``."""
    _empty(Q(deleted_at__isnull=False), families=families, by=by, reason="deleted")


def purge_expired() -> None:
    """Delete for ever what has lain in the trash longer than it keeps things. Housekeeping calls this every hour."""
    expired = Q(deleted_at__lt=timezone.now() - timedelta(days=DAYS))
    _empty(expired, families=Family.objects.all(), by=None, reason="expired")


def _call_off(photos: QuerySet[Photo]) -> None:
    """Nobody waits for the colours of what lies in the trash. What is being coloured already is left to end."""
    for waiting in Coloring.objects.filter(photo__in=photos, status=Status.QUEUED):
        jobs.cancel(job=waiting)


def _take_up(photos: QuerySet[Photo], *, queue: Queue) -> None:
    """Ask again for the colours of restored ``photos`` whose colouring was called off."""
    called_off = photos.filter(state=Photo.State.READY, shown=None, colorings__status=Status.CANCELLED).distinct()
    for photo in called_off.select_related("original"):
        coloring.request(photo=photo, queue=queue)


def _write_down(action: Action, thing: Photo | Album, by: User | None) -> None:
    family_id = thing.family_id if isinstance(thing, Album) else thing.album.family_id
    audit.record(action=action, actor=by, family_id=family_id, object_id=thing.pk)


def _empty(chosen: Q, *, families: QuerySet[Family], by: User | None, reason: str) -> None:
    _purge(Photo.objects.filter(chosen, album__family__in=families), by=by, reason=reason)
    for album in Album.objects.filter(chosen, family__in=families):
        purge_album(album=album, by=by, reason=reason)


def _purge(photos: QuerySet[Photo], *, by: User | None, reason: str) -> None:
    """Rows first, files after the commit: a row without its file is a loss, a noted file goes later at the latest."""
    while batch := list(photos.select_related("original")[:_BATCH]):
        with transaction.atomic():
            results = [*_rendition_keys(batch), *_coloring_keys(batch)]
            originals = {photo.original_id: photo.original for photo in batch}
            for family_id, gone in _by_family(batch).items():
                audit.record_each(action=Action.PHOTO_PURGED, actor=by, family_id=family_id, object_ids=gone)
            consent.forget(photos=batch, by=by)
            Photo.objects.filter(pk__in=[photo.pk for photo in batch]).delete()
            left = _bury(originals.values(), reason=reason)
            discarding.note(originals=[original.key for original in left], results=results)
        discarding.carry_out(seconds=discarding.AT_ONCE)


def _by_family(photos: Iterable[Photo]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for photo in photos:
        found.setdefault(photo.original.family_id, []).append(photo.pk)
    return found


def _bury(originals: Iterable[Original], *, reason: str) -> list[Original]:
    """Delete the rows of those ``originals`` that no photo is left of, leave a tombstone for each, give them back."""
    gone = list(Original.objects.filter(pk__in=[original.pk for original in originals], photos=None))
    Tombstone.objects.bulk_create(
        Tombstone(family_id=original.family_id, sha256=original.sha256, reason=reason) for original in gone
    )
    Original.objects.filter(pk__in=[original.pk for original in gone]).delete()
    return gone


def _rendition_keys(photos: Iterable[Photo]) -> list[str]:
    return [storage.grey_key(photo, size) for photo in photos for size in (*storage.SIZES, "zoom")]


def _coloring_keys(photos: Iterable[Photo]) -> list[str]:
    colorings = Coloring.objects.filter(photo__in=photos).select_related("photo__original")
    return [key for coloring in colorings for key in storage.coloring_keys(coloring)]
