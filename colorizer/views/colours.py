"""The colours that a family keeps for a person or a thing: listed, kept, named anew, forgotten."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ..forms import KeptColourForm
from ..models import Family, KeptColour
from ..selectors import colours as selectors
from ..selectors import gallery
from ..services import colours as service
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_http_methods(["GET", "POST"])
def colours(request: FamilyRequest, pk: UUID) -> HttpResponse:
    family = get_object_or_404(Family.objects.for_user(request.user), pk=pk)
    access.check(request.user, family.pk, edit=request.method == "POST")
    form = KeptColourForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            service.keep(family=family, by=request.user, **form.cleaned_data)
            return redirect("colours", pk=pk)
        except service.Refused as refused:
            form.add_error("name", refused.message)
    can_edit = gallery.can_edit(user=request.user, family_id=family.pk)
    context = {"family": family, "colours": selectors.of_family(family.pk), "form": form, "can_edit": can_edit}
    return render(request, "family/colours.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def colour_edit(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _to_change(request, pk)
    form = KeptColourForm(request.POST)
    try:
        if form.is_valid():
            service.change(kept=found, **form.cleaned_data)
        else:
            messages.error(request, " ".join(str(said) for errors in form.errors.values() for said in errors))
    except service.Refused as refused:
        messages.error(request, refused.message)
    return redirect("colours", pk=found.family_id)


@signed_in
@require_POST
def colour_delete(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _to_change(request, pk)
    service.forget(kept=found)
    messages.success(request, _("“%(name)s” is no longer kept.") % {"name": found.name})
    return redirect("colours", pk=found.family_id)


def _to_change(request: FamilyRequest, pk: UUID) -> KeptColour:
    found = get_object_or_404(KeptColour.objects.for_user(request.user), pk=pk)
    access.check(request.user, found.family_id, edit=True)
    return found
