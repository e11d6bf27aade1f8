"""The tokens of programs: making one, knowing one again, revoking it.

A token can neither make another nor change a role: no operation of the API calls `create`.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..models import Action, Family, Membership, Role, Scope, Token, User
from . import audit

PREFIX = "heirloom_"
"""By it a token is known for one wherever it turns up: in a log, in a repository."""
DAYS, MOST_DAYS = 90, 365
MOST = 50
"""So many tokens one person may have in a family."""
WRITE_USE_EVERY = timedelta(minutes=1)
GRANTED: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Scope.values),
    Role.EDITOR: frozenset(Scope.values),
    Role.VIEWER: frozenset({Scope.READ}),
}
"""What a token may do at most, by the role that its maker has now."""


class TooMany(Exception):
    """One more token would be more than anyone needs."""


class NotGranted(PermissionDenied):
    """A token would be allowed more than its maker is."""


class Unknown(Exception):
    """Nobody's token: it never was one, was revoked, or its maker is no longer of the family."""


class Expired(Exception):
    """A token that was one."""


@dataclass(frozen=True)
class Bearer:
    """Who calls with a token, and what they may do at this moment."""

    token: Token
    role: Role
    scopes: frozenset[str]

    @property
    def user(self) -> User:
        return self.token.user

    @property
    def family(self) -> Family:
        return self.token.family


@transaction.atomic
def create(*, family: Family, user: User, name: str, scopes: Collection[str], days: int = DAYS) -> str:
    """A new token of ``user`` for ``family``. Only its hash is kept, so it can be shown once.

    Raises:
        ValueError: no scope, an unknown one, or ``days`` outside 1 to MOST_DAYS.
        NotGranted: ``user`` may not do in ``family`` what ``scopes`` name.
        TooMany: ``user`` has MOST tokens there already.
    """
    if not scopes or not set(scopes) <= set(Scope.values) or not 1 <= days <= MOST_DAYS:
        raise ValueError("A token needs scopes, and 1 to 365 days.")
    if not set(scopes) <= grantable(family=family, user=user):
        raise NotGranted
    if Token.objects.filter(family=family, user=user).count() >= MOST:
        raise TooMany
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        family=family,
        user=user,
        name=name,
        scopes=[scope for scope in Scope.values if scope in scopes],
        sha256=_hash(secret),
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record(action=Action.TOKEN_MADE, actor=user, family_id=family.pk, object_id=token.pk)
    return secret


def grantable(*, family: Family, user: User) -> frozenset[str]:
    """The scopes that a token of ``user`` for ``family`` may have now."""
    membership = Membership.objects.filter(family=family, user=user).first()
    return GRANTED[membership.role] if membership else frozenset()


def recognise(secret: str) -> Bearer:
    """Whose ``secret`` this is, with the rights that they have at this moment. Notes that it was used.

    Raises:
        Unknown: it opens nothing.
        Expired: it opened something once.
    """
    token = Token.objects.select_related("family", "user").filter(sha256=_hash(secret), user__is_active=True).first()
    if token is None:
        raise Unknown
    if token.is_expired:
        raise Expired
    membership = Membership.objects.filter(family=token.family_id, user=token.user_id).first()
    if membership is None:
        raise Unknown
    _note_use(token)
    role = Role(membership.role)
    return Bearer(token=token, role=role, scopes=frozenset(token.scopes) & GRANTED[role])


@transaction.atomic
def revoke(*, token: Token, by: User) -> None:
    """From now on ``token`` opens nothing."""
    audit.record(action=Action.TOKEN_WITHDRAWN, actor=by, family_id=token.family_id, object_id=token.pk)
    token.delete()


@transaction.atomic
def revoke_all(*, family_id: UUID, user_id: int, by: User | None) -> None:
    """Whoever leaves a family and comes back one day does not find old tokens open again."""
    gone = Token.objects.filter(family=family_id, user=user_id)
    ids = list(gone.values_list("pk", flat=True))
    audit.record_each(action=Action.TOKEN_WITHDRAWN, actor=by, family_id=family_id, object_ids=ids)
    gone.filter(pk__in=ids).delete()


def _note_use(token: Token) -> None:
    """Written at most once a minute, so that a busy program does not write with each of its reads."""
    now = timezone.now()
    due = Q(last_used_at=None) | Q(last_used_at__lt=now - WRITE_USE_EVERY)
    if token.last_used_at is None or token.last_used_at < now - WRITE_USE_EVERY:
        Token.objects.filter(due, pk=token.pk).update(last_used_at=now)


def _hash(secret: str) -> str:
    """SHA-256 is enough for 32 random bytes: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
