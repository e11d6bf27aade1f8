from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from pydantic import ValidationError

from .. import words
from ..asked import Asked
from ..selectors import references
from ..services import corrections
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_POST
def correct(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """Take what the page's script says, JSON as `Asked` reads it, and answer in words."""
    photo = access.photo(request.user, pk, edit=True)
    try:
        asked = Asked.read(request.body)
        if photo.shown and "reference" not in asked.model_fields_set:
            asked = asked.model_copy(update={"reference": photo.shown.reference_id})  # what is corrected here stays
        elif asked.reference:
            access.photo(request.user, asked.reference, family=photo.album.family)
        made = corrections.save(photo=photo, asked=asked)
    except ValidationError:
        return JsonResponse({"message": " ".join(words.say("asked_unfit"))}, status=422)
    except corrections.Refused as refused:
        return JsonResponse({"code": refused.code, "message": refused.message}, status=409)
    return JsonResponse({"version": str(made.pk), "message": _("Saved. The exact colours are being made.")}, status=201)


@signed_in
@require_safe
def others(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """Photos of the same family that a colour can be taken from."""
    photo = access.photo(request.user, pk, edit=True)
    found = references.latest_in_colour(photo, request.GET.get("page"))
    return render(request, "partials/others.html", {"photo": photo, "others": found})
