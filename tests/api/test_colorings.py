"""Versions of a photo by programs: asked for, listed, chosen, named."""

import json
from typing import Any

from django.test import Client

from colorizer.models import Coloring, Photo, Status
from tests.views.conftest import add_colour

RED = {"x": 0.5, "y": 0.25, "colour": "#a02020", "note": "red, says aunt Ida"}


def send(client: Client, address: str, body: dict[str, Any], how: str = "post") -> Any:
    return getattr(client, how)(address, json.dumps(body), content_type="application/json")


def test_a_photo_is_coloured_with_what_is_known(as_editor: Client, photo: Photo) -> None:
    address = f"/api/v1/photos/{photo.pk}/colorings"
    answer = send(
        as_editor, address, {"pins": [RED], "vividness": 1.5, "warmth": -3, "guess": [20, 5], "name": "Ida's"}
    )
    assert answer.status_code == 201
    made = answer.json()
    assert answer["Location"] == made["links"]["self"]
    assert int(answer["Retry-After"]) >= 1
    assert made["pins"] == [RED | {"radius": 0.01, "on": True}]
    assert (made["vividness"], made["warmth"], made["title"], made["is_automatic"]) == (1.5, -3, "Ida's", False)
    assert made["guess"] == [20, 5]
    assert made["based_on"] == str(photo.shown_id)
    again = send(as_editor, address, {"warmth": 3})
    assert (again.status_code, again.json()["code"]) == (409, "coloring_open")
    listed = as_editor.get(address).json()["items"]
    assert [each["id"] for each in listed] == [made["id"], str(photo.shown_id)]


def test_what_is_wrong_is_named_place_by_place(as_editor: Client, photo: Photo) -> None:
    wrong = {"pins": [RED, RED | {"x": 2}], "warmth": 21, "luck": 1}
    answer = send(as_editor, f"/api/v1/photos/{photo.pk}/colorings", wrong)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert {each["field"] for each in answer.json()["errors"]} == {"pins.1.x", "warmth", "luck"}
    assert not photo.colorings.filter(status=Status.QUEUED).exists()


def test_a_version_is_chosen_named_and_fetched(as_editor: Client, reader: Client, photo: Photo) -> None:
    older = photo.shown
    add_colour(photo)
    newer = photo.shown
    assert older
    assert newer
    address = f"/api/v1/colorings/{older.pk}"
    assert send(reader, f"{address}/show", {}).status_code == 403
    assert as_editor.post(f"{address}/show").json()["is_shown"] is True
    photo.refresh_from_db()
    assert photo.shown == older
    assert send(as_editor, address, {"name": "First"}, "patch").json()["title"] == "First"
    body = b"".join(reader.get(f"/api/v1/colorings/{newer.pk}/result").streaming_content)  # type: ignore[attr-defined]
    assert body == f"colour full {photo.pk}".encode()
    waiting = Coloring.objects.create(photo=photo)
    refused = as_editor.post(f"/api/v1/colorings/{waiting.pk}/show")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_done")
