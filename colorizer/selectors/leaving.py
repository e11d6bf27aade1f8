"""What the end of an account takes along, what stays, and what stands in its way."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count

from .. import storage
from ..models import Coloring, Family, Membership, Original, Photo, Role, User


@dataclass(frozen=True)
class Leaving:
    """The families of someone who goes, by what becomes of them."""

    end: list[Family]
    """Nobody else is in them: they go with all that is in them. Each has ``photo_count``."""
    stay: list[Family]
    """Others look after them."""
    to_hand_over: list[Family]
    """Others are in them, but no other owner: someone has to be made one first."""


def of_user(*, user: User) -> Leaving:
    """In three queries."""
    found = Leaving([], [], [])
    families = Family.objects.for_user(user)
    others = Membership.objects.filter(family__in=families).exclude(user=user).values_list("family_id", "role")
    shared = {family_id for family_id, _ in others}
    looked_after = {family_id for family_id, role in others if role == Role.OWNER}
    for family in families.annotate(photo_count=Count("albums__photos")).order_by("name"):
        if family.pk not in shared:
            found.end.append(family)
        else:
            (found.stay if family.pk in looked_after else found.to_hand_over).append(family)
    return found


def original_keys(*, family: Family) -> Iterator[str]:
    """Every file of ``family`` among the originals."""
    return Original.objects.filter(family=family).values_list("key", flat=True).iterator()


def result_keys(*, family: Family) -> Iterator[str]:
    """Every file of ``family`` among the results, those too that may never have been made."""
    for photo in Photo.objects.filter(album__family=family).iterator():
        yield from (storage.grey_key(photo, size) for size in (*storage.SIZES, "zoom"))
    colorings = Coloring.objects.filter(photo__album__family=family).select_related("photo__original")
    for coloring in colorings.iterator():
        yield from storage.coloring_keys(coloring)
        yield storage.full_key(coloring)
