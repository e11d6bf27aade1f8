"""What is written down: lines that name the request and the job, and nothing that is a family's own."""

import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from colorizer.models import Album, Family, Role, User
from colorizer.services import account, sharing
from tests.conftest import PASSWORD, Stack, make_photo
from tests.stack import done, wait_for
from webapp import logs
from webapp.request_id import HEADER, RequestId, id_of

SECRET_NAME = "grandma-at-the-lake-1931.jpg"


class Written(logging.Handler):
    """Every line as it would be written."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(params=[logs.JsonFormatter, logs.LineFormatter])
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    handler = Written(request.param())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


# --- The form of a line -------------------------------------------------------------------------------------------


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("heirloom", logging.INFO, __file__, 1, message, args, more.pop("exc_info", None))
    vars(made).update(more)
    return made


def test_a_json_line_holds_time_level_message_and_the_requests_id() -> None:
    token = logs.request_id.set("a-request-1")
    try:
        line = json.loads(logs.JsonFormatter().format(record("Done in\n%s s", 3, status=200)))
    finally:
        logs.request_id.reset(token)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {
        "level": "INFO", "logger": "heirloom", "message": "Done in\n3 s", "request": "a-request-1", "status": 200,
    }  # fmt: skip


def test_an_error_brings_its_traceback_in_the_same_line() -> None:
    try:
        raise ValueError("of somebody@example.org")
    except ValueError as error:
        told = logs.JsonFormatter().format(record("It broke.", exc_info=(type(error), error, error.__traceback__)))
    assert "\n" not in told
    assert "ValueError: of [address]" in json.loads(told)["error"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("refused: {'oma.maria+album@mail.example.org': 550}", "refused: {'[address]': 550}"),
        ("GET /invites/dGhpcyBpcyBhIHRva2VuIDEyMw/ ended", "GET /invites/[token]/ ended"),
        ("/accounts/password/reset/key/1-cq7zjx-5b3e0f2a9d8c7b6a/", "/accounts/password/reset/key/[token]/"),
        ("/accounts/confirm-email/MQ:1uXyzA:abcDEF123_-x/ ", "/accounts/confirm-email/[token]/ "),
        ("Authorization: Bearer hl_9f8e7d6c", "Authorization: Bearer [secret]"),
        ("?X-Amz-Signature=0123abcd&x=1", "?X-Amz-Signature=[secret]&x=1"),
        ("redis://:pass@queue.example.org:6379/0", "redis://:[address]:6379/0"),
        ("photos/0d8c7f0e-1111-2222-3333-444455556666/grey-480.webp", None),
        ("worker@host.example.org lost photo 0d8c7f0e-1111-2222-3333-444455556666:1", None),
        ('File "/opt/venv/lib/python3.11/site-packages/django/core/handlers/exception.py", line 5', None),
    ],
)
def test_addresses_and_tokens_are_left_out_and_ids_are_kept(text: str, clean: str | None) -> None:
    assert logs.clean(text) == (clean or text)


# --- The id of a request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [b"", b"short", b"x" * 65, b"with space in it", b"line\nbreak-it", b"<script>alert"])
def test_an_id_that_is_not_well_formed_is_replaced(given: bytes) -> None:
    assert re.fullmatch("[0-9a-f]{32}", id_of(given))


def test_a_well_formed_id_of_a_proxy_is_kept_and_given_back() -> None:
    sent: list[dict[str, Any]] = []
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(logs.request_id.get())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b""})

    async def ask() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError("nothing is read")

        await RequestId(app)({"type": "http", "headers": [(HEADER, b"proxy-12345678")]}, receive, send)

    done(ask())
    assert seen == ["proxy-12345678"]
    assert sent[0]["headers"] == [(b"a", b"b"), (HEADER, b"proxy-12345678")]


# --- What pages leave behind --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_request_leaves_its_pattern_status_and_time(client: Client, written: Written, owner: User) -> None:
    client.force_login(owner)
    client.get("/families/0d8c7f0e-1111-2222-3333-444455556666/")
    [line] = [line for line in written.lines if "/families/" in line]
    assert re.search(r"GET /families/<uuid:pk>/ 404 in [\d.]+ s", line)


@pytest.mark.django_db
def test_no_line_holds_a_token_an_address_or_a_files_name(
    client: Client, written: Written, family: Family, album: Album, owner: User
) -> None:
    token = account.create_invite(family=family, role=Role.EDITOR, by=owner)
    _, shared = sharing.create(by=owner, album=album, lasts=None, password="lake-1931-lake")
    client.get(f"/s/{shared}/")
    client.get(f"/s/{shared}")
    client.post(f"/s/{shared}/unlock/", {"password": "not-lake-1931"})
    client.get(f"/s/{shared}/download/")
    client.get("/api/v1/albums", headers={"Authorization": "Bearer hl_0123456789abcdef"})
    client.get(f"/invites/{token}/")
    client.get(f"/invites/{token}")
    client.get(f"/invites/{token}x/")
    client.post("/accounts/login/", {"login": owner.email, "password": "wrong-" + PASSWORD})
    client.post("/accounts/password/reset/", {"email": owner.email})
    client.get("/accounts/password/reset/key/1-cq7zjx5b3e0f2a9d8c7b6a/")
    client.force_login(owner)
    client.post(f"/albums/{album.pk}/upload/", {"file": make_photo(SECRET_NAME)})
    client.get(f"/nowhere/{token}/{SECRET_NAME}?email={owner.email}&token={token}")
    text = "\n".join(written.lines)
    assert text
    assert token not in text
    assert shared not in text
    assert "lake-1931" not in text
    assert "hl_0123456789abcdef" not in text
    assert "GET /s/<str:token>/ " in text
    assert owner.email not in text
    assert SECRET_NAME not in text
    assert "1-cq7zjx5b3e0f2a9d8c7b6a" not in text


@pytest.mark.django_db
def test_a_page_that_breaks_is_written_down_without_its_address(
    client: Client, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("It broke for oma@example.org.")

    monkeypatch.setattr("webapp.health.broker_answers", broken)
    client.raise_request_exception = False
    assert client.get("/readyz?token=abcdefgh12345678").status_code == 500
    text = "\n".join(line for line in written.lines if "django.request" in line)
    assert "RuntimeError: It broke for [address]" in text
    assert "/readyz" in text
    assert "abcdefgh12345678" not in "\n".join(written.lines)


# --- What the real processes write --------------------------------------------------------------------------------


def lines_of(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict)]


@pytest.mark.worker
def test_the_web_servers_lines_name_the_request_that_was_answered(live_stack: Stack) -> None:
    log = live_stack.web.log
    before = log.stat().st_size  # what other tests made it say, letters among it
    ask = urllib.request.Request(f"{live_stack.url}/nowhere-at-all/", headers={"X-Request-ID": "from-a-proxy-1"})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(ask, timeout=30)
    with answer.value:
        assert answer.value.headers["X-Request-ID"] == "from-a-proxy-1"

    def told() -> list[dict[str, Any]]:
        return [line for line in lines_of(log) if line.get("request") == "from-a-proxy-1" and "route" in line]

    [line] = wait_for(told)
    assert (line["route"], line["status"], line["method"]) == ("(no such page)", 404, "GET")
    since = log.read_bytes()[before:].decode().splitlines()
    assert [line for line in since if line.strip() and not line.startswith("{")] == []
