"""The upload's answers, and an upload that breaks off in the middle."""

import json
import socket
import time
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from django.conf import settings
from django.test import Client
from django.urls import reverse

from colorizer import dispatch, storage
from colorizer.models import Album, Family, Original, Photo, Queue, Role, User
from colorizer.services import tokens, trash
from tests.conftest import member
from tests.files import picture, upload
from tests.services.test_intake import REFUSED
from tests.stack import done, wait_for
from tests.views.conftest import MOST_MEGABYTES
from webapp.body_limit import FORM_MB, TAKES_FILES, BodyLimit, declared

SOME_ALBUM = f"/albums/{UUID(int=0)}/upload/"


@pytest.fixture
def address(album: Album) -> str:
    return reverse("upload", args=[album.pk])


def send(client: Client, address: str, name: str = "farm.jpg", content: bytes | None = None, **more: str) -> Any:
    return client.post(address, {"file": upload(name, picture("JPEG") if content is None else content)} | more)


def test_a_photo_that_is_taken_comes_back_as_its_tile(as_editor: Client, address: str) -> None:
    answer = send(as_editor, address)
    photo = Photo.objects.get()
    assert answer.status_code == 201
    assert answer.json()["photo"] == str(photo.pk)
    assert f'id="photo-{photo.pk}"' in answer.json()["tile"]


