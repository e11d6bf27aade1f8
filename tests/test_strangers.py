"""The whole table of addresses and the API, walked by everybody whom it should tell nothing: an address without a rule
here fails.

Of FIELD-NOTES' attacks these are at home here: an id on a side endpoint that skips the question whose it is (Wagtail
CVE-2026-54259 and its sisters), a delete behind a read check, an owner taken from the request, a token that is expired
(CVE-2026-35462) or raises its own rights (CVE-2026-23896).
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from colorizer import limits
from colorizer.api import caller
from colorizer.api.urls import api
from colorizer.models import Family, Role, Scope, Token, User
from colorizer.services import consent
from tests.api.conftest import bearing, token_of
from tests.conftest import member
from tests.files import picture, upload
from tests.table import OF_THE_PHOTOS, OFFERED, SECRETS, House, Route, body_of, build, table
from tests.views.test_rights import RULES

METHODS = {"api": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), "": ("GET", "POST", "DELETE")}
"""What each part of the site is asked with; the pages know no more than the second."""
POTENT = {
    "title": "Mine",
    "name": "Mine",
    "caption": "Mine",
    "role": "owner",
    "answer": "colour",
    "lasts": "ever",
    "post": "yes",
    "scopes": "read",
    "days": "9",
}
"""A form that would change something wherever it is taken."""
OPEN_TO_ALL = {"healthz", "readyz", "metrics", "set_language"}
"""What a monitor and a visitor may ask for; it knows of no family."""
PARTS = {"i18n", "accounts", "admin", "workshop", "api"}
"""Parts of the site that are not the family's own: signing in, the admin section, the workshop, programs."""


@pytest.fixture
def house(db: None, monkeypatch: pytest.MonkeyPatch) -> House:
    for owner, name in ((caller, "RATE"), (caller, "UNKNOWN_RATE"), (limits, "UPLOADS")):
        monkeypatch.setattr(owner, name, "1000000/s")
    return build()


def browser(user: User | None) -> Callable[[], Client]:
    def fresh() -> Client:
        client = Client(raise_request_exception=False)
        if user:
            client.force_login(user)
        return client

    return fresh


def outsiders(house: House) -> dict[str, Callable[[], Client]]:
    """Who comes: each time anew, since some addresses sign one out."""
    other = member(Family.objects.create(name="Okafor"), Role.OWNER)
    root = User.objects.create_superuser("root@example.org", "an old box of photos")
    Family.objects.create(name="Root's own").memberships.create(user=root, role=Role.OWNER)
    expired = token_of(house.owner)
    Token.objects.filter(name="Program").update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked = token_of(house.owner)
    Token.objects.latest("pk").delete()
    others, roots, own = token_of(other), token_of(root), token_of(house.owner)
    return {
        "nobody": browser(None),
        "another family's owner": browser(other),
        "a superuser": browser(root),
        "an expired token": lambda: bearing(expired),
        "a revoked token": lambda: bearing(revoked),
        "another family's token": lambda: bearing(others),
        "a superuser's token": lambda: bearing(roots),
        "the owner's own token": lambda: bearing(own),
    }


TO_PAGES = ("nobody", "another family's owner", "a superuser", "the owner's own token")
"""To pages no token opens anything, not even one that is good."""
TO_API = (
    "nobody",
    "another family's owner",
    "a superuser",
    "an expired token",
    "a revoked token",
    "another family's token",
    "a superuser's token",
)


# --- The table ----------------------------------------------------------------------------------------------------


def test_every_address_belongs_to_a_part_that_has_its_rule() -> None:
    """The family's own have a line in RULES, the API's a scope in its description; the rest is named above."""
    described = {path.removeprefix("/").replace("{", "<uuidstr:").replace("}", ">") for path in api_paths()}
    described |= {text.replace("<uuidstr:name>", "<name>") for text in described} | {"api/v1/openapi.json"}
    unknown = [
        route
        for route in table()
        if not (route.name in OPEN_TO_ALL or route.part in PARTS or (route.name in RULES and route.part != "api"))
        or (route.part == "api" and route.text not in described)
    ]
    assert unknown == []


@pytest.mark.parametrize("who", TO_PAGES)
def test_who_is_not_of_the_family_sees_and_changes_nothing_of_it_on_any_page(house: House, who: str) -> None:
    walk(house, who, [route for route in table() if route.part != "api"])


@pytest.mark.parametrize("who", TO_API)
def test_who_is_not_of_the_family_sees_and_changes_nothing_of_it_through_the_api(house: House, who: str) -> None:
    walk(house, who, [route for route in table() if route.part == "api"])


def walk(house: House, who: str, routes: list[Route]) -> None:
    come = outsiders(house)[who]
    before = house.state()
    for route in routes:
        address = house.address(route.text) + (
            f"?album={house.album.pk}" if route.text in {"events/", "changes/"} else ""
        )
        client, written = come(), rows_written()
        for method in METHODS.get(route.part, METHODS[""]):
            answer = ask(client, method, address)
            assert answer.status_code != 500 or route.part == "admin", (who, method, address)
            said = body_of(answer)
            for secret in kept_from(who, route.part):
                assert secret not in said, (who, method, address)
        assert rows_written() == written or house.state() == before, (who, address)


