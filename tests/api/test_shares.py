"""Share links by program: made, listed, ended."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from colorizer.models import Photo, Share, User
from colorizer.services import sharing
from tests.api.conftest import Program


def make(client: Client, photo: Photo, what: str = "photos", **how: object) -> dict[str, object]:
    pk = photo.pk if what == "photos" else photo.album_id
    made = client.post(f"/api/v1/{what}/{pk}/shares", json.dumps(how), "application/json")
    assert made.status_code == 201, made.content
    said: dict[str, object] = made.json()
    return said


@pytest.mark.parametrize("what", ["photos", "albums"])
def test_a_link_works_for_who_has_it_until_it_is_ended(as_editor: Client, photo: Photo, what: str) -> None:
    made = make(as_editor, photo, what)
    address = str(made["url"]).removeprefix("http://testserver")
    assert Client().get(address).status_code == 200
    assert as_editor.delete(f"/api/v1/shares/{made['id']}").status_code == 204
    assert Client().get(address).status_code == 404
    assert as_editor.get("/api/v1/shares").json()["items"] == []


def test_the_link_is_told_once(as_editor: Client, photo: Photo) -> None:
    made = make(as_editor, photo)
    (listed,) = as_editor.get("/api/v1/shares").json()["items"]
    assert {key: value for key, value in made.items() if key != "url"} == listed
    assert str(made["url"]).rsplit("/", 2)[-2] not in json.dumps(listed)


def test_a_link_works_as_it_is_asked_to(as_editor: Client, photo: Photo) -> None:
    make(as_editor, photo, days=7, password="the blue box", can_download=True, tells_story=True)
    share = Share.objects.get()
    assert (share.can_download, share.tells_story) == (True, True)
    assert sharing.unlock(share=share, password="the blue box")
    assert timedelta(days=6) < share.expires_at - timezone.now() <= timedelta(days=7)  # type: ignore[operator]
    assert make(as_editor, photo, days=None)["expires_at"] is None


@pytest.mark.parametrize(
    "how", [{"days": 0}, {"days": 366}, {"password": "short"}, {"created_by": 1}, {"public": True}]
)
def test_a_link_that_makes_no_sense_is_not_made(as_editor: Client, photo: Photo, how: dict[str, object]) -> None:
    path = f"/api/v1/photos/{photo.pk}/shares"
    assert as_editor.post(path, json.dumps(how), "application/json").status_code == 422
    assert not Share.objects.exists()


def test_nobody_shares_or_unshares_what_is_anothers(
    program: Program, as_editor: Client, viewer: User, stranger: User, photo: Photo
) -> None:
    """CVE-2026-57943: a share set without asking whose the photo is."""
    made = make(as_editor, photo)
    for user, status in ((stranger, 404), (viewer, 403)):
        client = program(user)
        assert client.post(f"/api/v1/photos/{photo.pk}/shares", "{}", "application/json").status_code == status
        assert client.post(f"/api/v1/albums/{photo.album_id}/shares", "{}", "application/json").status_code == status
        assert client.delete(f"/api/v1/shares/{made['id']}").status_code == status
    assert Share.objects.get().revoked_at is None
