"""The family's side of teaching: offering a photo, seeing what was offered, taking it back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..models import Consent, Family
from ..selectors import gallery
from ..selectors import offers as selectors
from ..services import consent
from . import access
from .access import FamilyRequest, signed_in


@signed_in
@require_POST
def photo_offer(request: FamilyRequest, pk: UUID) -> HttpResponse:
    photo = access.photo(request.user, pk, edit=True)
    if request.POST.get("agreed") != "on":
        messages.error(request, _("Please read what it is for, and tick that you agree."))
        return redirect("photo", pk=pk)
    try:
        consent.offer(photo=photo, by=request.user)
        messages.success(request, _("Thank you. Heirloom may learn from this photo until you withdraw it."))
    except consent.CannotOffer:
        messages.error(request, _("Only a photo in colour can be offered."))
    return redirect("photo", pk=pk)


@signed_in
@require_safe
def offers(request: FamilyRequest, pk: UUID) -> HttpResponse:
    family = get_object_or_404(Family.objects.for_user(request.user), pk=pk)
    can_edit = gallery.can_edit(user=request.user, family_id=family.pk)
    context = {"family": family, "offers": selectors.of_family(family), "can_edit": can_edit}
    return render(request, "family/offers.html", context)


@signed_in
@require_POST
def offer_withdraw(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Consent.objects.for_user(request.user), pk=pk)
    access.check(request.user, found.family_id, edit=True)
    consent.withdraw(consent=found, by=request.user)
    messages.success(request, _("Withdrawn: the photo is no longer among those that Heirloom learns from."))
    return redirect("offers", pk=found.family_id)
