"""What the full reading of an original found: its pages become photos, and those without colour are sent on."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from ..models import Original, Photo
from . import coloring, jobs


@dataclass(frozen=True)
class Page:
    """One readable page. `number` counts from 1; width and height are upright."""

    number: int
    width: int
    height: int
    in_colour: bool
    signature: bytes | None = None
    """See `Photo.signature`."""


def photo_of(*, original: Original, page: int) -> Photo | None:
    """The photo of a page; made beside the first page's where it is new, in the album where that one is now.

    None for a page that its family has deleted: an original that is read once more brings nothing back.
    """
    found = original.photos.select_related("album").filter(page=page).first()
    if found or original.photos.exclude(state=Photo.State.PREPARING).exists():
        return found
    first = original.photos.select_related("album").get(page=1)
    beside = {"album": first.album, "created_at": first.created_at, "deleted_at": first.deleted_at}
    return Photo.objects.get_or_create(original=original, page=page, defaults=beside)[0]


def record_pages(
    *, original: Original, owner: str, pages: list[Page], stage_seconds: dict[str, float] | None = None
) -> bool:
    """The original is read: ready pages are coloured next, and a page already in colour asks its family first.

    A photo that was ready before, or asked, is left as its family has it. False where the lease was lost, and then
    nothing is written.
    """
    with transaction.atomic():
        found = {"pages": max(len(pages), original.pages), "stage_seconds": stage_seconds or {}}
        if not jobs.finish(job=original, owner=owner, **found):
            return False
        photos = [photo_of(original=original, page=page.number) for page in pages]
        for page, photo in zip(pages, photos, strict=True):
            if photo is None or photo.state != Photo.State.PREPARING:
                continue
            photo.width, photo.height = page.width, page.height
            photo.state = Photo.State.ASKS if page.in_colour else Photo.State.READY
            photo.refusal, photo.changed_at, photo.signature = "", timezone.now(), page.signature
            photo.save(update_fields=["width", "height", "state", "refusal", "changed_at", "signature"])
            if photo.state == Photo.State.READY:
                coloring.request(photo=photo, queue=original.queue)
    return True
