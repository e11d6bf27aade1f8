"""How much room a family has left: bytes for its originals, and files a day.

Originals only: they are what a family brings, and what it sees the size of. What Heirloom makes of them takes space
too, in proportion. What lies in the trash is still kept, and counts.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils import timezone

from ..models import Family, Original

GB = 1_000_000_000
SCARCE = 0.1
"""Less than this share left is worth a word on the page."""


@dataclass(frozen=True)
class Room:
    """What a family may add still; None where there is no limit. Never less than 0."""

    bytes: int | None = None
    most_bytes: int = 0
    photos: int | None = None
    most_photos: int = 0

    @property
    def bytes_scarce(self) -> bool:
        return self.bytes is not None and self.bytes < self.most_bytes * SCARCE

    @property
    def photos_scarce(self) -> bool:
        return self.photos is not None and self.photos < self.most_photos * SCARCE

    def refusal(self, size: int) -> str:
        """The code of why a file of ``size`` bytes is not taken; empty where it is."""
        if self.photos is not None and self.photos < 1:
            return "too_many_today"
        return "family_full" if self.bytes is not None and self.bytes < size else ""


def room(*, family: Family) -> Room:
    """In one query; in none where the family has no limit. 0 on the family's row, as in the settings, is no limit."""
    most_bytes = (settings.HEIRLOOM_FAMILY_GB if family.most_gb is None else family.most_gb) * GB
    most_photos = (
        settings.HEIRLOOM_FAMILY_PHOTOS_A_DAY if family.most_photos_a_day is None else family.most_photos_a_day
    )
    if not most_bytes and not most_photos:
        return Room()
    used = Original.objects.filter(family=family).aggregate(
        bytes=Sum("size", default=0), photos=Count("pk", filter=Q(created_at__gte=this_morning()))
    )
    return Room(
        bytes=max(0, most_bytes - used["bytes"]) if most_bytes else None,
        most_bytes=most_bytes,
        photos=max(0, most_photos - used["photos"]) if most_photos else None,
        most_photos=most_photos,
    )


def this_morning() -> datetime:
    """Midnight before now, where the site is (TIME_ZONE)."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
