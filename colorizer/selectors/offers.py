"""What families have offered to be learned from: as they see it, and as a curator takes it in."""

from collections.abc import Iterator
from functools import partial
from typing import cast
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from .. import storage, stripping
from ..models import Consent, DatasetItem, Family, Photo, Status
from ..storage import StoredFile


def can_be_offered(photo: Photo) -> bool:
    """Whether there is colour to learn from: the photo came in colour and was kept so, or shows a coloring.

    ``photo`` has its ``coloring``, as `selectors.gallery` fills it in.
    """
    if photo.state != Photo.State.READY or photo.deleted_at:
        return False
    return photo.standing == "kept" if photo.shown is None else photo.shown.status == Status.DONE


def of_photo(photo: Photo) -> Consent | None:
    """The offer of what ``photo`` shows now, where it stands."""
    return Consent.objects.standing().filter(photo=photo, coloring=photo.shown).first()


def versions_of(photo: Photo) -> set[UUID]:
    """The colourings of ``photo`` that are offered, shown or not."""
    found = Consent.objects.standing().filter(photo=photo, coloring__isnull=False)
    return set(found.values_list("coloring", flat=True))


def of_family(family: Family) -> QuerySet[Consent]:
    """All that ``family`` has offered and not taken back, the latest first."""
    found = Consent.objects.standing().filter(family=family)
    return found.select_related("photo__original", "photo__album", "coloring__model_version", "given_by")


def not_taken_in() -> QuerySet[Consent]:
    """What was offered and lies in no dataset yet. What is in the trash waits there."""
    taken = DatasetItem.objects.filter(consent=OuterRef("pk"))
    kept = Consent.objects.standing().filter(photo__deleted_at=None, photo__album__deleted_at=None)
    found = kept.exclude(Exists(taken)).select_related("photo__original", "coloring__photo__original")
    return found.order_by("given_at")


def file_of(consent: Consent) -> StoredFile:
    """What a family has offered, as a file that can be stripped: full size, the photo's one page."""
    photo = consent.photo
    photo.shown = consent.coloring
    original = storage.EXTENSIONS[photo.original.format]
    is_alone = photo.original.pages == 1 and original in stripping.ENDINGS
    what = "colour-zoom" if consent.coloring else "original" if is_alone else "grey-zoom"
    return cast(StoredFile, storage.file_of(photo, what))  # each of these names a file


def bare(file: StoredFile) -> Iterator[bytes]:
    """Its bytes without what a camera or a program wrote beside the pixels. Raises stripping.Unknown."""

    def read(file: StoredFile, start: int, stop: int) -> Iterator[bytes]:
        part = file.storage.part(file.key, start=start, stop=stop)
        try:
            yield from part
        finally:
            part.close()

    size = file.storage.size(file.key)
    return stripping.stripped(partial(read, file), size=size, ending=file.ending)
