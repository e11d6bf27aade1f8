"""A photo's tile in the grid, as the page, an upload's answer and the events show it."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from ..models import Photo
from ..selectors import gallery
from .access import FamilyRequest


def render(request: HttpRequest, photo: Photo, *, can_edit: bool, oob: bool = False) -> str:
    """The tile; of a photo in the trash one that offers to undo. ``oob``: it swaps itself for the one on the page."""
    template = "partials/tile_gone.html" if photo.deleted_at else "partials/tile.html"
    return render_to_string(template, {"photo": photo, "can_edit": can_edit, "oob": oob}, request)


def render_oob(request: HttpRequest, photo: Photo, *, can_edit: bool, is_new: bool) -> str:
    """The tile so that it finds its own place on the page: in place of its older self, or at the end of the grid."""
    if is_new and not photo.deleted_at:
        return f'<ul id="grid" hx-swap-oob="beforeend">{render(request, photo, can_edit=can_edit)}</ul>'
    return render(request, photo, can_edit=can_edit, oob=True)


def answer(request: FamilyRequest, photo: Photo) -> HttpResponse:
    """The tile as it is now, after a change by someone who may edit."""
    fresh = gallery.with_colors(gallery.in_order(Photo.objects.filter(pk=photo.pk)))[0]
    return HttpResponse(render(request, fresh, can_edit=True))
