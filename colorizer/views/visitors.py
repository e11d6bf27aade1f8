"""Who follows a share's link: let in, asked for the password, or told that the link no longer works."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from ..models import Share
from ..selectors import shares
from ..services import sharing

KEYS = "share-keys"
"""Where a session keeps, by a share's id, the key that its password gave."""
_MOST_KEYS = 50

View = Callable[..., HttpResponseBase]
"""Takes the request, the share, the token, and what else stands in the address."""


def visitors(*, locked: bool = False) -> Callable[[View], View]:
    """Give a view the share that its address's token opens, if it is unlocked in this session.

    A token that is unknown, ended or too old is answered with one and the same page; a share that is still locked leads
    to its front page, which asks. ``locked``: the view itself deals with a locked share.
    """

    def with_share(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, /, token: str, **kwargs: Any) -> HttpResponseBase:
            share = shares.by_token(token)
            if share is None:
                return discreet(gone(request))
            if not locked and not is_unlocked(request, share):
                return discreet(redirect("share", token=token))
            return discreet(view(request, share, token, **kwargs))

        return answer

    return with_share


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "share/gone.html", status=404)


def is_unlocked(request: HttpRequest, share: Share) -> bool:
    return sharing.is_unlocked(share=share, key=request.session.get(KEYS, {}).get(str(share.pk), ""))


def keep_key(request: HttpRequest, share: Share, key: str) -> None:
    """Remember ``key`` for ``share`` alone. The session gets a new name: who knew the old one gains nothing by it."""
    kept = list(request.session.get(KEYS, {}).items())[-_MOST_KEYS + 1 :]
    request.session[KEYS] = dict(kept) | {str(share.pk): key}
    request.session.cycle_key()


def discreet(response: HttpResponseBase) -> HttpResponseBase:
    """Tell neither other sites nor search engines the address, and keep nothing that has not said how."""
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Robots-Tag", "noindex, nofollow, noarchive")
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response
