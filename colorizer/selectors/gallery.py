"""What the pages show: families, albums, photos with their colours. Few queries, however many photos."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery

from ..models import Album, Coloring, Family, Membership, ModelVersion, Photo, Status, User
from ..models.family import CAN_EDIT
from . import colorings, colours, offers, space, used_colours
from .queue import waits_for

_IN_ORDER = ("original__created_at", "original_id", "page")
"""As they were uploaded. A page that was found later stands beside its first."""
_OF_A_TILE = ("state", "refusal", "width", "height", "caption", "shown_id", "deleted_at")

_ALL = Q()


@dataclass
class FamilyAlbums:
    """A family on the home page, as one of its members sees it."""

    family: Family
    role: str
    albums: list[Album] = field(default_factory=list)

    @property
    def can_edit(self) -> bool:
        return self.role in CAN_EDIT


@dataclass(frozen=True)
class Place:
    """Where a photo stands in its album."""

    position: int
    total: int
    previous: Photo | None
    next: Photo | None


def families(*, user: User) -> list[FamilyAlbums]:
    """The user's families with their albums, newest first, in four queries."""
    memberships = Membership.objects.filter(user=user).select_related("family").order_by("created_at")
    found = {each.family_id: FamilyAlbums(family=each.family, role=each.role) for each in memberships}
    for album in cards(Album.objects.for_user(user).kept()):
        found[album.family_id].albums.append(album)
    return list(found.values())


def can_edit(*, user: User, family_id: UUID) -> bool:
    return Membership.objects.filter(user=user, family_id=family_id, role__in=CAN_EDIT).exists()


def album_photos(*, album: Album) -> list[Photo]:
    """The photos of ``album`` in order, each with ``coloring`` and ``wait``: what tiles show, and no column more."""
    photos = album.photos.filter(deleted_at=None).select_related("original").order_by(*_IN_ORDER)
    found = photos.only("album_id", "page", *_OF_A_TILE, "original__name")
    # A tile in colour speaks of its coloring only while another one is open.
    return with_colors(found, Q(photo__shown=None) | ~Q(status=Status.DONE))


def coloured_by_others(*, album: Album) -> QuerySet[Photo]:
    """The photos of ``album`` whose colours another model gave than the one that is live, and that wait for none."""
    live = ModelVersion.objects.filter(state=ModelVersion.State.LIVE)
    open_ones = Coloring.objects.filter(photo=OuterRef("pk"), status__in=Coloring.OPEN)
    coloured = album.photos.filter(Exists(live), deleted_at=None, state=Photo.State.READY, shown__isnull=False)
    return coloured.exclude(shown__model_version__in=live).exclude(Exists(open_ones))


def album_page(*, user: User, album: Album, cursor: datetime) -> dict[str, Any]:
    """What the album's page shows. ``cursor``: what changes from then on is told by events."""
    photos = album_photos(album=album)
    coloured = sum(photo.shown_id is not None for photo in photos)
    may_add = can_edit(user=user, family_id=album.family_id)
    return {
        "album": album,
        "photos": photos,
        "can_edit": may_add,
        "cursor": as_text(cursor),
        "coloured_count": coloured,
        "uncoloured_count": len(photos) - coloured,
        "others_count": coloured_by_others(album=album).count() if may_add else 0,
    } | (adding(album) if may_add else {})


def adding(album: Album) -> dict[str, Any]:
    """What a page has to know on which photos are added to ``album``."""
    return {
        "album": album,
        "room": space.room(family=album.family),
        "most_bytes": settings.HEIRLOOM_MAX_FILE_MB * 1_000_000,
    }


def photo_page(*, user: User, photo: Photo, cursor: datetime) -> dict[str, Any]:
    """What the photo's own page shows."""
    where, versions = place(photo=photo), colorings.versions(photo)
    may_edit = can_edit(user=user, family_id=photo.album.family_id)
    return {
        "photo": photo,
        "album": photo.album,
        "coloring": photo.coloring,
        "versions": versions,
        "automatic": colorings.latest_automatic(versions),
        "wait": photo.wait,
        "previous": where.previous,
        "next": where.next,
        "position": where.position,
        "total": where.total,
        "can_edit": may_edit,
        "kept_colours": colours.to_choose(photo.album.family_id) if may_edit else [],
        "used_colours": used_colours.of_family(photo.album.family_id) if may_edit and photo.shown_id else [],
        "can_be_offered": offers.can_be_offered(photo),
        "offer": offers.of_photo(photo),
        "offered": offers.versions_of(photo),
        "changed": as_text(photo.changed_at),
        "cursor": as_text(cursor),
    }


