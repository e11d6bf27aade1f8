from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..forms import PhotoForm, ShareForm
from ..models import Photo
from ..selectors import gallery
from ..services import coloring, intake, trash
from ..services import photo as photos
from . import access, tiles
from .access import FamilyRequest, signed_in


@signed_in
@require_safe
def photo(request: FamilyRequest, pk: UUID) -> HttpResponse:
    cursor = timezone.now()
    found = access.photo(request.user, pk)
    page = gallery.photo_page(user=request.user, photo=found, cursor=cursor)
    return render(request, "photo.html", page | {"form": PhotoForm(instance=found), "share_form": ShareForm()})


@signed_in
@require_safe
def tile(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk)
    can_edit = gallery.can_edit(user=request.user, family_id=found.album.family_id)
    return HttpResponse(tiles.render(request, found, can_edit=can_edit))


@signed_in
@require_POST
def edit(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True)
    form = PhotoForm(request.POST, instance=found)
    if form.is_valid():
        photos.describe(photo=found, **form.cleaned_data)
        return redirect("photo", pk=pk)
    page = gallery.photo_page(user=request.user, photo=found, cursor=timezone.now())
    return render(request, "photo.html", page | {"form": form, "share_form": ShareForm()}, status=422)


@signed_in
@require_POST
def answer(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True)
    intake.answer(photo=found, colour=request.POST.get("answer") == "colour")
    return _changed(request, found)


@signed_in
@require_POST
def recolour(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True)
    coloring.again(photo=found)
    return _changed(request, found)


@signed_in
@require_POST
def retry(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True)
    try:
        coloring.retry(photo=found)
    except coloring.Refused as refused:
        messages.error(request, refused.message)
    return _changed(request, found)


@signed_in
@require_POST
def cancel(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True)
    coloring.cancel(photo=found)
    return _changed(request, found)


@signed_in
@require_POST
def delete(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True)
    trash.delete_photo(photo=found, by=request.user)
    if request.htmx:
        return tiles.answer(request, found)
    messages.info(request, _("The photo is in the trash."), extra_tags=reverse("photo_restore", args=[pk]))
    return redirect("album", pk=found.album_id)


@signed_in
@require_POST
def restore(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = access.photo(request.user, pk, edit=True, in_trash=True)
    trash.restore_photo(photo=found, by=request.user)
    return _changed(request, found)


@signed_in
@require_POST
def purge(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """For ever, and only from the trash."""
    trash.purge_photo(photo=access.photo(request.user, pk, edit=True, in_trash=True), by=request.user)
    return redirect("trash")


def _changed(request: FamilyRequest, photo: Photo) -> HttpResponse:
    return tiles.answer(request, photo) if request.htmx else redirect("photo", pk=photo.pk)
