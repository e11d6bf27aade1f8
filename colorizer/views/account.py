"""One's own account beyond signing in: devices, what happened, taking everything along, leaving for good."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ..services import devices
from .access import FamilyRequest, signed_in


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
