"""Colours that a family keeps for a person or a thing, and finds again at the next photo."""

from django.db import IntegrityError, transaction

from .. import words
from ..models import Family, KeptColour, User

MOST = 200
"""A family's. More would be no list that one chooses from."""


class Refused(words.Refusal):
    """It cannot be kept so."""


def keep(*, family: Family, name: str, colour: str, by: User) -> KeptColour:
    """Keep ``colour``, "#rrggbb" in lower case, under ``name``.

    Raises:
        Refused: the name is taken, or there are as many as may be.
    """
    try:
        with transaction.atomic():
            if family.colours.count() >= MOST:
                raise Refused("too_many_colours", limit=MOST)
            return KeptColour.objects.create(family=family, name=name, colour=colour, kept_by=by)
    except IntegrityError as error:
        raise Refused("colour_name_taken") from error


def change(*, kept: KeptColour, name: str, colour: str) -> None:
    """Name it anew, or give it another colour. Photos coloured with it stay as they are. Raises Refused, as `keep`."""
    kept.name, kept.colour = name, colour
    try:
        with transaction.atomic():
            kept.save(update_fields=["name", "colour"])
    except IntegrityError as error:
        raise Refused("colour_name_taken") from error


def forget(*, kept: KeptColour) -> None:
    """Photos that were coloured with it stay as they are."""
    kept.delete()
