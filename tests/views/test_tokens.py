"""The page where a family sees which programs may come in, and lets one more in."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer.models import Family, Token, User
from colorizer.services import tokens
from tests.views.conftest import SignIn

FORM = {"name": "Scanner", "scopes": ["read"], "days": "30"}


@pytest.fixture
def address(family: Family) -> str:
    return reverse("tokens", args=[family.pk])


def shown(html: str) -> list[str]:
    return re.findall(r"heirloom_[\w-]{43}", html)


def test_a_new_token_is_shown_once(as_editor: Client, editor: User, address: str) -> None:
    answer = as_editor.post(address, FORM)
    (secret,) = shown(answer.content.decode())
    assert (answer.status_code, answer["Cache-Control"]) == (
        201,
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert tokens.recognise(secret).user == editor
    assert Token.objects.get().expires_at - timezone.now() <= timedelta(days=30)
    assert shown(as_editor.get(address).content.decode()) == []


def test_the_list_says_what_each_is_for_who_made_it_and_when_it_was_used(
    as_editor: Client, family: Family, editor: User, address: str
) -> None:
    tokens.recognise(tokens.create(family=family, user=editor, name="Scanner", scopes=["read", "write"]))
    old = tokens.create(family=family, user=editor, name="Old script", scopes=["read"])
    Token.objects.filter(name="Old script").update(expires_at=timezone.now())
    html = as_editor.get(address).content.decode()
    for said in ("Scanner", "Old script", "Upload, describe", str(editor), "Last used", "Never used", "Expired on"):
        assert said in html
    assert old not in html


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"days": "0"},
        {"days": "366"},
        {"days": "ever"},
    ],
)
def test_what_cannot_be_is_said_at_its_field(as_editor: Client, address: str, wrong: dict[str, object]) -> None:
    answer = as_editor.post(address, FORM | wrong)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == wrong.keys()
    assert not Token.objects.exists()


def test_a_viewer_makes_a_token_that_looks_and_none_that_changes(as_viewer: Client, address: str) -> None:
    assert as_viewer.post(address, FORM | {"scopes": ["read", "write"]}).status_code == 422
    assert as_viewer.post(address, FORM).status_code == 201


def test_too_many_is_said_too(as_editor: Client, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    as_editor.post(address, FORM)
    answer = as_editor.post(address, FORM)
    assert (answer.status_code, "too many tokens" in answer.content.decode()) == (422, True)


def test_no_stranger_makes_a_token_for_a_family(sign_in: SignIn, stranger: User, address: str) -> None:
    assert sign_in(stranger).post(address, FORM).status_code == 404
    assert sign_in(None).post(address, FORM).status_code == 401
    assert not Token.objects.exists()


def test_no_other_site_makes_a_token(editor: User, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert client.post(address, FORM).status_code == 403


def test_one_sees_and_revokes_ones_own_and_an_owner_all(
    sign_in: SignIn, family: Family, owner: User, editor: User, viewer: User, address: str
) -> None:
    for user in (owner, editor, viewer):
        tokens.create(family=family, user=user, name=f"of {user}", scopes=["read"])
    seen = {user: list(sign_in(user).get(address).context["tokens"]) for user in (owner, editor, viewer)}
    assert [len(found) for found in seen.values()] == [3, 1, 1]
    (of_the_editor,) = seen[editor]
    revoke = reverse("token_revoke", args=[family.pk, of_the_editor.pk])
    assert sign_in(viewer).post(revoke).status_code == 404
    assert sign_in(owner).post(revoke).status_code == 302
    assert not Token.objects.filter(user=editor).exists()


def test_a_token_is_revoked_at_its_own_family_alone(
    sign_in: SignIn, family: Family, owner: User, stranger: User
) -> None:
    tokens.create(family=family, user=owner, name="Scanner", scopes=["read"])
    theirs = reverse("token_revoke", args=[stranger.families.get().pk, Token.objects.get().pk])
    assert sign_in(stranger).post(theirs).status_code == 404
    assert Token.objects.exists()


def test_a_name_does_no_harm_on_the_page(as_editor: Client, address: str) -> None:
    as_editor.post(address, FORM | {"name": "<img src=x onerror=alert(1)>"})
    assert "<img src=x" not in as_editor.get(address).content.decode()
