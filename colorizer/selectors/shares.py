"""What a share shows to people outside the family, and the family's list of its shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ..models import Family, Photo, Share
from ..services import sharing
from .gallery import in_order


@dataclass(frozen=True)
class SharedPhoto:
    """A photo as a visitor sees it: no name of a file or of the family, and no story that was not chosen to be told."""

    pk: UUID
    position: int
    width: int
    height: int
    shown_id: UUID | None
    caption: str
    taken: str
    people: str

    @property
    def title(self) -> str:
        """What it is called where it must be called something."""
        return self.caption or _("Photo %(number)d") % {"number": self.position}


@dataclass(frozen=True)
class SharedPlace:
    """Where a photo stands in its share, and its neighbours there."""

    photo: SharedPhoto
    total: int
    previous: SharedPhoto | None
    next: SharedPhoto | None


def by_token(token: str) -> Share | None:
    """The share that ``token`` opens now. Looked up by its hash, so that no answer's time tells of a near miss."""
    return (
        Share.objects.open()
        .select_related("album", "photo", "photo__album", "created_by")
        .filter(token_sha256=sharing.hash_of(token))
        .first()
    )


def rows(share: Share) -> QuerySet[Photo]:
    """The photos that ``share`` shows, in order: those only that can be looked at."""
    inside = Q(pk=share.photo_id) if share.photo_id else Q(album=share.album_id)
    can_be_seen = Photo.objects.kept().filter(inside, state__in=(Photo.State.READY, Photo.State.ASKS))
    return in_order(can_be_seen.filter(album__family=share.family_id)).select_related(
        "original", "album", "shown__model_version"
    )


def photos(share: Share) -> list[SharedPhoto]:
    return [shared(photo, share, number) for number, photo in enumerate(rows(share), 1)]


def place(share: Share, pk: UUID) -> SharedPlace | None:
    """The photo with its neighbours in the share; None where the share does not show it."""
    all_photos = photos(share)
    at = next((index for index, photo in enumerate(all_photos) if photo.pk == pk), None)
    if at is None:
        return None
    return SharedPlace(
        photo=all_photos[at],
        total=len(all_photos),
        previous=all_photos[at - 1] if at else None,
        next=all_photos[at + 1] if at + 1 < len(all_photos) else None,
    )


def position(share: Share, pk: UUID) -> int:
    """The number of a photo that ``share`` shows, from 1."""
    return 1 + list(rows(share).values_list("pk", flat=True)).index(pk)


def of_family(family: Family) -> Sequence[Share]:
    """The links of ``family`` that were not ended and are not too old, newest first."""
    return list(
        family.shares.running().select_related("album", "photo", "photo__album", "photo__original", "created_by")
    )


def shared(photo: Photo, share: Share, position: int) -> SharedPhoto:
    told = (photo.caption, photo.taken, photo.people) if share.tells_story else ("", "", "")
    return SharedPhoto(photo.pk, position, photo.width, photo.height, photo.shown_id, *told)
