"""Who may do what in a family, and how one joins it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from colorizer.models import Family, Invite, Membership, Role, Session, User
from colorizer.services import account
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def role_of(user: User, family: Family) -> str:
    return Membership.objects.get(user=user, family=family).role


def number(user: User, family: Family) -> int:
    return int(Membership.objects.get(user=user, family=family).pk)


def deeds(family: Family, member: User) -> list[tuple[str, dict[str, str]]]:
    """Everything that only an owner may do."""
    base = f"/families/{family.pk}"
    return [
        (f"{base}/rename/", {"name": "Stolen"}),
        (f"{base}/members/{number(member, family)}/role/", {"role": "viewer"}),
        (f"{base}/", {"role": "owner"}),
    ]


def test_members_see_the_family_and_strangers_do_not(
    family: Family, owner: User, editor: User, viewer: User, stranger: User
) -> None:
    for member in (owner, editor, viewer):
        assert as_(member).get(f"/families/{family.pk}/").status_code == 200
    assert as_(stranger).get(f"/families/{family.pk}/").status_code == 404
    assert Client().get(f"/families/{family.pk}/").status_code == 302


@pytest.mark.parametrize(("who", "status"), [("editor", 403), ("viewer", 403), ("stranger", 404)])
def test_only_owners_manage_a_family(
    request: pytest.FixtureRequest, family: Family, owner: User, who: str, status: int
) -> None:
    client = as_(request.getfixturevalue(who))
    for path, form in deeds(family, owner):
        assert client.post(path, form).status_code == status
    assert client.post(f"/families/{family.pk}/members/{number(owner, family)}/remove/").status_code == 404
    family.refresh_from_db()
    assert family.name == "Lindqvist"
    assert role_of(owner, family) == Role.OWNER
    assert not Invite.objects.exists()


def test_nothing_changes_by_merely_opening_a_link(family: Family, owner: User) -> None:
    client = as_(owner)
    for path, form in deeds(family, owner):
        client.get(path, form)
    family.refresh_from_db()
    assert (family.name, role_of(owner, family)) == ("Lindqvist", Role.OWNER)
    assert not Invite.objects.exists()


def test_an_owner_renames_gives_roles_and_removes(family: Family, owner: User, viewer: User) -> None:
    client = as_(owner)
    client.post(f"/families/{family.pk}/rename/", {"name": "Lindqvist-Berg"})
    family.refresh_from_db()
    assert family.name == "Lindqvist-Berg"
    client.post(f"/families/{family.pk}/members/{number(viewer, family)}/role/", {"role": "editor"})
    assert role_of(viewer, family) == Role.EDITOR
    client.post(f"/families/{family.pk}/members/{number(viewer, family)}/remove/")
    assert not Membership.objects.filter(user=viewer).exists()


def test_a_role_that_does_not_exist_changes_nothing(family: Family, owner: User, viewer: User) -> None:
    as_(owner).post(f"/families/{family.pk}/members/{number(viewer, family)}/role/", {"role": "emperor"})
    assert role_of(viewer, family) == Role.VIEWER


def test_the_owner_of_one_family_has_no_say_over_the_members_of_another(
    family: Family, stranger: User, viewer: User
) -> None:
    own = Family.objects.for_user(stranger).get()
    client = as_(stranger)
    for deed, form in (("role", {"role": "owner"}), ("remove", {})):
        answer = client.post(f"/families/{own.pk}/members/{number(viewer, family)}/{deed}/", form)
        assert answer.status_code == 404
    assert role_of(viewer, family) == Role.VIEWER


@pytest.mark.parametrize(("deed", "form"), [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_owner_stays(family: Family, owner: User, editor: User, deed: str, form: dict[str, str]) -> None:
    answer: Any = as_(owner).post(f"/families/{family.pk}/members/{number(owner, family)}/{deed}/", form, follow=True)
    assert "A family needs an owner" in answer.content.decode()
    assert role_of(owner, family) == Role.OWNER


def test_one_of_two_owners_may_go(family: Family, owner: User, editor: User) -> None:
    account.set_role(membership=Membership.objects.get(user=editor), role=Role.OWNER)
    as_(owner).post(f"/families/{family.pk}/members/{number(owner, family)}/remove/")
    assert not Membership.objects.filter(user=owner).exists()


def test_anyone_may_leave(family: Family, owner: User, viewer: User) -> None:
    answer: Any = as_(viewer).post(f"/families/{family.pk}/members/{number(viewer, family)}/remove/")
    assert answer.url == "/"
    assert not Membership.objects.filter(user=viewer).exists()


def test_who_has_no_family_can_begin_one(owner: User) -> None:
    Membership.objects.all().delete()
    assert as_(owner).get("/families/").status_code == 200
    as_(owner).post("/families/", {"name": "A new one"})
    assert Family.objects.for_user(owner, Role.OWNER).get().name == "A new one"


# --- Invites ------------------------------------------------------------------------------------------------------


@pytest.fixture
def link(family: Family, owner: User) -> str:
    """The path of an invite for an editor, as the owner's page shows it."""
    page: Any = as_(owner).post(f"/families/{family.pk}/", {"role": "editor"})
    return str(page.context["invite_link"]).removeprefix("http://testserver")


