"""What the family knows better: colours at places, a livelier or a warmer photo. Each becomes a version of its own."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError

from .. import words
from ..asked import Asked
from ..models import Coloring, Photo
from ..selectors import references
from . import coloring


class Refused(words.Refusal):
    """It cannot be saved now."""


def save(*, photo: Photo, asked: Asked, name: str = "") -> Coloring:
    """Have ``photo`` coloured as ``asked``, before all the bulk. Once done it is the version that is seen.

    What is seen until then stays as a version beside it.

    Raises:
        Refused: the photo is not ready, or another colouring of it is under way, whose wishes would be lost; or the
            reference is no photo of its family, or has no colours.
    """
    return _begin(photo, name=name, **asked.fields)


def liken(*, photo: Photo, reference: UUID) -> Coloring:
    """The same, with the colours of another photo. Pins and dials of the version that is seen are asked for again:
    what someone knew stays true. Another guess is not: it was one of the model's own.
    """
    kept = photo.shown.asked if photo.shown else {}
    return _begin(photo, **(kept | {"reference_id": reference, "guess": None}))


def _begin(photo: Photo, *, reference_id: UUID | None, **asked: Any) -> Coloring:
    if photo.state != Photo.State.READY:
        raise Refused("not_ready")
    if reference_id and not (photo.shown and photo.shown.reference_id == reference_id):
        _check(photo, reference_id)
    try:
        return coloring.begin(photo=photo, based_on=photo.shown, reference_id=reference_id, **asked)
    except IntegrityError as error:
        raise Refused("coloring_open") from error


def _check(photo: Photo, reference: UUID) -> None:
    if not references.others(photo).filter(pk=reference).exists():
        raise Refused("reference_gone")
    if not references.in_colour(photo).filter(pk=reference).exists():
        raise Refused("reference_grey")
