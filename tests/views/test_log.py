"""What happened: told in words to the owners of a family, and to each of their own account."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from colorizer.models import Action, AuditEntry, Family, Role, User
from colorizer.selectors import history
from colorizer.services import account, audit
from tests.views.conftest import SignIn


@pytest.fixture
def told(sign_in: SignIn, family: Family, owner: User) -> Any:
    """The sentences on the owner's page, newest first."""

    def told() -> list[str]:
        page: Any = sign_in(owner).get(reverse("family_log", args=[family.pk]))
        return [line.sentence for line in page.context["lines"]]

    return told


def name(user: User, name: str) -> User:
    user.name = name
    user.save()
    return user


def test_an_owner_reads_who_did_what(told: Any, family: Family, owner: User, viewer: User) -> None:
    name(owner, "Ada"), name(viewer, "Bo")
    account.set_role(membership=family.memberships.get(user=viewer), role=Role.EDITOR, by=owner)
    account.create_invite(family=family, by=owner, role=Role.VIEWER)
    account.remove_member(membership=family.memberships.get(user=viewer), by=owner)
    assert told() == ["Ada removed Bo from the family.", "Ada made an invite.", "Ada changed the role of Bo."]


def test_much_at_once_is_one_line(told: Any, family: Family, owner: User) -> None:
    name(owner, "Ada")
    audit.record_each(
        action=Action.PHOTO_PURGED, actor=owner, family_id=family.pk, object_ids=[uuid4() for _ in range(12)]
    )
    audit.record(action=Action.PHOTO_PURGED, actor=None, family_id=family.pk, object_id=uuid4())
    assert told() == [
        "A photo had been in the trash for its time and is gone for ever.",
        "Ada deleted 12 photos for ever.",
    ]


def test_of_whom_is_gone_no_name_is_left(told: Any, family: Family, viewer: User, owner: User) -> None:
    name(viewer, "Bo"), name(owner, "Ada")
    account.remove_member(membership=family.memberships.get(user=viewer), by=viewer)
    viewer.delete()
    assert told() == ["Someone who is no longer here left the family."]


def test_one_who_is_gone_is_spoken_of_as_the_sentence_needs_it(family: Family, viewer: User, owner: User) -> None:
    name(owner, "Ada")
    account.set_role(membership=family.memberships.get(user=viewer), role=Role.EDITOR, by=owner)
    account.remove_member(membership=family.memberships.get(user=viewer), by=owner)
    viewer.delete()
    entries = AuditEntry.objects.filter(action__in=history.OF_PEOPLE)
    assert [line.sentence for line in history.lines(entries)] == [
        "Ada removed someone who is no longer here from the family.",
        "Ada changed the role of someone who is no longer here.",
    ]
    with translation.override("de"):
        assert [line.sentence for line in history.lines(entries)] == [
            "Ada hat jemanden, der nicht mehr hier ist, aus der Familie entfernt.",
            "Ada hat die Rolle für jemanden, der nicht mehr hier ist, geändert.",
        ]


def test_the_log_has_pages(sign_in: SignIn, family: Family, owner: User) -> None:
    for day in range(130):
        AuditEntry(
            action=Action.INVITE_MADE, actor_id=owner.pk, family_id=family.pk, at=timezone.now() - timedelta(days=day)
        ).save()
    client, address = sign_in(owner), reverse("family_log", args=[family.pk])
    first: Any = client.get(address)
    assert len(first.context["lines"]) == 100
    second: Any = client.get(f"{address}?page=2")
    assert len(second.context["lines"]) == 30
    assert client.get(f"{address}?page=nonsense").status_code == 200


def test_one_reads_of_ones_own_account_and_of_nobody_elses(sign_in: SignIn, owner: User, editor: User) -> None:
    name(owner, "Ada")
    audit.record(action=Action.SIGNED_IN, actor=owner, object_id=owner.pk)
    audit.record(action=Action.SIGN_IN_FAILED, actor=None, object_id=owner.pk)
    audit.record(action=Action.SIGN_IN_FAILED, actor=None, object_id=editor.pk)
    page: Any = sign_in(owner).get(reverse("account_log"))
    assert [line.sentence for line in page.context["lines"]] == [
        "Someone tried to sign in with a wrong password.",
        "Ada signed in.",
    ]


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_sentence(action: Action) -> None:
    assert action in history.SENTENCES or action in history.COUNTED


def test_a_page_of_the_log_takes_few_queries(
    sign_in: SignIn, family: Family, owner: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(50):
        audit.record(action=Action.INVITE_MADE, actor=owner, family_id=family.pk)
    client = sign_in(owner)
    with django_assert_max_num_queries(8):
        client.get(reverse("family_log", args=[family.pk]))