def test_an_invite_is_shown_once_and_only_its_hash_is_kept(family: Family, owner: User, link: str) -> None:
    token = link.strip("/").split("/")[-1]
    assert len(token) >= 40
    assert token not in str(list(Invite.objects.values()))
    assert token not in as_(owner).get(f"/families/{family.pk}/").content.decode()
    Client().get(link)
    assert not [session for session in Session.objects.all() if token in str(session.get_decoded())]


def test_opening_an_invite_joins_nobody_and_accepting_it_does(family: Family, link: str, stranger: User) -> None:
    client = as_(stranger)
    assert client.get(link).status_code == 200
    assert not Membership.objects.filter(user=stranger, family=family).exists()
    client.post(link)
    assert role_of(stranger, family) == Role.EDITOR


def test_an_invite_works_once(family: Family, link: str, stranger: User) -> None:
    as_(stranger).post(link)
    other = User.objects.create_user("second@example.org", PASSWORD)
    assert as_(other).post(link).status_code == 404
    assert not Membership.objects.filter(user=other).exists()


def test_of_two_who_accept_at_the_same_moment_one_joins(family: Family, link: str, stranger: User) -> None:
    invite = Invite.objects.get()
    account.join(invite=invite, user=stranger)
    with pytest.raises(account.InviteGone):
        account.join(invite=invite, user=User.objects.create_user("second@example.org", PASSWORD))


def test_an_invite_ends_after_fourteen_days(family: Family, link: str, stranger: User) -> None:
    left = Invite.objects.get().expires_at - timezone.now()
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)
    Invite.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_(stranger).get(link).status_code == 404
    assert as_(stranger).post(link).status_code == 404


def test_a_withdrawn_invite_is_gone(family: Family, owner: User, link: str, stranger: User) -> None:
    as_(owner).post(f"/families/{family.pk}/invites/{Invite.objects.get().pk}/withdraw/")
    assert as_(stranger).get(link).status_code == 404


@pytest.mark.parametrize(("deed", "form"), [("role", {"role": "editor"}), ("remove", {})])
def test_the_invites_of_one_who_is_an_owner_no_more_are_gone(
    family: Family, owner: User, editor: User, link: str, stranger: User, deed: str, form: dict[str, str]
) -> None:
    account.set_role(membership=Membership.objects.get(user=editor), role=Role.OWNER)
    others = account.create_invite(family=family, by=editor, role=Role.VIEWER)
    elsewhere = account.create_invite(family=account.found_family(user=owner, name="Berg"), by=owner, role=Role.VIEWER)
    as_(editor).post(f"/families/{family.pk}/members/{number(owner, family)}/{deed}/", form)
    assert as_(stranger).get(link).status_code == 404
    assert account.open_invite(token=others)
    assert account.open_invite(token=elsewhere)


def test_an_accepted_invite_stays_known_when_its_owner_goes(
    family: Family, owner: User, editor: User, link: str, stranger: User
) -> None:
    as_(stranger).post(link)
    account.set_role(membership=Membership.objects.get(user=editor), role=Role.OWNER)
    account.remove_member(membership=Membership.objects.get(user=owner, family=family))
    assert Invite.objects.exists()
    assert role_of(stranger, family) == Role.EDITOR


def test_a_member_who_opens_an_invite_keeps_the_role_and_the_invite(family: Family, owner: User, link: str) -> None:
    as_(owner).post(link)
    assert role_of(owner, family) == Role.OWNER
    assert Invite.objects.open().exists()


def test_signing_up_through_an_invite_joins_that_family_and_makes_no_other(family: Family, link: str) -> None:
    client = Client()
    client.get(link)
    form = {"name": "Bo", "email": "bo@example.org", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    bo = User.objects.get(email="bo@example.org")
    assert list(Family.objects.for_user(bo)) == [family]
    assert role_of(bo, family) == Role.EDITOR


def test_a_guest_cannot_join_without_an_account(family: Family, link: str) -> None:
    Client().post(link)
    assert family.memberships.count() == 1


def test_links_that_open_nothing_are_counted_and_a_right_one_is_not(family: Family, link: str) -> None:
    client = Client()
    assert [client.get(link).status_code for _ in range(40)] == [200] * 40
    wrong = [client.get(f"/invites/{number}/").status_code for number in range(31)]
    assert wrong == [404] * 30 + [429]
    assert client.get(link).status_code == 200
