"""Where something that the site needs is away, it says so in a sentence, and that it will pass."""

import errno
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPMessage

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client

from colorizer import storage
from colorizer.models import Album, Original, User
from tests.conftest import PhotoFile
from tests.stack import Process, done, free_port
from webapp.body_limit import BodyLimit
from webapp.trouble import code_of


@pytest.fixture(scope="module")
def without_database() -> Iterator[str]:
    """A web process whose database is not there."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = f"postgres://nobody:secret@127.0.0.1:{free_port()}/nothing"
    web = Process("lonely-web", *command)
    if before is None:
        del os.environ["DATABASE_URL"]
    else:
        os.environ["DATABASE_URL"] = before
    web.when(lambda: web.said("startup complete"))
    yield f"http://127.0.0.1:{port}"
    web.stop()


def ask(url: str, **headers: str) -> tuple[int, HTTPMessage, str]:
    """Status, headers and text of the answer to someone who was signed in."""
    request = urllib.request.Request(url, headers={"Cookie": "sessionid=" + 32 * "a", **headers})
    with pytest.raises(urllib.error.HTTPError) as found:
        urllib.request.urlopen(request, timeout=60)
    with found.value as answer:
        return answer.code, answer.headers, answer.read().decode()


@pytest.mark.long
def test_a_process_without_its_database_says_that_it_is_away(without_database: str) -> None:
    asked = {
        "page": ("/albums/00000000-0000-4000-8000-000000000000/", {}),
        "page in German": ("/trash/", {"Accept-Language": "de"}),
        "script": ("/trash/", {"Accept": "application/json"}),
        "readiness": ("/readyz", {}),
    }
    with ThreadPoolExecutor() as side_by_side:  # each waits a while for the database to come back
        told = {
            name: side_by_side.submit(ask, without_database + path, **headers)
            for name, (path, headers) in asked.items()
        }
        with urllib.request.urlopen(f"{without_database}/healthz", timeout=10) as answer:
            assert answer.status == 200
    for name, each in told.items():
        status, headers, _ = each.result()
        assert status == 503, name
        assert name == "readiness" or headers["Retry-After"] == "30"
    _, headers, text = told["page"].result()
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "cannot reach its photos at the moment" in text
    assert "Heirloom kann" in told["page in German"].result()[2]
    _, headers, text = told["script"].result()
    assert headers["Content-Type"] == "application/json"
    assert json.loads(text)["code"] == "away"


def test_a_disk_that_is_full_refuses_an_upload_in_words_and_keeps_nothing(
    client: Client, editor: User, album: Album, photo_file: PhotoFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, file: SimpleUploadedFile) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage, "save_original", full)
    client.force_login(editor)
    client.raise_request_exception = False
    answer = client.post(f"/albums/{album.pk}/upload/", {"file": photo_file()}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")
    assert "no room left" in answer.json()["message"]
    assert not Original.objects.exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("the connection is closed"), "away"),
        (OperationalError("database or disk is full"), "no_room"),
        (ConnectionRefusedError(), "away"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no_room"),
        (ValueError("a bug"), "internal"),
        (None, "internal"),
    ],
)
def test_an_outage_is_told_from_a_bug(error: BaseException | None, code: str) -> None:
    assert code_of(error) == code


def test_what_an_error_came_from_counts() -> None:
    error = RuntimeError("cannot write")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert code_of(error) == "no_room"


@pytest.mark.parametrize("written", [1, 3], ids=["at its beginning", "at its end"])
def test_a_body_that_the_disk_has_no_room_for_is_answered(written: int) -> None:
    async def full(scope: object, receive: object, send: object) -> None:
        for _ in range(written):
            await receive()  # type: ignore[operator]
        raise OSError(errno.ENOSPC, "No space left on device")

    parts = [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return parts.pop(0)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [(b"content-length", b"3")]}
    done(BodyLimit(full)(scope, receive, send))
    assert parts == []
    assert sent[0]["status"] == 507
    assert b"no room left" in sent[1]["body"]  # type: ignore[operator]
