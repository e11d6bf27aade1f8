"""The versions of a photo: which one is seen, how it is called, and two held against each other."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..forms import VersionForm
from ..selectors import colorings, gallery
from ..services import coloring, trash
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_safe
def compare(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk)
    try:
        pair = colorings.comparison(found, request.GET.dict())
    except colorings.NoSuchVersion as error:
        raise Http404 from error
    can_edit = gallery.can_edit(user=request.user, family_id=found.album.family_id)
    return render(request, "compare.html", pair | {"can_edit": can_edit})


@signed_in
@require_POST
def show(request: FamilyRequest, pk: UUID, version: UUID) -> HttpResponse:
    found = access.version(access.photo(request.user, pk, edit=True), version)
    try:
        coloring.show(coloring=found)
        messages.success(request, _("The family sees “%(version)s” now.") % {"version": found.title})
    except coloring.NotDone:
        messages.error(request, _("This version has no colours to show."))
    return redirect("photo", pk=pk)


@signed_in
@require_POST
def rename(request: FamilyRequest, pk: UUID, version: UUID) -> HttpResponse:
    found = access.version(access.photo(request.user, pk, edit=True), version)
    form = VersionForm(request.POST)
    if form.is_valid():
        coloring.rename(coloring=found, name=form.cleaned_data["name"])
    else:
        messages.error(request, " ".join(map(str, form.errors["name"])))
    return redirect("photo", pk=pk)


@signed_in
@require_POST
def delete(request: FamilyRequest, pk: UUID, version: UUID) -> HttpResponse:
    """For ever; the page has asked before."""
    found = access.version(access.photo(request.user, pk, edit=True), version)
    try:
        trash.purge_version(version=found, by=request.user)
        messages.success(request, _("“%(version)s” is deleted.") % {"version": found.title})
    except trash.NotDeletable as refused:
        messages.error(request, refused.message)
    return redirect("photo", pk=pk)
