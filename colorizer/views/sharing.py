"""The family's side of sharing: making a link, seeing which there are, ending one."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ..forms import ShareForm
from ..models import Album, Family, Photo, Share
from ..selectors import gallery
from ..selectors import shares as selectors
from ..services import sharing
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_POST
def album_share(request: FamilyRequest, pk: UUID) -> HttpResponse:
    return _share(request, album=access.album(request.user, pk, edit=True))


@signed_in
@require_POST
def photo_share(request: FamilyRequest, pk: UUID) -> HttpResponse:
    return _share(request, photo=access.photo(request.user, pk, edit=True))


@signed_in
@require_safe
def shares(request: FamilyRequest, pk: UUID) -> HttpResponse:
    family = get_object_or_404(Family.objects.for_user(request.user), pk=pk)
    context = {
        "family": family,
        "shares": selectors.of_family(family),
        "can_edit": gallery.can_edit(user=request.user, family_id=family.pk),
    }
    return render(request, "share/list.html", context)


@signed_in
@require_POST
def share_end(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Share.objects.for_user(request.user), pk=pk)
    access.check(request.user, found.family_id, edit=True)
    sharing.end(share=found, by=request.user)
    return redirect("shares", pk=found.family_id)


def _share(request: FamilyRequest, *, album: Album | None = None, photo: Photo | None = None) -> HttpResponse:
    """The link in the answer itself and nowhere else: into the open dialog, or as a page where no script runs."""
    form = ShareForm(request.POST)
    context = {"form": form, "action": request.path}
    if form.is_valid():
        share, token = sharing.create(by=request.user, album=album, photo=photo, **form.cleaned_data)
        link = request.build_absolute_uri(reverse("share", args=[token]))
        context |= {"share": share, "share_link": link}
    template = "partials/share_made.html" if request.htmx else "share/made.html"
    response = render(request, template, context, status=200 if request.htmx or form.is_valid() else 422)
    response["Cache-Control"] = "no-store"
    return response
