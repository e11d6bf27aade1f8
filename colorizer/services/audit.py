"""The log of what matters to safety: written beside the change, in its transaction, and never touched again."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from ..models import Action, AuditEntry, User

Id = UUID | int | str


class Asked:
    """Where the id of the request that is being answered is found: the site says so at its start."""

    by: Callable[[], str] = staticmethod(lambda: "")


def record(
    *,
    action: Action,
    actor: User | None,
    family_id: UUID | None = None,
    object_id: Id | None = None,
    request_id: str = "",
) -> None:
    """Write one line. ``actor`` None: the site itself, or nobody known. ``object_id``: of what ``action`` was done to.

    Ids only, never a name, an address or a token. ``request_id``: left out, that of the request being answered.
    """
    record_each(action=action, actor=actor, family_id=family_id, object_ids=[object_id or ""], request_id=request_id)


def record_each(
    *, action: Action, actor: User | None, family_id: UUID | None, object_ids: Iterable[Id], request_id: str = ""
) -> None:
    """Write a line for each of ``object_ids``, in one query."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            action=action,
            actor_id=actor.pk if actor else None,
            family_id=family_id,
            object_id=str(object_id),
            request_id=(request_id or Asked.by())[:64],
        )
        for object_id in object_ids
    )


def forget_old() -> None:
    """Delete what is older than the log keeps things. Housekeeping calls this every hour."""
    before = timezone.now() - timedelta(days=settings.HEIRLOOM_AUDIT_DAYS)
    old = AuditEntry.objects.filter(at__lt=before)
    old._raw_delete(old.db)
