"""What changed in an album since a page last looked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from ..models import Photo, Status, User
from .gallery import in_order

OVERLAP = timedelta(seconds=5)
"""A row's time is taken before its transaction ends, so that a later look can find an earlier time."""

MOST_WAITING = 30
"""So many waiting photos of an album are told anew of their place in line; those behind can wait for a reload."""


def changes_since(*, user: User, cursor: datetime, album_id: UUID) -> QuerySet[Photo]:
    """The photos of the album that changed since ``cursor`` or shortly before it, oldest change first.

    Those put in the trash are among them. None for a user who may not see the album.
    """
    changed = Photo.objects.for_user(user).filter(
        album=album_id, album__deleted_at=None, changed_at__gt=cursor - OVERLAP
    )
    return in_order(changed).order_by("changed_at")


def waiting(*, album_id: UUID, but: Sequence[Photo]) -> list[Photo]:
    """The photos of the album that stand first in line for colour, without those of ``but``."""
    queued = Photo.objects.filter(album=album_id, deleted_at=None, colorings__status=Status.QUEUED)
    others = queued.exclude(pk__in=[photo.pk for photo in but])
    return list(in_order(others).order_by("colorings__created_at")[:MOST_WAITING])
