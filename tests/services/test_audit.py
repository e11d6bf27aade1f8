"""The log: lines of ids that nobody changes, gone when they are old."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from colorizer.models import Action, AuditEntry, Family, User
from colorizer.models.audit import WrittenOnce
from colorizer.services import audit


@pytest.fixture
def entry(family: Family, owner: User) -> AuditEntry:
    audit.record(
        action=Action.PHOTO_TRASHED, actor=owner, family_id=family.pk, object_id=uuid4(), request_id="a request"
    )
    return AuditEntry.objects.get()


def test_a_line_says_who_did_what_to_what_and_when(entry: AuditEntry, family: Family, owner: User) -> None:
    assert (entry.action, entry.actor_id, entry.family_id) == (Action.PHOTO_TRASHED, owner.pk, family.pk)
    assert len(entry.object_id) == 36
    assert entry.request_id == "a request"
    assert abs(timezone.now() - entry.at) < timedelta(minutes=1)


def test_a_line_stays_when_the_person_and_the_family_are_gone(entry: AuditEntry, family: Family, owner: User) -> None:
    family_id, owner_id = family.pk, owner.pk
    family.delete()
    owner.delete()
    kept = AuditEntry.objects.get()
    assert (kept.family_id, kept.actor_id) == (family_id, owner_id)


def test_a_line_cannot_be_changed_or_deleted(entry: AuditEntry) -> None:
    entry.action = Action.SIGNED_IN
    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(actor_id=None),
    ):
        with pytest.raises(WrittenOnce):
            attempt()
    assert AuditEntry.objects.get().action == Action.PHOTO_TRASHED


def test_what_is_done_to_many_is_a_line_for_each_in_one_query(family: Family, django_assert_num_queries: Any) -> None:
    gone = [uuid4() for _ in range(5)]
    with django_assert_num_queries(1):
        audit.record_each(action=Action.PHOTO_PURGED, actor=None, family_id=family.pk, object_ids=gone)
    assert set(AuditEntry.objects.values_list("object_id", flat=True)) == {str(each) for each in gone}


def test_a_line_is_forgotten_after_a_year(entry: AuditEntry, settings: Any) -> None:
    for days in (364, 366):
        AuditEntry(action=Action.SIGNED_IN, at=timezone.now() - timedelta(days=days)).save()
    audit.forget_old()
    assert AuditEntry.objects.count() == 2
    settings.HEIRLOOM_AUDIT_DAYS = 7
    audit.forget_old()
    assert AuditEntry.objects.get() == entry
