"""The colours that a family has chosen before, for its next photo."""

from typing import Any
from uuid import UUID

from ..models import Coloring, Status

MOST = 8
_LOOKED_AT = 30
"""So many of the latest corrected versions."""


def of_family(family_id: UUID) -> list[dict[str, Any]]:
    """The latest first, each once: ``colour`` as a pin has it, "#rrggbb" or [L*, a*, b*]."""
    corrected = Coloring.objects.filter(photo__album__family=family_id, status=Status.DONE).exclude(pins=[])
    found: dict[object, dict[str, Any]] = {}
    for pins in corrected.order_by("-created_at").values_list("pins", flat=True)[:_LOOKED_AT]:
        for pin in reversed(pins):
            found.setdefault(_seen_as(pin["colour"]), {"colour": pin["colour"]})
    return list(found.values())[:MOST]


def _seen_as(colour: str | list[float]) -> object:
    """The same for what nobody tells apart: the lightness is the photo's, whatever a pin says."""
    return colour.lower() if isinstance(colour, str) else tuple(round(value / 3) for value in colour[1:])
