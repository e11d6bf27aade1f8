"""People and their families: signing up, inviting, joining, roles, leaving."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Action, Family, Invite, Membership, Role, User
from . import audit, sharing, tokens

INVITE_LASTS = timedelta(days=14)
INVITE_KEY = "invite-id"
"""Where a session keeps the id of an invite that was opened before signing up."""


class LastOwner(Exception):
    """A family would be left without an owner."""


class InviteGone(Exception):
    """The invite is unknown, used or too old."""


@transaction.atomic
def welcome(*, user: User, name: str, invite_id: int | None = None) -> Family:
    """Give someone who just signed up a family: the one of the invite, if that is open, else one of their own."""
    user.name = name
    user.save(update_fields=["name"])
    if invite_id and (invite := Invite.objects.open().filter(pk=invite_id).first()):
        return join(invite=invite, user=user).family
    return found_family(user=user, name=_("Family of {name}").format(name=name or user.email))


@transaction.atomic
def found_family(*, user: User, name: str) -> Family:
    """A new family with ``user`` as its owner."""
    family = Family.objects.create(name=name[:120])
    Membership.objects.create(family=family, user=user, role=Role.OWNER)
    audit.record(action=Action.FAMILY_FOUNDED, actor=user, family_id=family.pk, object_id=family.pk)
    return family


def rename_family(*, family: Family, name: str) -> None:
    family.name = name
    family.save(update_fields=["name"])


@transaction.atomic
def create_invite(*, family: Family, by: User, role: Role) -> str:
    """The token of a new invite. Only its hash is kept, so it can be shown once."""
    token = secrets.token_urlsafe(32)
    invite = Invite.objects.create(
        family=family, role=role, created_by=by, token_sha256=_hash(token), expires_at=timezone.now() + INVITE_LASTS
    )
    audit.record(action=Action.INVITE_MADE, actor=by, family_id=family.pk, object_id=invite.pk)
    return token


@transaction.atomic
def withdraw_invite(*, invite: Invite, by: User) -> None:
    audit.record(action=Action.INVITE_WITHDRAWN, actor=by, family_id=invite.family_id, object_id=invite.pk)
    invite.delete()


def open_invite(*, token: str) -> Invite | None:
    """The invite that ``token`` stands for, if it can still be accepted."""
    return Invite.objects.open().select_related("family", "created_by").filter(token_sha256=_hash(token)).first()


@transaction.atomic
def join(*, invite: Invite, user: User) -> Membership:
    """Make ``user`` a member with the invite's role, once. Who is a member already keeps role and invite.

    Raises InviteGone where another was quicker, or the invite is too old.
    """
    if membership := Membership.objects.filter(family_id=invite.family_id, user=user).first():
        return membership
    if not Invite.objects.open().filter(pk=invite.pk).update(accepted_at=timezone.now()):
        raise InviteGone
    audit.record(action=Action.MEMBER_JOINED, actor=user, family_id=invite.family_id, object_id=user.pk)
    return Membership.objects.create(family_id=invite.family_id, user=user, role=invite.role)


@transaction.atomic
def set_role(*, membership: Membership, role: Role, by: User | None = None) -> None:
    """Raises LastOwner where this would leave the family without one."""
    if membership.role != role:
        audit.record(action=Action.ROLE_CHANGED, actor=by, family_id=membership.family_id, object_id=membership.user_id)
    if role != Role.OWNER:
        _keep_an_owner(membership)
        _withdraw_invites(membership)
    if role == Role.VIEWER:
        _end_shares(membership, by)
    membership.role = role
    membership.save(update_fields=["role"])


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None = None) -> None:
    """Raises LastOwner where this would leave the family without one."""
    _keep_an_owner(membership)
    action = Action.MEMBER_LEFT if by and by.pk == membership.user_id else Action.MEMBER_REMOVED
    audit.record(action=action, actor=by, family_id=membership.family_id, object_id=membership.user_id)
    _withdraw_invites(membership)
    _end_shares(membership, by)
    tokens.revoke_all(family_id=membership.family_id, user_id=membership.user_id, by=by)
    membership.delete()


def _keep_an_owner(membership: Membership) -> None:
    # Locks the family, so that two owners cannot each remove the other at the same moment.
    family = Family.objects.select_for_update().get(pk=membership.family_id)
    if not family.memberships.filter(role=Role.OWNER).exclude(pk=membership.pk).exists():
        raise LastOwner


def _withdraw_invites(membership: Membership) -> None:
    """Only an owner's invites count: who is none any more would come back, or let others in, through an old one."""
    Invite.objects.filter(family=membership.family_id, created_by=membership.user_id, accepted_at=None).delete()


def _end_shares(membership: Membership, by: User | None) -> None:
    """What somebody showed to others who may no longer do so is shown no longer."""
    sharing.end_all_of(user_id=membership.user_id, family_id=membership.family_id, by=by)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
