"""What someone outside the family sees who has a link: an album, or one photo."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from .. import limits
from ..forms import UnlockForm
from ..models import Share, User
from ..selectors import shares
from ..services import sharing
from .visitors import gone, is_unlocked, keep_key, visitors


@require_safe
@visitors(locked=True)
def share(request: HttpRequest, share: Share, token: str) -> HttpResponse:
    if not is_unlocked(request, share):
        return _ask(request, token, UnlockForm())
    sharing.note_visit(share=share)
    if share.photo_id:
        return _photo(request, share, token, share.photo_id)
    photos = shares.photos(share)
    is_coloured = any(photo.shown_id for photo in photos)
    context = _context(share, token) | {"album": share.album, "photos": photos, "is_coloured": is_coloured}
    return render(request, "share/album.html", context)


@require_safe
@visitors()
def share_photo(request: HttpRequest, share: Share, token: str, pk: UUID) -> HttpResponse:
    return _photo(request, share, token, pk)


@require_POST
@visitors(locked=True)
def unlock(request: HttpRequest, share: Share, token: str) -> HttpResponse:
    if is_unlocked(request, share):
        return redirect("share", token=token)
    form = UnlockForm(request.POST)
    if form.is_valid():
        tries = _count(request, share)
        by = request.user if isinstance(request.user, User) else None
        if key := sharing.unlock(share=share, password=form.cleaned_data["password"], by=by):
            for one in tries:
                limits.give_back(*one)
            keep_key(request, share, key)
            return redirect("share", token=token)
        form.add_error("password", _("That is not the password. Ask who sent you the link."))
    return _ask(request, token, form, status=403)


def _count(request: HttpRequest, share: Share) -> list[tuple[str, object, str]]:
    """Count a try, of the one who tries and of the share whoever tries. Raises limits.Limited where it is too many."""
    tries = [("share by address", limits.client(request), "20/15m"), ("share", share.pk, "60/h")]
    for one in tries:
        limits.take(*one)
    return tries


def _ask(request: HttpRequest, token: str, form: UnlockForm, *, status: int = 200) -> HttpResponse:
    response = render(request, "share/locked.html", {"form": form, "token": token}, status=status)
    # Under "no-referrer" a browser says of its form that it comes from nowhere, and it would be refused as forged.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _photo(request: HttpRequest, share: Share, token: str, pk: UUID) -> HttpResponse:
    place = shares.place(share, pk)
    if place is None:
        return gone(request)
    return render(request, "share/photo.html", _context(share, token) | {"place": place, "photo": place.photo})


def _context(share: Share, token: str) -> dict[str, Any]:
    return {"share": share, "share_token": token}
