"""A family's page: its members, their roles, and inviting more."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import limits
from ..forms import FamilyForm, RoleForm
from ..models import Family, Invite, Membership, Role, User
from ..selectors import history
from ..services import account
from .access import FamilyRequest, signed_in

WRONG_INVITES = "30/10m"
"""Links that open nothing, from one address. Nobody guesses 32 random bytes; but nobody needs to try for ever."""


def _owned(request: FamilyRequest, pk: UUID) -> Family:
    """The family, for its owners; 404 for strangers, 403 for its other members."""
    found = get_object_or_404(Family.objects.for_user(request.user), pk=pk)
    if not Family.objects.for_user(request.user, Role.OWNER).filter(pk=pk).exists():
        raise PermissionDenied(_("Only an owner of the family may do this."))
    return found


@signed_in
@require_http_methods(["GET", "POST"])
def families(request: FamilyRequest) -> HttpResponse:
    """One's only family at once; else the list of them, and a form to begin one."""
    own = Family.objects.for_user(request.user).order_by("name")
    form = FamilyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        family = account.found_family(user=request.user, name=form.cleaned_data["name"])
        return redirect("family", family.pk)
    if request.method == "GET" and own.count() == 1:
        return redirect("family", own.get().pk)
    return render(request, "family/list.html", {"families": own, "form": form})


@signed_in
@require_http_methods(["GET", "POST"])
@never_cache
def family(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """The page, and an owner's invites. The link of one is in the answer to the form itself, and kept nowhere."""
    found = get_object_or_404(Family.objects.for_user(request.user), pk=pk)
    form, link = RoleForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST":
        _owned(request, pk)
    if form.is_valid():
        token = account.create_invite(family=found, by=request.user, role=form.cleaned_data["role"])
        link = request.build_absolute_uri(reverse("invite", args=[token]))
    context = _shown(found, request.user) | {"invite_form": form, "invite_link": link}
    return render(request, "family/family.html", context, status=422 if form.errors else 201 if link else 200)


def _shown(family: Family, user: User) -> dict[str, Any]:
    """What the family's page shows to ``user``, whatever was asked."""
    members = family.memberships.select_related("user").order_by("created_at")
    return {
        "family": family,
        "members": members,
        "is_owner": any(member.user_id == user.pk and member.role == Role.OWNER for member in members),
        "invites": family.invites.open(),
        "form": FamilyForm(instance=family),
        "roles": Role.choices,
    }


@signed_in
@require_safe
def family_log(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """What happened in the family, for its owners."""
    owned = _owned(request, pk)
    page = history.of_family(family=owned, page=request.GET.get("page", ""))
    return render(request, "log.html", {"family": owned, "page": page, "lines": history.lines(page)})


@signed_in
@require_POST
def family_rename(request: FamilyRequest, pk: UUID) -> HttpResponse:
    owned = _owned(request, pk)
    form = FamilyForm(request.POST)
    if form.is_valid():
        account.rename_family(family=owned, name=form.cleaned_data["name"])
    else:
        messages.error(request, _("A family needs a name of at most 120 characters."))
    return redirect("family", pk)


@signed_in
@require_POST
def member_role(request: FamilyRequest, pk: UUID, member: int) -> HttpResponse:
    owned = _owned(request, pk)
    membership = get_object_or_404(Membership, family=owned, pk=member)
    form = RoleForm(request.POST)
    try:
        if form.is_valid():
            account.set_role(membership=membership, role=form.cleaned_data["role"], by=request.user)
    except account.LastOwner:
        messages.error(request, _("A family needs an owner. Make someone else an owner first."))
    return redirect("family", pk)


@signed_in
@require_POST
def member_remove(request: FamilyRequest, pk: UUID, member: int) -> HttpResponse:
    """Owners remove anyone; everybody may leave."""
    memberships = Membership.objects.filter(family__in=Family.objects.for_user(request.user), family=pk)
    if not memberships.filter(user=request.user, role=Role.OWNER).exists():
        memberships = memberships.filter(user=request.user)
    membership = get_object_or_404(memberships, pk=member)
    try:
        account.remove_member(membership=membership, by=request.user)
    except account.LastOwner:
        messages.error(request, _("A family needs an owner. Make someone else an owner first."))
        return redirect("family", pk)
    return redirect("home") if membership.user_id == request.user.pk else redirect("family", pk)


@signed_in
@require_POST
def invite_withdraw(request: FamilyRequest, pk: UUID, number: int) -> HttpResponse:
    owned = _owned(request, pk)
    invite = get_object_or_404(Invite, family=owned, pk=number, accepted_at=None)
    account.withdraw_invite(invite=invite, by=request.user)
    return redirect("family", pk)


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """What the bearer of an invite sees; accepting it takes a press of a button, and being signed in."""
    found = account.open_invite(token=token)
    if found is None:
        limits.take("invite", limits.client(request), WRONG_INVITES)
        return render(request, "family/invite_gone.html", status=404)
    if request.method == "POST" and request.user.is_authenticated:
        try:
            account.join(invite=found, user=request.user)
        except account.InviteGone:
            return render(request, "family/invite_gone.html", status=404)
        return redirect("home")
    request.session[account.INVITE_KEY] = found.pk
    return render(request, "family/invite.html", {"invite": found})
