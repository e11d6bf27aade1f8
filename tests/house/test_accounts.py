"""Signing up, signing in, a forgotten password, a new address, and the language."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from colorizer.models import Family, Role, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def sign_up(client: Client, email: str = "ada@example.org", **more: str) -> Any:
    form = {"name": "Ada", "email": email, "password1": PASSWORD, "password2": PASSWORD} | more
    return client.post("/accounts/signup/", form)


def link_in_mail() -> str:
    found = re.search(r"http://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_signing_up_gives_a_family_of_ones_own(client: Client) -> None:
    answer = sign_up(client)
    assert answer.status_code == 302
    assert answer.url == "/"
    user = User.objects.get(email="ada@example.org")
    assert user.name == "Ada"
    membership = user.memberships.get()
    assert membership.role == Role.OWNER
    assert membership.family.name == "Family of Ada"


def test_a_weak_password_is_refused_with_a_reason_and_nobody_is_made(client: Client) -> None:
    answer = sign_up(client, password1="12345", password2="12345")
    assert answer.status_code == 200
    assert "too short" in answer.content.decode()
    assert not User.objects.exists()


def test_an_address_has_one_account_whatever_its_case(client: Client, owner: User) -> None:
    sign_up(client, email=owner.email.upper())
    assert User.objects.filter(email__iexact=owner.email).count() == 1


def test_signing_in_takes_address_and_password(client: Client, owner: User) -> None:
    wrong = client.post("/accounts/login/", {"login": owner.email, "password": "not it at all"})
    assert wrong.status_code == 200
    right = client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert right.url == "/"


def test_signing_out_takes_a_post(client: Client, owner: User) -> None:
    client.force_login(owner)
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_replaced_through_a_link_that_works_once(client: Client, owner: User) -> None:
    client.post("/accounts/password/reset/", {"email": owner.email})
    link = link_in_mail()
    page = client.get(link)
    new = "another box of photos"
    client.post(page.url, {"password1": new, "password2": new})
    owner.refresh_from_db()
    assert owner.check_password(new)
    assert "no longer works" in Client().get(link, follow=True).content.decode()


def test_a_reset_for_an_unknown_address_answers_the_same(client: Client, owner: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": owner.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_a_change_of_address_counts_once_its_link_is_opened(client: Client) -> None:
    sign_up(client)
    client.post("/accounts/email/", {"email": "lovelace@example.org", "action_add": ""})
    user = User.objects.get()
    assert user.email == "ada@example.org"
    link = link_in_mail()
    assert "lovelace@example.org" in client.get(link).content.decode()
    client.post(link)
    user.refresh_from_db()
    assert user.email == "lovelace@example.org"


def test_a_change_of_address_can_be_called_off(client: Client) -> None:
    sign_up(client)
    client.post("/accounts/email/", {"email": "lovelace@example.org", "action_add": ""})
    client.post("/accounts/email/", {"email": "lovelace@example.org", "action_remove": ""})
    assert User.objects.get().email == "ada@example.org"
    assert not EmailAddress.objects.filter(email="lovelace@example.org").exists()


def test_the_address_one_signs_in_with_cannot_be_taken_away(client: Client) -> None:
    sign_up(client)
    client.post("/accounts/email/", {"email": "lovelace@example.org", "action_add": ""})
    client.post("/accounts/email/", {"email": "ada@example.org", "action_remove": ""})
    assert User.objects.get().email == "ada@example.org"


@pytest.mark.parametrize(
    "path", ["login/", "signup/", "password/reset/", "password/reset/done/", "confirm-email/", "inactive/"]
)
def test_each_page_for_guests_is_ours(client: Client, path: str) -> None:
    answer = client.get(f"/accounts/{path}")
    assert answer.status_code == 200
    assert "site-header" in answer.content.decode()


@pytest.mark.parametrize("path", ["email/", "password/change/", "logout/", "reauthenticate/"])
def test_each_page_for_members_is_ours(client: Client, owner: User, path: str) -> None:
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    answer = client.get(f"/accounts/{path}")
    assert answer.status_code == 200
    assert "site-header" in answer.content.decode()


def test_the_language_is_changed_by_a_button_and_kept(client: Client) -> None:
    client.post("/i18n/setlang/", {"language": "de", "next": "/accounts/login/"})
    assert '<html lang="de">' in client.get("/accounts/login/").content.decode()


def test_the_admin_section_shows_no_photo_and_no_album(client: Client) -> None:
    from django.contrib import admin

    assert {model.__name__ for model in admin.site._registry} == {"User", "Family", "AuditEntry"}
    boss = User.objects.create_superuser("boss@example.org", PASSWORD)
    client.force_login(boss)
    assert client.get("/admin/").status_code == 200
    for path in ("user", "family"):
        assert client.get(f"/admin/colorizer/{path}/").status_code == 200
        assert client.get(f"/admin/colorizer/{path}/add/").status_code == 200


def test_the_admin_section_has_no_sign_in_of_its_own_whose_tries_nobody_counts(client: Client) -> None:
    boss = User.objects.create_superuser("boss@example.org", PASSWORD)
    for answer in (
        client.get("/admin/login/?next=/admin/"),
        client.post("/admin/login/?next=/admin/", {"username": boss.email, "password": PASSWORD}),
    ):
        assert answer["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert "_auth_user_id" not in client.session


def test_a_member_who_is_no_admin_is_shown_out_of_the_admin_section(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.get("/admin/login/").status_code == 403


def test_deleting_a_family_is_not_an_admins_to_do(client: Client, family: Family) -> None:
    client.force_login(User.objects.create_superuser("boss@example.org", PASSWORD))
    assert client.post(f"/admin/colorizer/family/{family.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Family.objects.filter(pk=family.pk).exists()


def test_an_admin_cannot_let_anyone_into_a_family(client: Client, family: Family) -> None:
    boss = User.objects.create_superuser("boss@example.org", PASSWORD)
    client.force_login(boss)
    inline = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0"}
    new = {"memberships-0-user": str(boss.pk), "memberships-0-role": "owner", "memberships-0-family": str(family.pk)}
    client.post(f"/admin/colorizer/family/{family.pk}/change/", {"name": family.name} | inline | new)
    assert not family.memberships.filter(user=boss).exists()
    assert client.get(f"/families/{family.pk}/").status_code == 404
