"""Who may see and who may change. Every view gets its album or photo from here.

Whoever is not of the family gets 404, as if there were nothing; a viewer who tries to change gets 403.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, resolve_url
from django.utils.translation import gettext as _

from ..models import Album, Coloring, Family, Photo, User
from ..models.photo import PhotoQuerySet
from ..selectors import gallery

P = ParamSpec("P")


class FamilyRequest(HttpRequest):
    """A request of someone who is signed in."""

    user: User
    htmx: Any


def signed_in(
    view: Callable[Concatenate[FamilyRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Send whoever is not signed in to do so. A script that asks (htmx, an upload) is told with 401 instead."""

    @wraps(view)
    def check(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        return ask_to_sign_in(request)

    return check


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    headers = {"HX-Redirect": resolve_url("account_login")}
    return HttpResponse(
        _("Please sign in again."), status=401, headers=headers, content_type="text/plain; charset=utf-8"
    )


def family_to_change(user: User, chosen: str) -> Family:
    """The family whose id a form gave as ``chosen``; the user's first one where the form gave none."""
    families = gallery.may_change(user=user)
    try:
        return get_object_or_404(families.filter(pk=UUID(chosen)) if chosen else families.order_by("created_at")[:1])
    except ValueError as error:
        raise Http404 from error


def album(user: User, pk: UUID, *, edit: bool = False, in_trash: bool = False, family: Family | None = None) -> Album:
    """The album, if ``user`` may see it (``edit``: may change it). ``family``: and if it is that one's."""
    albums = Album.objects.for_user(user).select_related("family")
    albums = albums.filter(family=family) if family else albums
    found = get_object_or_404(albums.exclude(deleted_at=None) if in_trash else albums.kept(), pk=pk)
    check(user, found.family_id, edit=edit)
    return found


def photo(user: User, pk: UUID, *, edit: bool = False, in_trash: bool = False, family: Family | None = None) -> Photo:
    """The photo, with its coloring and wait, if ``user`` may see it (``edit``: may change it); ``family`` as above."""
    photos = _photos(user, family)
    photos = photos.in_trash() if in_trash else photos.kept()
    found = get_object_or_404(gallery.in_order(photos), pk=pk)
    check(user, found.album.family_id, edit=edit)
    return gallery.with_colors([found])[0]


def version(photo: Photo, pk: UUID) -> Coloring:
    """The coloring of ``photo``, which the one who asks may see, that has this id."""
    found = get_object_or_404(photo.colorings.select_related("model_version"), pk=pk)
    found.photo = photo
    return found


def photo_for_file(user: User, pk: UUID, *, family: Family | None = None) -> Photo:
    """The photo whose file is asked for. What lies in the trash is seen by those alone who may take it out."""
    found = get_object_or_404(gallery.in_order(_photos(user, family)), pk=pk)
    in_trash = found.deleted_at or found.album.deleted_at
    if in_trash and not gallery.can_edit(user=user, family_id=found.album.family_id):
        raise Http404
    return found


def check(user: User, family_id: UUID, *, edit: bool) -> None:
    """Of the family's own a viewer who tries to change something gets 403."""
    if edit and not gallery.can_edit(user=user, family_id=family_id):
        raise PermissionDenied(
            _("You may look at this album. To change it, ask someone who owns it to make you an editor.")
        )


def _photos(user: User, family: Family | None) -> PhotoQuerySet:
    photos = Photo.objects.for_user(user)
    return photos.filter(album__family=family) if family else photos