def as_text(cursor: datetime) -> str:
    """A moment as it stands in an address: with a Z, since a plus sign would be read as a space."""
    return cursor.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_order(photos: QuerySet[Photo]) -> QuerySet[Photo]:
    return photos.select_related("original", "shown", "album").order_by(*_IN_ORDER)


def with_colors(photos: QuerySet[Photo] | Sequence[Photo], which: Q = _ALL) -> list[Photo]:
    """``photos``, each with its latest ``coloring`` and how long it has to ``wait``, in at most three queries more.

    ``which``: the colorings that count.
    """
    found = list(photos)
    latest: dict[UUID, Coloring] = {}
    if found:
        # By photo where there are few, by album where a list of ids would be long.
        few = {"photo__in": found} if len(found) <= 50 else {"photo__album__in": {photo.album_id for photo in found}}
        said = Coloring.objects.filter(which, **few).defer("stage_seconds", "detail")
        for coloring in said.order_by("created_at"):
            latest[coloring.photo_id] = coloring
    for photo in found:
        photo.coloring = latest.get(photo.pk)
    waits = waits_for(photo for photo in found if _is_awaited(photo))
    for photo in found:
        photo.wait = waits.get(photo.pk)
    return found


def _is_awaited(photo: Photo) -> bool:
    return photo.state == Photo.State.PREPARING or bool(photo.coloring and photo.coloring.is_open)


def place(*, photo: Photo) -> Place:
    """Where ``photo`` stands in its album, and its neighbours."""
    ids = list(
        Photo.objects.filter(album=photo.album_id, deleted_at=None).order_by(*_IN_ORDER).values_list("pk", flat=True)
    )
    at = ids.index(photo.pk)
    beside = {-1: ids[at - 1] if at else None, 1: ids[at + 1] if at + 1 < len(ids) else None}
    found = in_order(Photo.objects.all()).in_bulk([pk for pk in beside.values() if pk])
    previous, next_ = (found.get(pk) if pk else None for pk in beside.values())
    return Place(position=at + 1, total=len(ids), previous=previous, next=next_)


def trash(*, user: User) -> tuple[list[Photo], list[Album]]:
    """What ``user`` may take out of the trash: photos put there on their own, and albums. Latest first."""
    photos = Photo.objects.for_user(user, *CAN_EDIT).in_trash()
    albums = Album.objects.for_user(user, *CAN_EDIT).filter(deleted_at__isnull=False)
    return with_colors(in_order(photos).order_by("-deleted_at")), cards(albums, by="-deleted_at")


def may_change(*, user: User) -> QuerySet[Family]:
    """The families whose albums ``user`` may change."""
    return Family.objects.for_user(user, *CAN_EDIT)


def cards(albums: QuerySet[Album], *, by: str = "-created_at") -> list[Album]:
    """``albums``, each with its ``cover``, ``photo_count`` and ``coloured_count``, in three queries."""
    inside = Photo.objects.filter(album=OuterRef("pk"), deleted_at=None)
    # A photo in colour makes the better cover.
    cover = inside.order_by(ExpressionWrapper(Q(shown=None), BooleanField()), *_IN_ORDER).values("pk")[:1]
    kept = Q(photos__deleted_at=None)
    cards: list[Album] = list(
        albums.select_related("family")
        .annotate(
            photo_count=Count("photos", filter=kept),
            coloured_count=Count("photos", filter=kept & Q(photos__shown__isnull=False)),
        )
        .order_by(by)
    )
    chosen = dict(albums.values_list("pk", Subquery(cover)))
    covers = in_order(Photo.objects.filter(pk__in=[pk for pk in chosen.values() if pk])).in_bulk()
    for card in cards:
        card.cover = covers.get(chosen[card.pk])
    return cards
