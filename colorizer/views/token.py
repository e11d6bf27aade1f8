"""A family's tokens: which programs may come in, and making a way in for one more."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ..forms import TokenForm
from ..models import Family, Token
from ..services import tokens as service
from .access import FamilyRequest, signed_in


@signed_in
@require_http_methods(["GET", "POST"])
@never_cache
def tokens(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """The list, and the form. A new token is in the answer to the form itself: it is kept nowhere, not even for it."""
    family = get_object_or_404(Family.objects.for_user(request.user), pk=pk)
    granted, fresh = service.grantable(family=family, user=request.user), ""
    form = TokenForm(request.POST if request.method == "POST" else None, granted=granted)
    if form.is_valid():
        try:
            fresh = service.create(family=family, user=request.user, **form.cleaned_data)
            form = TokenForm(granted=granted)
        except service.TooMany:
            form.add_error(None, _("You have too many tokens. Revoke one that is no longer used."))
    found = Token.objects.for_user(request.user).filter(family=family).select_related("user")
    context = {"family": family, "tokens": found, "form": form, "fresh": fresh}
    return render(request, "family/tokens.html", context, status=422 if form.errors else 201 if fresh else 200)


@signed_in
@require_POST
def token_revoke(request: FamilyRequest, pk: UUID, number: int) -> HttpResponse:
    token = get_object_or_404(Token.objects.for_user(request.user), family=pk, pk=number)
    service.revoke(token=token, by=request.user)
    messages.info(request, _("“%(name)s” no longer lets anyone in.") % {"name": token.name})
    return redirect("tokens", pk)
