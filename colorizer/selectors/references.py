"""Whose colours a photo may take over: other photos of its family, those that look most like it first."""

import struct
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import BinaryField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Substr

from ..models import Coloring, Photo
from . import gallery

MOST = 24
"""That are offered at once."""
_TAG = 8
"""Bytes of a signature that say who made it; `ml.similarity.signature` has the rest: numbers of 16 bits."""


def others(photo: Photo) -> QuerySet[Photo]:
    """All other photos of its family that are not in the trash."""
    return Photo.objects.kept().filter(album__family=photo.album.family_id).exclude(pk=photo.pk)


def in_colour(photo: Photo) -> QuerySet[Photo]:
    """Those of `others` that have colours, be they a guess."""
    return others(photo).filter(_has_colours())


def latest_in_colour(photo: Photo, page: str | None = None) -> Page[Photo]:
    """`in_colour`, the latest first, page by page: to take a single colour from, a guess will do, too."""
    return Paginator(gallery.in_order(in_colour(photo)).order_by("-changed_at", "pk"), MOST).get_page(page)


def offered(photo: Photo) -> list[Photo]:
    """Photos whose colours are no mere guess: taken in colour, or corrected. Those that look most like it come first,
    then, latest first, those that no worker has looked at yet.
    """
    known = Q(shown=None) | ~Q(shown__pins=[]) | Q(shown__reference__isnull=False)
    rows = in_colour(photo).filter(known).order_by(F("created_at").desc()).values_list("pk", "signature")
    signature = bytes(photo.signature or b"")
    own = _numbers(signature)
    ranked = sorted(rows, key=lambda row: -_likeness(signature, own, bytes(row[1] or b"")))
    found = gallery.in_order(Photo.objects.filter(pk__in=[pk for pk, _ in ranked[:MOST]])).in_bulk()
    return [found[pk] for pk, _ in ranked[:MOST]]


def unknown(photo: Photo, tag: bytes) -> QuerySet[Photo]:
    """Photos of its family in colour that no worker has looked at with the encoder of this tag; so many at once."""
    family = Photo.objects.kept().filter(_has_colours(), album__family=photo.album.family_id)
    seen = family.annotate(seen_by=Substr("signature", 1, _TAG, output_field=BinaryField()))
    return seen.filter(Q(signature=None) | ~Q(seen_by=tag))[:MOST]


def page(*, photo: Photo, cursor: datetime) -> dict[str, Any]:
    """What the page shows on which one is chosen, or another photo is added to the album."""
    return {
        "photo": photo,
        "offered": offered(photo),
        "is_reading": others(photo).filter(state=Photo.State.PREPARING).exists(),
        "can_edit": True,
        "cursor": gallery.as_text(cursor),
    } | gallery.adding(photo.album)


def _has_colours() -> Q:
    """Those it came in, or a version that is shown."""
    ever = Coloring.objects.filter(photo=OuterRef("pk"))
    return Q(state=Photo.State.ASKS) | Q(~Exists(ever), state=Photo.State.READY) | Q(shown__isnull=False)


def _likeness(signature: bytes, own: tuple[float, ...], other: bytes) -> float:
    """-1..1; -2 where one of the two is not known, or they were made by different encoders."""
    if not signature or signature[:_TAG] != other[:_TAG] or len(signature) != len(other):
        return -2
    return sum(mine * its for mine, its in zip(own, _numbers(other), strict=True))


def _numbers(signature: bytes) -> tuple[float, ...]:
    kept = signature[_TAG:]
    return struct.unpack(f"<{len(kept) // 2}e", kept)
