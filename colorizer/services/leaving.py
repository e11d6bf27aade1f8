"""The end of an account: nothing of the person stays, and of families that end with it, nothing at all."""

from functools import partial

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from ..models import Action, Family, Session, User
from ..selectors import leaving
from . import account, audit, consent, discarding


def delete_account(*, user: User, by: User | None) -> None:
    """Delete ``user``, and the families that nobody else is in, with rows, files, links, tokens and sessions.

    Files go once all that is committed. Other families keep the photos that ``user`` brought: these are the family's.
    Lines of the log stay, with ids that stand for nobody any more.

    Raises:
        account.LastOwner: a family with other members has no other owner.
    """
    with transaction.atomic():
        # Held until the end: nobody joins, and no other owner leaves, in between.
        list(Family.objects.for_user(user).select_for_update())
        found = leaving.of_user(user=user)
        if found.to_hand_over:
            raise account.LastOwner
        for family in found.end:
            _end(family, by=by)
        for membership in user.memberships.filter(family__in=found.stay):
            account.remove_member(membership=membership, by=by)
        Session.objects.filter(user_id=user.pk).delete()
        _forget_in_admin(user)
        audit.record(action=Action.ACCOUNT_DELETED, actor=by, object_id=user.pk)
        User.objects.get(pk=user.pk).delete()
        transaction.on_commit(partial(discarding.carry_out, seconds=discarding.AT_ONCE))


def _end(family: Family, *, by: User | None) -> None:
    consent.forget_family(family_id=family.pk, by=by)
    discarding.note(originals=leaving.original_keys(family=family), results=leaving.result_keys(family=family))
    audit.record(action=Action.FAMILY_DELETED, actor=by, family_id=family.pk, object_id=family.pk)
    Family.objects.get(pk=family.pk).delete()


def _forget_in_admin(user: User) -> None:
    """Earlier versions let Django's admin keep a log of its own, with names and addresses."""
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=content_type, object_id=str(user.pk)).delete()
