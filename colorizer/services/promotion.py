"""Which model is live: put into service, taken back, set aside. Exactly one is, and each change leaves a row.

Workers look at the rows: between two photos, and every few seconds when idle (`worker.engine`).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction

from ..models import Action, Comparison, ModelVersion, Promotion, User
from ..selectors import versions
from . import audit

State = ModelVersion.State
logger = logging.getLogger(__name__)


class Refused(Exception):
    """It stays as it is. ``code``: why, the pages have words for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def promote(*, version: ModelVersion, by: User | None, reason: str = "") -> Promotion:
    """Put ``version`` into service.

    Args:
        reason: why all the same, where the gate does not let it pass or nothing could be judged.

    Raises:
        Refused: "is_live", "needs_reason", or "changed" where someone else changed the live model in this moment.
    """
    with _one_at_a_time():
        live = versions.live(lock=True)
        if version == live:
            raise Refused("is_live")
        comparison = versions.judged(version, live)
        gate = comparison.gate if comparison else {}
        if not gate.get("passes") and not reason.strip():
            raise Refused("needs_reason")
        return _put_into_service(version, live, by=by, reason=reason.strip(), gate=gate, comparison=comparison)


def roll_back(*, by: User | None, reason: str = "", from_version: ModelVersion | None = None) -> Promotion:
    """Put the version back into service that was live before the one that is.

    Args:
        from_version: what the one who asks took for live.

    Raises:
        Refused: "nothing_before", or "changed" where another version is live by now.
    """
    with _one_at_a_time():
        live = versions.live(lock=True)
        if from_version is not None and from_version != live:
            raise Refused("changed")
        before = versions.before(live)
        if before is None:
            raise Refused("nothing_before")
        return _put_into_service(before, live, by=by, reason=reason.strip(), is_rollback=True)


def retire(*, version: ModelVersion) -> None:
    """Set a candidate aside. Its weights stay: it can be put into service like any other. Raises Refused("is_live")."""
    if not ModelVersion.objects.filter(pk=version.pk).exclude(state=State.LIVE).update(state=State.RETIRED):
        raise Refused("is_live")


def introduce(*, sha256: str, name: str, architecture: str, card: dict[str, Any]) -> None:
    """Make weights known that came with Heirloom: live where older ones that came with it are, or none is.

    A model that was trained here stays live, and the new one is a candidate. What is known already stays as it is.
    Raises IntegrityError where another worker does the same in this moment.
    """
    origin = ModelVersion.Origin.SHIPPED
    described = {"name": name, "architecture": architecture, "card": card, "origin": origin}
    with transaction.atomic():
        live = versions.live(lock=True)
        ours, is_new = ModelVersion.objects.get_or_create(sha256=sha256, defaults=described)
        if live is None or (is_new and live.origin == origin):
            _put_into_service(ours, live, by=None)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """A transaction. Where another was quicker, the database refuses a second live model."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Refused("changed") from error


def _put_into_service(
    version: ModelVersion,
    live: ModelVersion | None,
    *,
    by: User | None,
    reason: str = "",
    gate: dict[str, Any] | None = None,
    comparison: Comparison | None = None,
    is_rollback: bool = False,
) -> Promotion:
    if live is not None:
        ModelVersion.objects.filter(pk=live.pk).update(state=State.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(state=State.LIVE)
    version.state = State.LIVE
    promotion = Promotion.objects.create(
        version=version,
        previous=live,
        is_rollback=is_rollback,
        reason=reason,
        gate=gate or {},
        comparison=comparison,
        by=by,
    )
    action = Action.MODEL_ROLLED_BACK if is_rollback else Action.MODEL_PROMOTED
    audit.record(action=action, actor=by, object_id=version.pk)
    transaction.on_commit(lambda: logger.info("The model %s is live in place of %s.", version.pk, live and live.pk))
    return promotion
