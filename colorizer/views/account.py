"""One's own account beyond signing in: devices, what happened, taking everything along, leaving for good."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import limits
from ..forms import PasswordForm
from ..models import Action
from ..selectors import history, leaving
from ..selectors.export import Export
from ..services import account as accounts
from ..services import audit, devices
from ..services import leaving as service
from . import streaming
from .access import FamilyRequest, signed_in

EXPORTS = "10/d"
PASSWORDS = "5/15m"


@signed_in
@require_POST
def sign_out_elsewhere(request: FamilyRequest) -> HttpResponse:
    ended = devices.sign_out_elsewhere(user=request.user, keep=request.session.session_key)
    if ended:
        said = ngettext(
            "You are signed out on %(n)d other device.", "You are signed out on %(n)d other devices.", ended
        )
        messages.success(request, said % {"n": ended})
    else:
        messages.info(request, _("You are signed in on this device alone."))
    return redirect("account_email")


@signed_in
@require_safe
def log(request: FamilyRequest) -> HttpResponse:
    page = history.of_user(user=request.user, page=request.GET.get("page", ""))
    return render(request, "log.html", {"page": page, "lines": history.lines(page)})


@signed_in
@require_POST
def export(request: FamilyRequest) -> HttpResponseBase:
    """Everything, as one ZIP. By POST, since it is written down."""
    limits.take("export", request.user.pk, EXPORTS)
    audit.record(action=Action.EXPORTED, actor=request.user, object_id=request.user.pk)
    response = streaming.stream(request, Export(user=request.user), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, "Heirloom.zip") or "attachment"
    response["Cache-Control"] = "private, no-store"
    return streaming.guarded(response)


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request: FamilyRequest) -> HttpResponse:
    """What would go and what would stay, before one's password is asked for; then it goes."""
    form = PasswordForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST":
        limits.take("password", request.user.pk, PASSWORDS)
    try:
        if form.is_valid():
            service.delete_account(user=request.user, by=request.user)
            request.session.flush()
            messages.success(request, _("Your account is deleted. Farewell."))
            return redirect("home")
    except accounts.LastOwner:
        form.add_error(None, _("A family needs an owner. Make someone else an owner first."))
    context = {"form": form, "leaving": leaving.of_user(user=request.user)}
    return render(request, "account/delete.html", context, status=422 if form.errors else 200)
