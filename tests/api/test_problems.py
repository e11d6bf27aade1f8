"""Whatever goes wrong under /api/ is a problem (RFC 9457), whoever finds it: the API, Django, or what stands before."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from colorizer.api import albums
from colorizer.models import Album, Photo, User
from tests.api.conftest import bearing, token_of

MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said.keys() >= MEMBERS
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:heirloom:problem:{code}")
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    return said


@pytest.mark.parametrize("path", ["/api/", "/api/v2/", "/api/v1/nothing", "/api/v1/photos/x", "/api/v1/%00"])
@pytest.mark.django_db
def test_an_address_that_is_not_there(path: str) -> None:
    assert_problem(Client().get(path), 404, "not_found")


def test_a_method_that_is_not_meant(as_editor: Client, photo: Photo) -> None:
    answer = as_editor.put(f"/api/v1/photos/{photo.pk}")
    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "PATCH", "DELETE"}


@pytest.mark.parametrize("body", ["", "{", "[1,", '"\ud800', b"\xff\xfe", "{'a': 1}"])
def test_a_body_that_is_no_json(as_editor: Client, body: Any) -> None:
    content = body if isinstance(body, bytes) else body.encode(errors="surrogatepass")
    answer = as_editor.generic("POST", "/api/v1/albums", content, "application/json")
    assert_problem(answer, 422 if body == "" else 400, "invalid" if body == "" else "bad_json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_a_body_of_another_kind(as_editor: Client, kind: str) -> None:
    answer = as_editor.generic("POST", "/api/v1/albums", '{"title": "x"}', kind)
    assert_problem(answer, 415, "media_type")
    assert not Album.objects.exists()


def test_a_body_that_is_far_too_long(as_editor: Client) -> None:
    said = json.dumps({"title": "x", "description": "x" * 3_000_000})
    assert_problem(as_editor.post("/api/v1/albums", said, "application/json"), 413, "too_large")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_form_that_is_cut_off_or_has_no_bounds(as_editor: Client, kind: str) -> None:
    answer = as_editor.generic("POST", "/api/v1/photos", b"--x\r\nContent-Disposition: form-data; na", kind)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code, "invalid" if answer.status_code == 422 else "bad_multipart")


def test_a_host_that_is_not_ours(as_editor: Client) -> None:
    assert_problem(as_editor.get("/api/v1/", headers={"Host": "evil.example"}), 400, "bad_request")


def test_a_fault_of_ours_tells_nothing_of_itself(
    as_editor: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(albums, "next_page", _break)
    as_editor.raise_request_exception = False
    answer = as_editor.get("/api/v1/albums")
    assert_problem(answer, 500, "internal")
    assert b"the secret" not in answer.content
    assert "the secret" in caplog.text


def test_a_database_that_is_away(as_editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(albums, "next_page", _away)
    as_editor.raise_request_exception = False
    answer = as_editor.get("/api/v1/albums")
    assert_problem(answer, 503, "away")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db
def test_the_words_are_in_the_readers_language_and_the_code_is_not(owner: User) -> None:
    german = bearing(token_of(owner), **{"Accept-Language": "de"})
    said = assert_problem(german.post("/api/v1/albums", "{}", "application/json"), 422, "invalid")
    assert said["title"] == "Etwas in dieser Anfrage ist nicht gültig."
    assert said["errors"] == [{"field": "title", "code": "missing", "message": "Dies fehlt."}]
    assert assert_problem(german.get("/api/nowhere"), 404, "not_found")["title"] == "Hier ist nichts."
    assert assert_problem(german.put("/api/v1/"), 405, "method_not_allowed")["title"] == "Das geht hier nicht."


def test_what_is_right_is_kept_by_no_cache_either(as_editor: Client) -> None:
    assert as_editor.get("/api/v1/")["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_the_pages_keep_their_own_words(client: Client) -> None:
    assert client.get("/nowhere")["Content-Type"].startswith("text/html")


def _break(*args: Any) -> str:
    raise RuntimeError("the secret")


def _away(*args: Any) -> str:
    raise OperationalError("server closed the connection unexpectedly")
