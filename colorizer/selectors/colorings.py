"""The versions of a photo: its colourings that are done."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from ..models import Coloring, Photo, Status

BEFORE = "before"
"""What a side of a comparison is called that shows the photo as it came."""


class NoSuchVersion(LookupError):
    """The photo has no version of that id, or none that is done."""


def done(photo: Photo) -> QuerySet[Coloring]:
    return photo.colorings.filter(status=Status.DONE).select_related("model_version")


def versions(photo: Photo) -> list[Coloring]:
    """The versions of ``photo``, latest first."""
    return list(done(photo).order_by("-created_at"))


def latest_automatic(found: list[Coloring]) -> Coloring | None:
    """Of ``found``, as `versions` gives them, the one to go back to."""
    return next((each for each in found if each.is_automatic), None)


def comparison(photo: Photo, asked: Mapping[str, str]) -> dict[str, Any]:
    """Two versions of ``photo`` side by side.

    ``asked`` names "left" and "right", each by its id or as BEFORE. Left out: on the right what the family sees, on
    the left the latest other version, or the photo as it came. Raises NoSuchVersion.
    """
    found = versions(photo)
    other = next((each for each in found if each.pk != photo.shown_id), None)
    right = _side(found, asked.get("right", str(photo.shown_id or BEFORE)))
    left = _side(found, asked.get("left", str(other.pk) if other else BEFORE))
    return {"photo": photo, "versions": found, "left": left, "right": right}


def _side(found: list[Coloring], asked: str) -> Coloring | None:
    if asked == BEFORE:
        return None
    try:
        return next(each for each in found if each.pk == UUID(asked))
    except (ValueError, StopIteration) as error:
        raise NoSuchVersion(asked) from error
