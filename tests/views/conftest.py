"""A photo in colour with all its files, people who are signed in, and the real web server."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from colorizer import storage
from colorizer.models import Album, Coloring, Original, Photo, Status, User
from colorizer.services import sharing
from tests.conftest import _listens
from tests.files import picture
from tests.stack import Process, free_port, wait_for

from .shares import Give

SignIn = Callable[[User | None], Client]


def make_photo(album: Album, *, shade: int = 0, coloured: bool = True, **fields: Any) -> Photo:
    """A photo of ``album`` that is ready, in colour if so wished, with small files under all its keys."""
    content = picture("JPEG", shade=shade)
    original = Original(family=album.family, sha256=f"{album.pk.hex}{shade:032}", format="jpeg", size=len(content))
    original.name, original.status = "farm.jpg", Status.DONE
    original.key = storage.original_key(album.family_id, original.pk, "jpeg")
    original.save()
    ready = {"state": Photo.State.READY, "width": 60, "height": 40}
    photo = Photo.objects.create(original=original, album=album, **ready | fields)
    storage.originals().save(original.key, ContentFile(content))
    for size in (*storage.SIZES, "zoom"):
        storage.results().save(storage.grey_key(photo, size), ContentFile(f"grey {size} {shade}".encode()))
    if coloured:
        add_colour(photo)
    return photo


def add_colour(photo: Photo) -> None:
    coloring = Coloring.objects.create(photo=photo, status=Status.DONE, has_field=True)
    storage.results().save(storage.field_key(coloring), ContentFile(f"field {photo.pk}".encode()))
    for size in (*storage.SIZES, "zoom", "full"):
        content = f"colour {size} {photo.pk}".encode()
        storage.results().save(storage.result_key(coloring, size), ContentFile(content))
    coloring.key, coloring.size = storage.result_key(coloring, "full"), len(f"colour full {photo.pk}")
    coloring.save()
    photo.shown = coloring
    photo.save()


@pytest.fixture
def photo(album: Album) -> Photo:
    return make_photo(album)


class Browser(Client):
    """It closes what it has not read to the end, as browsers do."""

    answers: list[Any]

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        self.answers.append(answer)
        return answer


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    """A browser in which someone is signed in, or nobody."""
    answers: list[Any] = []

    def browser(user: User | None) -> Client:
        client = Browser()
        client.answers = answers
        if user:
            client.force_login(user)
        return client

    yield browser
    for answer in answers:
        for close in answer._resource_closers:  # without the signals that a whole close() sends
            close()


@pytest.fixture
def as_editor(sign_in: SignIn, editor: User) -> Client:
    return sign_in(editor)


@pytest.fixture
def as_viewer(sign_in: SignIn, viewer: User) -> Client:
    return sign_in(viewer)


@pytest.fixture
def visitor(db: None) -> Client:
    """The browser of someone outside the family."""
    return Client()


@pytest.fixture
def give(editor: User) -> Give:
    """Make a share; what comes back is its address."""

    def give(**chosen: Any) -> str:
        return reverse("share", args=[sharing.create(by=editor, **{"lasts": timedelta(days=1)} | chosen)[1]])

    return give


WEB = "heirloom-web-alone"
MOST_MEGABYTES = 30
"""That it takes in one file."""


@pytest.fixture(scope="session")
def _web(_shared_database: None) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    collect = Process("collectstatic", sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    assert collect.process.wait() == 0, collect.log.read_text()
    web = Process("web-alone", *command, environment={"PGAPPNAME": WEB, "HEIRLOOM_MAX_FILE_MB": str(MOST_MEGABYTES)})
    wait_for(lambda: _listens(port), what=f"the web server: see {web.log}")
    yield port
    web.stop()


@pytest.fixture
def web(_web: int, shared_database: None) -> int:
    """The port of the real server, without a worker."""
    return _web
