"""Who a token lets in: its own family, as far as its maker may go now, and nobody by any other way."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer import limits
from colorizer.api import caller
from colorizer.models import Album, Family, Membership, Photo, Role, Token, User
from colorizer.services import account, tokens
from tests.api.conftest import Program, bearing, token_of

ME = "/api/v1/"


def test_a_token_is_told_whose_it_is_and_what_it_may_do(program: Program, family: Family, editor: User) -> None:
    said = program(editor, "read", "write").get(ME).json()
    assert said["family"] == {"id": str(family.pk), "name": family.name}
    assert (said["role"], said["scopes"], said["token"]["name"]) == ("editor", ["read", "write"], "Program")


@pytest.mark.parametrize(
    ("header", "code", "challenge"),
    [
        (None, "token_missing", 'Bearer realm="Heirloom"'),
        ("", "token_missing", 'Bearer realm="Heirloom"'),
        ("Basic aGk6aGk=", "token_missing", 'Bearer realm="Heirloom"'),
        ("Bearer", "token_missing", 'Bearer realm="Heirloom"'),
        ("Bearer ", "token_missing", 'Bearer realm="Heirloom"'),
        ("Bearer heirloom_x", "token_unknown", 'Bearer realm="Heirloom", error="invalid_token"'),
        ("Bearer ' OR 1=1 --", "token_unknown", 'Bearer realm="Heirloom", error="invalid_token"'),
        ("Bearer \u00e9\u00ff", "token_unknown", 'Bearer realm="Heirloom", error="invalid_token"'),
    ],
)
@pytest.mark.django_db
def test_who_has_no_token_is_told_how_to_come_in(header: str | None, code: str, challenge: str) -> None:
    answer = Client(headers={} if header is None else {"Authorization": header}).get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"] == challenge


def test_an_expired_token_is_told_so_and_let_in_nowhere(photo: Photo, owner: User) -> None:
    """CVE-2026-35462: an expired token that still worked."""
    client = bearing(token_of(owner))
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for path in (ME, "/api/v1/albums", f"/api/v1/photos/{photo.pk}/original"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert Token.objects.get().last_used_at is None


def test_a_token_in_an_address_or_a_body_lets_nobody_in(owner: User) -> None:
    secret = token_of(owner)
    for name in ("token", "access_token", "api_key", "Authorization"):
        assert Client().get(f"{ME}?{name}={secret}").status_code == 401
        assert Client().post("/api/v1/albums", {name: secret}).status_code == 401


def test_who_is_signed_in_on_the_pages_is_nobody_here(owner: User, photo: Photo) -> None:
    """No cookie counts, so no other site can make a browser do anything."""
    browser = Client()
    browser.force_login(owner)
    assert browser.get(ME).status_code == 401
    assert browser.delete(f"/api/v1/photos/{photo.pk}").status_code == 401


def test_a_token_lets_nobody_in_on_the_pages(program: Program, owner: User, album: Album) -> None:
    assert program(owner).get(reverse("album", args=[album.pk])).status_code == 302


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(["read"], {"read"}), (["write"], {"write"}), (["share"], {"share"}), (["read", "share"], {"read", "share"})],
)
def test_a_token_does_what_its_scopes_say_and_nothing_else(
    program: Program, owner: User, photo: Photo, scopes: list[str], allowed: set[str]
) -> None:
    client = program(owner, *scopes)
    tries = {
        "read": client.get(f"/api/v1/photos/{photo.pk}"),
        "write": client.patch(f"/api/v1/photos/{photo.pk}", '{"caption": "x"}', "application/json"),
        "share": client.post(f"/api/v1/photos/{photo.pk}/shares", "{}", "application/json"),
    }
    assert {scope for scope, answer in tries.items() if answer.status_code < 300} == allowed
    for scope, answer in tries.items():
        if scope not in allowed:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
            assert f'scope="{scope}"' in answer["WWW-Authenticate"]


def test_rights_are_those_that_the_maker_has_at_this_moment(program: Program, owner: User, editor: User) -> None:
    """CVE-2026-23896: a token that had more rights than the one who made it."""
    client = program(editor)
    make = lambda: client.post("/api/v1/albums", '{"title": "x"}', "application/json")  # noqa: E731
    assert make().status_code == 201
    account.set_role(membership=editor.memberships.get(), role=Role.VIEWER)
    answer = make()
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert client.get("/api/v1/albums").status_code == 200
    account.remove_member(membership=editor.memberships.get())
    assert client.get("/api/v1/albums").status_code == 401
    assert Album.objects.count() == 1


@pytest.mark.django_db
def test_no_operation_makes_tokens_or_changes_roles() -> None:
    """CVE-2026-23896: nothing here could raise a token's own rights."""
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    assert not [path for path in paths if any(word in path for word in ("token", "member", "role", "invite", "user"))]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_a_token_cannot_give_itself_scopes(program: Program, viewer: User, method: str) -> None:
    client = program(viewer)
    said = json.dumps({"scopes": ["read", "write", "share"], "role": "owner"})
    for path in (ME, "/api/v1/family"):
        assert client.generic(method, path, said, "application/json").status_code == 405
    assert client.get(ME).json()["scopes"] == ["read"]


def test_a_token_reaches_its_one_family_alone_though_its_maker_has_two(
    program: Program, family: Family, owner: User, stranger: User, photo: Photo
) -> None:
    other = stranger.families.get()
    Membership.objects.create(family=other, user=owner, role=Role.OWNER)
    client = program(owner, family=other)
    assert client.get("/api/v1/albums").json()["total"] == 0
    for path in (f"photos/{photo.pk}", f"albums/{photo.album_id}", f"photos/{photo.pk}/original"):
        assert client.get(f"/api/v1/{path}").status_code == 404
    into = client.post("/api/v1/photos", {"file": _file(), "album": str(photo.album_id)})
    assert into.status_code == 404
    assert Photo.objects.get() == photo


def test_what_is_of_another_family_is_answered_as_what_is_not_there_at_all(
    program: Program, stranger: User, photo: Photo
) -> None:
    client = program(stranger)
    nowhere = "00000000-0000-0000-0000-000000000000"

    def said(pk: Any) -> tuple[int, dict[str, Any]]:
        answer = client.get(f"/api/v1/photos/{pk}")
        return answer.status_code, {key: value for key, value in answer.json().items() if key != "instance"}

    assert said(photo.pk) == said(nowhere)


def test_a_program_in_a_hurry_is_told_how_long_to_wait(
    program: Program, owner: User, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "RATE", "2/m")
    client = program(owner)
    statuses = [client.get(ME).status_code for _ in range(3)]
    answer = client.get(ME)
    assert statuses == [200, 200, 429]
    assert (answer.json()["code"], 1 <= int(answer["Retry-After"]) <= 30) == ("too_many_tries", True)
    assert program(editor).get(ME).status_code == 200


@pytest.mark.django_db
def test_guessing_is_counted_by_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "UNKNOWN_RATE", "2/m")
    guesses = [bearing(f"{tokens.PREFIX}{number}").get(ME).status_code for number in range(3)]
    assert guesses == [401, 401, 429]
    limits.forget_old()


def _file() -> Any:
    from tests.files import picture, upload

    return upload("farm.jpg", picture("JPEG"))
