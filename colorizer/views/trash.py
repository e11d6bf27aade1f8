from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from ..selectors import gallery
from ..services import trash as service
from .access import FamilyRequest, signed_in


@signed_in
@require_safe
def trash(request: FamilyRequest) -> HttpResponse:
    photos, albums = gallery.trash(user=request.user)
    return render(request, "trash.html", {"photos": photos, "albums": albums, "days": service.DAYS})


@signed_in
@require_POST
def empty(request: FamilyRequest) -> HttpResponse:
    service.empty(families=gallery.may_change(user=request.user), by=request.user)
    return redirect("trash")