@pytest.mark.parametrize(("name", "content", "code", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_why_and_what_to_do(
    as_editor: Client, address: str, name: str, content: bytes, code: str, status: int
) -> None:
    answer = send(as_editor, address, name, content)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert len(answer.json()["message"]) > 20
    assert not Photo.objects.exists()


def test_a_file_that_is_here_already_is_led_to(as_editor: Client, address: str) -> None:
    send(as_editor, address)
    answer = send(as_editor, address, "copy.jpg")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_here")
    assert answer.json()["photo"] == reverse("photo", args=[Photo.objects.get().pk])


def test_a_file_that_lies_in_the_trash_is_led_to_there(as_editor: Client, address: str) -> None:
    send(as_editor, address)
    trash.delete_photo(photo=Photo.objects.get())
    answer = send(as_editor, address)
    assert (answer.status_code, answer.json()["photo"]) == (409, reverse("trash"))


def test_no_file_is_a_refusal_too(as_editor: Client, address: str) -> None:
    assert as_editor.post(address, {"file": "not a file"}).json()["code"] == "missing"


@pytest.mark.parametrize("position", ["", "-1", "x", "1e9", "²", "9" * 30])
def test_a_position_that_makes_no_sense_does_no_harm(as_editor: Client, address: str, position: str) -> None:
    assert send(as_editor, address, position=position).status_code == 201


def test_a_position_behind_the_first_goes_to_the_bulk(as_editor: Client, address: str) -> None:
    send(as_editor, address, position="4")
    assert Original.objects.get().queue == Queue.BULK


def test_the_owner_is_the_one_who_is_signed_in_whatever_the_form_says(
    as_editor: Client, editor: User, stranger: User, address: str
) -> None:
    family = stranger.families.get()
    send(as_editor, address, uploaded_by=str(stranger.pk), family=str(family.pk))
    original = Original.objects.get()
    assert (original.uploaded_by, original.family) != (stranger, family)
    assert original.uploaded_by == editor


@pytest.mark.parametrize(
    "name", ["../../../evil.jpg", "<img src=x onerror=alert(1)>.jpg", "x" * 300 + ".jpg", "👵.jpg"]
)
def test_a_name_does_no_harm_on_the_page(as_editor: Client, album: Album, address: str, name: str) -> None:
    tile = send(as_editor, address, name).json()["tile"]
    page = as_editor.get(reverse("album", args=[album.pk])).content.decode()
    for html in (tile, page):
        assert "<img src=x" not in html
        assert "../" not in html


def test_without_a_broker_an_upload_is_taken_all_the_same_and_soon(
    as_editor: Client,
    address: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    lonely = Celery("lonely", set_as_current=False)
    lonely.config_from_object("django.conf:settings", namespace="CELERY")
    lonely.conf.broker_url = "redis+socket:///nowhere/broker.sock"
    monkeypatch.setattr(dispatch, "producer", lonely)
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        assert send(as_editor, address).status_code == 201
    assert time.monotonic() - began < 2
    assert Original.objects.get().sent_at is None


def test_an_upload_cut_off_in_the_middle_leaves_nothing_behind(web: int) -> None:
    album = Album.objects.create(family=Family.objects.create(name="Lindqvist"), title="The lake")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member(album.family, Role.EDITOR))
    token = browser.get(reverse("album", args=[album.pk])).cookies["csrftoken"].value
    before = {file.key for file in storage.originals().files()}
    head = (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="farm.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    cookies = f"csrftoken={token}; {settings.SESSION_COOKIE_NAME}={browser.session.session_key}"
    request = (
        f"POST {reverse('upload', args=[album.pk])} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"X-CSRFToken: {token}\r\nContent-Type: multipart/form-data; boundary=cut\r\nContent-Length: 9000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", web)) as line:
        line.sendall(request.encode() + head + picture("JPEG") + bytes(3_000_000))

    # The server still answers others, and what it began is gone.
    with socket.create_connection(("127.0.0.1", web), timeout=20) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert line.recv(12) == b"HTTP/1.1 200"
    wait_for(lambda: {file.key for file in storage.originals().files()} == before, what="nothing left")
    assert not list(storage.originals().half_written())
    assert not Original.objects.exists()
    whole = browser.post(
        reverse("upload", args=[album.pk]),
        {"file": upload("farm.jpg", picture("JPEG"))},
        headers={"X-CSRFToken": token},
    )
    assert whole.status_code == 201


@pytest.mark.parametrize(
    ("path", "language", "megabytes", "member", "words"),
    [
        (SOME_ALBUM, "en", MOST_MEGABYTES, "message", "larger than 30 megabytes"),
        (SOME_ALBUM, "de", MOST_MEGABYTES, "message", "30"),
        ("/api/v1/photos", "de", MOST_MEGABYTES, "detail", "30"),
        ("/accounts/login/", "en", FORM_MB, "message", "larger than 2 megabytes"),
        ("/api/v1/colours", "en", FORM_MB, "detail", "larger than 2 megabytes"),
        ("/nowhere", "en", FORM_MB, "message", "larger than 2 megabytes"),
    ],
)
def test_a_body_larger_than_its_address_takes_is_read_to_its_end_and_kept_nowhere(
    web: int, path: str, language: str, megabytes: int, member: str, words: str
) -> None:
    chunk, times = bytes(1_000_000), megabytes + 2
    with socket.create_connection(("127.0.0.1", web), timeout=30) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: {language}\r\nConnection: close\r\n"
        line.sendall(f"{head}Content-Length: {len(chunk) * times}\r\n\r\n".encode())
        for _ in range(times):
            line.sendall(chunk)
        answer = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert words in json.loads(answer.partition("\r\n\r\n")[2])[member]
    assert ("application/problem+json" in answer) == path.startswith("/api/")


@pytest.mark.parametrize("name", sorted(TAKES_FILES))
@pytest.mark.usefixtures("shared_database")
def test_a_body_as_large_as_a_photo_is_taken_where_files_are_sent(name: str) -> None:
    family = Family.objects.create(name="Lindqvist")
    editor, browser = member(family, Role.EDITOR), Client()
    browser.force_login(editor)
    token = tokens.create(family=family, user=editor, name="scanner", scopes=["write"])
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.session.session_key}"
    known = {"authorization": f"Bearer {token}"} if name.startswith("api:") else {"cookie": cookie}
    path = reverse(name, args=[UUID(int=0)] if name in ("upload", "dataset_add") else [])
    assert taken(path, **known) == (settings.HEIRLOOM_MAX_FILE_MB * 1_000_000, b"all of it")


@pytest.mark.parametrize("name", sorted(TAKES_FILES))
@pytest.mark.parametrize(
    "unknown", [{}, {"cookie": f"{settings.SESSION_COOKIE_NAME}=made-up"}, {"authorization": "Bearer heirloom_made-up"}]
)
@pytest.mark.usefixtures("shared_database")
def test_of_someone_who_is_not_signed_in_no_file_is_taken(name: str, unknown: dict[str, str]) -> None:
    path = reverse(name, args=[UUID(int=0)] if name in ("upload", "dataset_add") else [])
    assert taken(path, **unknown) == (0, b"")


def taken(path: str, **headers: str) -> tuple[int, bytes]:
    """How long a body Django is told of, and what of it it is given: of the largest that is taken."""
    came: list[tuple[int, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        came.append((declared(scope), (await receive())["body"]))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"all of it", "more_body": False}

    headers |= {"content-length": str(settings.HEIRLOOM_MAX_FILE_MB * 1_000_000)}
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b""}
    scope |= {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    done(BodyLimit(app)(scope, receive, None))  # type: ignore[arg-type]
    return came[0]


def test_a_page_that_was_signed_out_and_sends_a_photo_is_told(web: int) -> None:
    chunk, times = bytes(1_000_000), 5
    with socket.create_connection(("127.0.0.1", web), timeout=30) as line:
        head = f"POST {SOME_ALBUM} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += f"Cookie: csrftoken={'a' * 32}\r\nX-CSRFToken: {'a' * 32}\r\nAccept: application/json\r\n"
        head += "Content-Type: multipart/form-data; boundary=cut\r\n"
        line.sendall(f"{head}Content-Length: {len(chunk) * times}\r\n\r\n".encode())
        for _ in range(times):
            line.sendall(chunk)
        answer = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 401"), answer
    assert "sign in again" in answer


def test_a_body_that_does_not_say_its_length_is_not_taken(web: int) -> None:
    with socket.create_connection(("127.0.0.1", web), timeout=30) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        assert line.recv(12) == b"HTTP/1.1 413"
