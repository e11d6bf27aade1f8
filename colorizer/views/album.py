from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..forms import AlbumForm, ShareForm
from ..selectors import gallery
from ..services import album as albums
from ..services import coloring, trash
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_POST
def create(request: FamilyRequest) -> HttpResponse:
    family = access.family_to_change(request.user, request.POST.get("family", ""))
    form = AlbumForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("An album needs a title of at most 200 characters."))
        return redirect("home")
    return redirect("album", pk=albums.create(family=family, **form.cleaned_data).pk)


@signed_in
@require_safe
def album(request: FamilyRequest, pk: UUID) -> HttpResponse:
    # Taken before the look: what changes meanwhile is told again, and nothing is missed.
    cursor = timezone.now()
    found = access.album(request.user, pk)
    return render(
        request,
        "album.html",
        gallery.album_page(user=request.user, album=found, cursor=cursor)
        | {"form": AlbumForm(instance=found), "share_form": ShareForm()},
    )


@signed_in
@require_POST
def edit(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.album(request.user, pk, edit=True)
    form = AlbumForm(request.POST)
    if form.is_valid():
        albums.edit(album=found, **form.cleaned_data)
    else:
        messages.error(request, _("An album needs a title of at most 200 characters."))
    return redirect("album", pk=pk)


@signed_in
@require_POST
def recolour(request: FamilyRequest, pk: UUID) -> HttpResponse:
    coloring.recolour(album=access.album(request.user, pk, edit=True))
    return redirect("album", pk=pk)


@signed_in
@require_POST
def delete(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.album(request.user, pk, edit=True)
    trash.delete_album(album=found, by=request.user)
    said = _("“%(title)s” is in the trash.") % {"title": found.title}
    messages.info(request, said, extra_tags=reverse("album_restore", args=[pk]))
    return redirect("home")


@signed_in
@require_POST
def restore(request: FamilyRequest, pk: UUID) -> HttpResponse:
    trash.restore_album(album=access.album(request.user, pk, edit=True, in_trash=True), by=request.user)
    return redirect("album", pk=pk)