def rows_written() -> int:
    """By this connection so far, of whatever table, even if taken back. Cheaper to ask than what the family has."""
    return int(connection.connection.total_changes)


def kept_from(who: str, part: str) -> Sequence[str]:
    """The site's own admin knows who is there; in the workshop they see the one photo that was offered, bare."""
    if who == "a superuser" and part == "admin":
        return OF_THE_PHOTOS
    return [each for each in SECRETS if each != OFFERED] if who == "a superuser" and part == "workshop" else SECRETS


def test_who_teaches_sees_an_offered_photo_until_it_is_withdrawn(house: House) -> None:
    """Of the family nothing else is told. Staff without a role, and members, find nothing there."""
    curator = User.objects.create_user("curator@example.org")
    curator.groups.set(Group.objects.filter(name="curator"))
    staff = User.objects.create_user("staff@example.org", is_staff=True)
    workshop = [house.address(route.text) for route in table() if route.part == "workshop"]
    seen = "".join(body_of(browser(curator)().get(address)) for address in workshop)
    assert [secret for secret in SECRETS if secret in seen] == [OFFERED]
    for other in (staff, house.owner, house.viewer):
        assert {browser(other)().get(address).status_code for address in workshop} == {404}
    consent.withdraw(consent=house.consent, by=house.owner)
    seen = "".join(body_of(browser(curator)().get(address)) for address in workshop)
    assert [secret for secret in SECRETS if secret in seen] == []


def test_a_viewer_sees_and_changes_nothing_anywhere(house: House) -> None:
    secret = token_of(house.viewer)
    before = house.state()
    for route in table():
        address = house.address(route.text)
        client = bearing(secret) if route.part == "api" else browser(house.viewer)()
        written = rows_written()
        for method in METHODS.get(route.part, METHODS[""]):
            ask(client, method, address)
        Token.objects.filter(user=house.viewer, name="Mine").delete()  # which they may make
        assert rows_written() == written or house.state() == before, address


def test_this_walk_would_notice(house: House) -> None:
    """The owner's own walk sees every secret, and changes something: else the others' would prove nothing."""
    before, seen = house.state(), ""
    for route in table():
        if route.part in {"albums", "photos", "families", "api"}:
            seen += body_of(browser(house.owner)().get(house.address(route.text)))
    assert [secret for secret in SECRETS if secret not in seen] == []
    ask(browser(house.owner)(), "POST", f"/photos/{house.photo.pk}/edit/")
    assert house.state() != before


def ask(client: Client, method: str, address: str) -> Any:
    if method in ("POST", "PUT", "PATCH"):
        form = "&".join(f"{key}={value}" for key, value in POTENT.items())
        return client.generic(method, address, form, "application/x-www-form-urlencoded")
    return client.generic(method, address)


# --- The API, by its own description ------------------------------------------------------------------------------


def api_paths() -> dict[str, Any]:
    paths: dict[str, Any] = api.get_openapi_schema()["paths"]
    return paths


OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, methods in api_paths().items()
    for method, operation in methods.items()
}


def call(client: Client, house: House, operation: str) -> Any:
    """The operation, about the family's things, with a body that is valid."""
    path, method, described = OPERATIONS[operation]
    address = house.address(path.removeprefix("/").replace("{", "<").replace("}", ">"))
    content = described.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        return client.post(address, {"file": upload("x.jpg", picture("JPEG", shade=9)), "album": str(house.album.pk)})
    body = ""
    if "application/json" in content:
        name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
        body = json.dumps(api.get_openapi_schema()["components"]["schemas"][name]["examples"][0])
    return client.generic(method.upper(), address, body, "application/json")


def scope_of(operation: str) -> str:
    (scopes,) = OPERATIONS[operation][2]["security"][0].values()
    return "".join(scopes)


def test_every_operation_takes_a_token() -> None:
    assert [name for name, (*_address, described) in OPERATIONS.items() if not described.get("security")] == []
    assert [name for name in OPERATIONS if not scope_of(name)] == ["who_am_i"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_kept_from_each_who_may_not(house: House, operation: str) -> None:
    come, before, scope = outsiders(house), house.state(), scope_of(operation)
    about_a_thing = "{" in OPERATIONS[operation][0] or operation == "upload"
    expected = {"nobody": 401, "another family's owner": 401, "a superuser": 401}
    expected |= {"an expired token": 401, "a revoked token": 401}
    if about_a_thing:
        expected |= {"another family's token": 404, "a superuser's token": 404}
    for who, status in expected.items():
        assert call(come[who](), house, operation).status_code == status, who
    for who in ("another family's token", "a superuser's token"):
        said = body_of(call(come[who](), house, operation))
        assert not [secret for secret in SECRETS if secret in said], who
    others = [each for each in Scope.values if each != scope]
    if scope:
        assert call(bearing(token_of(house.owner, *others)), house, operation).status_code == 403
    viewer = call(bearing(token_of(house.viewer)), house, operation)
    assert viewer.status_code == (403 if scope in ("write", "share") else 200)
    Token.objects.filter(family=house.family, name="Program").delete()
    assert house.state() == _without_programs(before)


def _without_programs(state: str) -> str:
    rows, family = json.loads(state)
    rows[4] = [row for row in rows[4] if row["name"] != "Program"]
    return json.dumps([rows, family])
