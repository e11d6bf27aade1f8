"""A family's word that Heirloom may learn from a photo: given for one photo, by name of what it is for, and taken back.

Whatever a dataset holds by it goes with it: the file, and the photo out of the next version.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..models import Action, Coloring, Consent, DatasetItem, Photo, User
from ..selectors import offers
from . import audit, datasets
from .importing import WITHDRAWN

TEXT = "2026-11-29"
"""The version of the words in `templates/partials/offer_text.html`. Other words, another version."""


class CannotOffer(Exception):
    """The photo is not in colour: there is nothing to learn from it."""


def offer(*, photo: Photo, by: User) -> Consent:
    """Offer what the family sees of ``photo``: its coloring, or itself where it came in colour. Once is enough.

    Raises:
        CannotOffer: it is not in colour.
    """
    if not offers.can_be_offered(photo):
        raise CannotOffer
    what = {"photo": photo, "coloring": photo.shown}
    standing = Consent.objects.standing()
    try:
        with transaction.atomic():
            given = Consent.objects.create(family_id=photo.album.family_id, text=TEXT, given_by=by, **what)
            audit.record(action=Action.CONSENT_GIVEN, actor=by, family_id=given.family_id, object_id=given.pk)
    except IntegrityError:
        return standing.get(**what)
    return given


def withdraw(*, consent: Consent, by: User) -> None:
    """Take it back, and what datasets hold by it along. What was learned stays learned: the words say so."""
    with transaction.atomic():
        withdrawn = {"withdrawn_at": timezone.now(), "withdrawn_by": by}
        if not Consent.objects.standing().filter(pk=consent.pk).update(**withdrawn):
            return
        audit.record(action=Action.CONSENT_WITHDRAWN, actor=by, family_id=consent.family_id, object_id=consent.pk)
        _delete(Consent.objects.filter(pk=consent.pk), by)


def forget(*, photos: Iterable[Photo], by: User | None) -> None:
    """The photos are about to be deleted for ever, and their consents with them. Call it inside that transaction."""
    _delete(Consent.objects.filter(photo__in=list(photos)), by)


def forget_version(*, coloring: Coloring, by: User | None) -> None:
    """The same where one version of a photo ends."""
    _delete(Consent.objects.filter(coloring=coloring), by)


def forget_family(*, family_id: UUID, by: User | None) -> None:
    """The same where a whole family ends."""
    _delete(Consent.objects.filter(family=family_id), by)


def _delete(consents: "QuerySet[Consent]", by: User | None) -> None:
    list(consents.select_for_update())  # what is being taken in by them is here by then, or never will be
    datasets.delete_items(items=DatasetItem.objects.filter(consent__in=consents), by=by, reason=WITHDRAWN)
