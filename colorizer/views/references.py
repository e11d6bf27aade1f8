"""Another photo's colours: which one, and have them taken over."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..selectors import references as selectors
from ..services import corrections
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_safe
def references(request: FamilyRequest, pk: UUID) -> HttpResponse:
    cursor = timezone.now()
    photo = access.photo(request.user, pk, edit=True)
    return render(request, "references.html", selectors.page(photo=photo, cursor=cursor))


@signed_in
@require_POST
def liken(request: FamilyRequest, pk: UUID) -> HttpResponse:
    photo = access.photo(request.user, pk, edit=True)
    try:
        reference = access.photo(request.user, UUID(request.POST.get("reference", "")), family=photo.album.family)
        corrections.liken(photo=photo, reference=reference.pk)
        messages.success(request, _("This photo is being coloured like the other one. What it showed stays beside it."))
    except ValueError as error:
        raise Http404 from error
    except corrections.Refused as refused:
        messages.error(request, refused.message)
    return redirect("photo", pk=pk)
