"""Who calls, and what of the family's things they may reach: the pages' own rules, within the token's one family."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja.security.http import HttpAuthBase

from .. import limits
from ..models import Album, Coloring, Family, KeptColour, Photo, Scope, User
from ..services import tokens
from ..views import access
from .problems import Problem

RATE = "1200/m"
"""Requests of one token: more than a program needs that waits as long as it is told."""
UNKNOWN_RATE = "60/15m"
"""Requests with tokens that open nothing, from one place. Nobody guesses 32 random bytes; this keeps the noise down."""


class ApiRequest(HttpRequest):
    """A request whose token was recognised."""

    auth: tokens.Bearer


class Bearer(HttpAuthBase):
    """``Authorization: Bearer TOKEN``, and nothing else: no cookie, and no address that a log would keep."""

    openapi_scheme: str = "bearer"
    openapi_description: str = "A token that a member of the family made on the family's page, or with `create_token`."

    def __init__(self, scope: Scope | None = None) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Any:
        if not (secret := secret_of(request)):
            raise Problem(401, headers=_challenge())
        try:
            bearer = tokens.recognise(secret)
            limits.take("api", bearer.token.pk, RATE)
        except tokens.Expired as error:
            detail = _("This token has expired. Make a new one on the family's page.")
            raise Problem(401, "token_expired", detail, headers=_challenge("invalid_token")) from error
        except tokens.Unknown as error:
            limits.take("api unknown", limits.client(request), UNKNOWN_RATE)
            detail = _("This token opens nothing: it never did, it was revoked, or its maker left the family.")
            raise Problem(401, "token_unknown", detail, headers=_challenge("invalid_token")) from error
        if self.scope and self.scope not in bearer.scopes:
            headers = _challenge("insufficient_scope", scope=self.scope)
            if self.scope in bearer.token.scopes:
                raise Problem(403, headers=headers)
            detail = _("This takes the scope “%(scope)s”, which the token was not given.") % {"scope": self.scope}
            raise Problem(403, "scope_missing", detail, headers=headers)
        return bearer


def secret_of(request: HttpRequest) -> str:
    """The token that a request brings, "" where it brings none."""
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


READ, WRITE, SHARE = Bearer(Scope.READ), Bearer(Scope.WRITE), Bearer(Scope.SHARE)


def user(request: ApiRequest) -> User:
    return request.auth.user


def family(request: ApiRequest) -> Family:
    return request.auth.family


def album(request: ApiRequest, pk: UUID, *, edit: bool = False, in_trash: bool = False) -> Album:
    return access.album(user(request), pk, edit=edit, in_trash=in_trash, family=family(request))


def photo(request: ApiRequest, pk: UUID, *, edit: bool = False, in_trash: bool = False) -> Photo:
    return access.photo(user(request), pk, edit=edit, in_trash=in_trash, family=family(request))


def coloring(request: ApiRequest, pk: UUID, *, edit: bool = False) -> Coloring:
    """The coloring, if its photo may be seen (``edit``: changed) and does not lie in the trash."""
    own = Coloring.objects.for_user(user(request)).select_related("model_version")
    found = get_object_or_404(own, pk=pk)
    found.photo = photo(request, found.photo_id, edit=edit)
    return found


def colour(request: ApiRequest, pk: UUID, *, edit: bool = False) -> KeptColour:
    """The kept colour, if it is the family's (``edit``: and may be changed)."""
    found = get_object_or_404(KeptColour.objects.for_user(user(request)), pk=pk, family=family(request))
    access.check(user(request), found.family_id, edit=edit)
    return found


def _challenge(error: str = "", *, scope: str = "") -> dict[str, str]:
    """RFC 6750, section 3."""
    said = ['Bearer realm="Heirloom"']
    said += [f'error="{error}"'] if error else []
    said += [f'scope="{scope}"'] if scope else []
    return {"WWW-Authenticate": ", ".join(said)}
