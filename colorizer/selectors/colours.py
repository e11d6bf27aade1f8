"""The colours that a family keeps for a person or a thing."""

from uuid import UUID

from django.db.models import QuerySet

from ..models import KeptColour


def of_family(family_id: UUID) -> QuerySet[KeptColour]:
    """By name."""
    return KeptColour.objects.filter(family=family_id).select_related("kept_by")


def to_choose(family_id: UUID) -> list[dict[str, str]]:
    """The same for a page's script: each with its id, ``name`` and ``colour``, "#rrggbb"."""
    found = of_family(family_id).select_related(None).only("name", "colour")
    return [{"id": str(each.pk), "name": each.name, "colour": each.colour} for each in found]
