"""Who may enter the workshop, and what they may do there."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponseBase

from ... import roles
from ..access import FamilyRequest, signed_in

P = ParamSpec("P")
View = Callable[Concatenate[FamilyRequest, P], HttpResponseBase]


def may(permission: str = "") -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Whoever has a role, and with it ``permission`` ("add_training"), comes in; for others there is nothing: 404."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def check(request: FamilyRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not (user.has_perm(f"colorizer.{permission}") if permission else roles.has_any(user)):
                raise Http404
            return view(request, *args, **kwargs)

        return signed_in(check)

    return decorate
