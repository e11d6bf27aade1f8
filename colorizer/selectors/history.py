"""What happened, in words: the lines of the log as an owner, or the one whom they are about, reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from ..models import Action, AuditEntry, Family, User
from .export import about

LINES = 100
"""Of the log on one page. Those that belong together are told as one."""

SENTENCES: Mapping[str, str | Promise] = {
    Action.SIGNED_UP: gettext_lazy("%(who)s signed up."),
    Action.SIGNED_IN: gettext_lazy("%(who)s signed in."),
    Action.SIGN_IN_FAILED: gettext_lazy("Someone tried to sign in with a wrong password."),
    Action.SIGNED_OUT: gettext_lazy("%(who)s signed out."),
    Action.SIGNED_OUT_EVERYWHERE: gettext_lazy("%(who)s signed out on all other devices."),
    Action.PASSWORD_CHANGED: gettext_lazy("%(who)s changed the password."),
    Action.PASSWORD_RESET: gettext_lazy("%(who)s set a new password by mail."),
    Action.ADDRESS_CHANGED: gettext_lazy("%(who)s changed the e-mail address."),
    Action.EXPORTED: gettext_lazy("%(who)s took everything along as a file."),
    Action.ACCOUNT_DELETED: gettext_lazy("%(who)s deleted an account."),
    Action.FAMILY_FOUNDED: gettext_lazy("%(who)s began the family."),
    Action.FAMILY_DELETED: gettext_lazy("%(who)s deleted the family."),
    Action.MEMBER_JOINED: gettext_lazy("%(who)s joined the family."),
    Action.MEMBER_LEFT: gettext_lazy("%(who)s left the family."),
    Action.MEMBER_REMOVED: gettext_lazy("%(who)s removed %(whom)s from the family."),
    Action.ROLE_CHANGED: gettext_lazy("%(who)s changed the role of %(whom)s."),
    Action.INVITE_MADE: gettext_lazy("%(who)s made an invite."),
    Action.INVITE_WITHDRAWN: gettext_lazy("%(who)s withdrew an invite."),
    Action.SHARE_MADE: gettext_lazy("%(who)s made a link for others."),
    Action.SHARE_UNLOCKED: gettext_lazy("Someone opened a shared link with its password."),
    Action.SHARE_WITHDRAWN: gettext_lazy("%(who)s ended a link for others."),
    Action.TOKEN_MADE: gettext_lazy("%(who)s let a program in."),
    Action.TOKEN_WITHDRAWN: gettext_lazy("%(who)s shut a program out."),
    Action.QUOTA_CHANGED: gettext_lazy("Whoever looks after this site changed how much you may keep."),
    Action.CONSENT_GIVEN: gettext_lazy("%(who)s offered a photo for teaching."),
    Action.CONSENT_WITHDRAWN: gettext_lazy("%(who)s withdrew the offer of a photo for teaching."),
    Action.DATASET_MADE: gettext_lazy("%(who)s began a dataset."),
    Action.DATASET_IMPORTED: gettext_lazy("%(who)s added photos to a dataset."),
    Action.DATASET_FROZEN: gettext_lazy("%(who)s froze a version of a dataset."),
    Action.DATASET_EXPORTED: gettext_lazy("%(who)s exported a dataset."),
    Action.DATASET_ITEM_DELETED: gettext_lazy("%(who)s deleted a photo of a dataset."),
    Action.TRAINING_STARTED: gettext_lazy("%(who)s started a training."),
    Action.TRAINING_PAUSED: gettext_lazy("%(who)s paused a training."),
    Action.TRAINING_RESUMED: gettext_lazy("%(who)s resumed a training."),
    Action.TRAINING_CANCELLED: gettext_lazy("%(who)s cancelled a training."),
    Action.COMPARISON_STARTED: gettext_lazy("%(who)s had two models compared."),
    Action.MODEL_UPLOADED: gettext_lazy("%(who)s uploaded a model."),
    Action.MODEL_PROMOTED: gettext_lazy("%(who)s put a model into service."),
    Action.MODEL_ROLLED_BACK: gettext_lazy("%(who)s put an earlier model back into service."),
    Action.ADMIN_ADDED: gettext_lazy("Whoever looks after this site set something up."),
    Action.ADMIN_CHANGED: gettext_lazy("Whoever looks after this site changed something."),
    Action.ADMIN_DELETED: gettext_lazy("Whoever looks after this site deleted something."),
}
COUNTED: Mapping[str, str | Promise] = {
    Action.PHOTO_TRASHED: ngettext_lazy(
        "%(who)s put a photo in the trash.", "%(who)s put %(n)s photos in the trash.", "n"
    ),
    Action.PHOTO_RESTORED: ngettext_lazy(
        "%(who)s took a photo out of the trash.", "%(who)s took %(n)s photos out of the trash.", "n"
    ),
    Action.PHOTO_PURGED: ngettext_lazy(
        "%(who)s deleted a photo for ever.", "%(who)s deleted %(n)s photos for ever.", "n"
    ),
    Action.VERSION_PURGED: ngettext_lazy(
        "%(who)s deleted a version of a photo for ever.", "%(who)s deleted %(n)s versions of photos for ever.", "n"
    ),
    Action.ALBUM_TRASHED: ngettext_lazy(
        "%(who)s put an album in the trash.", "%(who)s put %(n)s albums in the trash.", "n"
    ),
    Action.ALBUM_RESTORED: ngettext_lazy(
        "%(who)s took an album out of the trash.", "%(who)s took %(n)s albums out of the trash.", "n"
    ),
    Action.ALBUM_PURGED: ngettext_lazy(
        "%(who)s deleted an album for ever.", "%(who)s deleted %(n)s albums for ever.", "n"
    ),
}
BY_ITSELF: Mapping[str, str | Promise] = {
    Action.PHOTO_PURGED: ngettext_lazy(
        "A photo had been in the trash for its time and is gone for ever.",
        "%(n)s photos had been in the trash for their time and are gone for ever.",
        "n",
    ),
    Action.ALBUM_PURGED: ngettext_lazy(
        "An album had been in the trash for its time and is gone for ever.",
        "%(n)s albums had been in the trash for their time and are gone for ever.",
        "n",
    ),
}
"""What the site does when the time has come, and nobody."""


OF_PEOPLE = frozenset({Action.MEMBER_REMOVED, Action.ROLE_CHANGED})
"""What is done to a member."""


@dataclass(frozen=True)
class Line:
    at: datetime
    sentence: str


def of_family(*, family: Family, page: str) -> Page[AuditEntry]:
    return Paginator(AuditEntry.objects.filter(family_id=family.pk), LINES).get_page(page)


def of_user(*, user: User, page: str) -> Page[AuditEntry]:
    return Paginator(AuditEntry.objects.filter(about(user)), LINES).get_page(page)


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    """In words, in their order; what one person did to many things in a row on one day is one line."""
    found = list(entries)
    names = _names(found)
    groups = [list(group) for _key, group in groupby(found, key=_together)]
    return [Line(group[0].at, _sentence(group, names)) for group in groups]


def _together(entry: AuditEntry) -> tuple[object, ...]:
    alone = "" if entry.action in COUNTED else entry.pk
    return entry.action, entry.actor_id, timezone.localdate(entry.at), alone


def _sentence(together: list[AuditEntry], names: dict[int, str]) -> str:
    entry = together[0]
    table: Mapping[str, str | Promise] = COUNTED if entry.action in COUNTED else SENTENCES
    if entry.actor_id is None and entry.action in BY_ITSELF:
        table = BY_ITSELF
    who = names.get(entry.actor_id or 0, _("Someone who is no longer here"))
    gone = _("someone who is no longer here")
    whom = names.get(int(entry.object_id), gone) if entry.action in OF_PEOPLE else gone
    details = {"who": who, "whom": whom, "n": len(together)}
    return str(table.get(entry.action, entry.get_action_display()) % details)


def _names(entries: list[AuditEntry]) -> dict[int, str]:
    ids = {entry.actor_id for entry in entries} | {int(each.object_id) for each in entries if each.action in OF_PEOPLE}
    people: QuerySet[User] = User.objects.filter(pk__in=[pk for pk in ids if pk])
    return {person.pk: str(person) for person in people}
