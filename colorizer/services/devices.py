"""The browsers that someone is signed in with."""

from django.db import transaction
from django.utils import timezone

from ..models import Action, Session, User
from . import audit


def count(*, user: User) -> int:
    return Session.objects.filter(user_id=user.pk, expire_date__gt=timezone.now()).count()


@transaction.atomic
def sign_out_elsewhere(*, user: User, keep: str | None) -> int:
    """End all sessions of ``user`` but the one with the key ``keep``. Gives back how many these were."""
    ended, _ = Session.objects.filter(user_id=user.pk).exclude(session_key=keep).delete()
    audit.record(action=Action.SIGNED_OUT_EVERYWHERE, actor=user, object_id=user.pk)
    return ended


def forget_old() -> None:
    """Delete the sessions that are over. Housekeeping calls this every hour."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
