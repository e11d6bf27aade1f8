"""The log: lines of ids that nobody changes, gone when they are old."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from colorizer.models import Action, Album, AuditEntry, Family, Role, User
from colorizer.models.audit import WrittenOnce
from colorizer.services import account, audit, trash
from tests.views.conftest import make_photo


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


# --- What is written down -----------------------------------------------------------------------------------------


def written(family: Family) -> list[tuple[str, int | None, str]]:
    lines = AuditEntry.objects.filter(family_id=family.pk).order_by("pk")
    return list(lines.values_list("action", "actor_id", "object_id"))


def test_what_happens_to_photos_and_albums_is_written_down(family: Family, album: Album, editor: User) -> None:
    photo, other = make_photo(album), make_photo(album, shade=1)
    trash.delete_photo(photo=photo, by=editor)
    trash.restore_photo(photo=photo, by=editor)
    trash.delete_photo(photo=photo, by=editor)
    trash.purge_photo(photo=photo, by=editor)
    trash.delete_album(album=album, by=editor)
    trash.restore_album(album=album, by=editor)
    trash.delete_album(album=album, by=editor)
    Album.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    trash.purge_expired()
    one, another, box = str(photo.pk), str(other.pk), str(album.pk)
    assert written(family) == [
        (Action.PHOTO_TRASHED, editor.pk, one),
        (Action.PHOTO_RESTORED, editor.pk, one),
        (Action.PHOTO_TRASHED, editor.pk, one),
        (Action.PHOTO_PURGED, editor.pk, one),
        (Action.ALBUM_TRASHED, editor.pk, box),
        (Action.ALBUM_RESTORED, editor.pk, box),
        (Action.ALBUM_TRASHED, editor.pk, box),
        (Action.PHOTO_PURGED, None, another),
        (Action.ALBUM_PURGED, None, box),
    ]


def test_who_comes_goes_and_may_do_what_is_written_down(
    family: Family, owner: User, viewer: User, stranger: User
) -> None:
    account.create_invite(family=family, by=owner, role=Role.VIEWER)
    account.withdraw_invite(invite=family.invites.get(), by=owner)
    token = account.create_invite(family=family, by=owner, role=Role.VIEWER)
    invite = account.open_invite(token=token)
    assert invite
    account.join(invite=invite, user=stranger)
    account.remove_member(membership=family.memberships.get(user=stranger), by=stranger)
    theirs = family.memberships.get(user=viewer)
    account.set_role(membership=theirs, role=Role.EDITOR, by=owner)
    account.set_role(membership=theirs, role=Role.EDITOR, by=owner)  # as it was
    account.remove_member(membership=theirs, by=owner)
    assert [(action, actor) for action, actor, _ in written(family)] == [
        (Action.INVITE_MADE, owner.pk),
        (Action.INVITE_WITHDRAWN, owner.pk),
        (Action.INVITE_MADE, owner.pk),
        (Action.MEMBER_JOINED, stranger.pk),
        (Action.MEMBER_LEFT, stranger.pk),
        (Action.ROLE_CHANGED, owner.pk),
        (Action.MEMBER_REMOVED, owner.pk),
    ]
    assert written(family)[-1][2] == str(viewer.pk)


def test_a_change_that_is_refused_is_not_written_down(family: Family, owner: User) -> None:
    with pytest.raises(account.LastOwner):
        account.set_role(membership=family.memberships.get(user=owner), role=Role.VIEWER, by=owner)
    assert written(family) == []
