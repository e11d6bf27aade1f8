"""A real browser before the real site. What it complains of, and every request to another host, fails the test."""

import io
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from colorizer import dispatch, storage
from colorizer.models import Album, Coloring, Family, KeptColour, Original, Photo, Role, Status, User
from tests.conftest import Stack, member

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The former is the same browser without its windows, and needs half the time."""
PATIENCE = 40_000
"""Milliseconds: a busy machine colours slowly."""

# Playwright runs an event loop in this thread; Django would refuse the database here.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(
                    pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium-headless-shell")
                )


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}


class Complaints(list[str]):
    """What the browser's console says, and requests to other hosts."""

    def provoked(self, part: str) -> None:
        """Those with ``part`` in them are the test's own doing; there must be one."""
        others = [said for said in self if part not in said]
        assert len(others) < len(self), (part, self)
        self[:] = others


@pytest.fixture
def complaints(context: BrowserContext, live_stack: Stack) -> Iterator[Complaints]:
    found = Complaints()
    context.set_default_timeout(PATIENCE)
    context.on("console", lambda said: found.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: found.append(str(error.error)))
    context.on("request", lambda asked: found.append(asked.url) if not _is_ours(asked.url, live_stack) else None)
    yield found
    assert found == []


def _is_ours(url: str, stack: Stack) -> bool:
    return url.startswith((f"{stack.url}/", "data:", "blob:"))


@pytest.fixture
def visitor(page: Page, complaints: Complaints) -> Page:
    """A page that nobody is signed in to."""
    return page


@pytest.fixture
def family_owner(live_stack: Stack) -> User:
    return member(Family.objects.create(name="Lindqvist"), Role.OWNER)


@pytest.fixture
def enter(context: BrowserContext, live_stack: Stack) -> Callable[[User], None]:
    """Sign in without the form."""

    def enter(user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_stack.url}])

    return enter


def change_key(page: Page) -> None:
    """Give the browser another key against forged requests than the page's, as signing in anew in another tab does."""
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)
    with page.context.new_page() as other:
        other.goto(page.url)


LATER = timedelta(hours=1)
"""Of the future: the site beside the test neither sends such a message once more nor takes such a worker for gone."""


@pytest.fixture
def at_work(live_stack: Stack) -> Iterator[dict[str, Any]]:
    """What makes a job run: a claim whose heartbeat moves, so that the site beside the test leaves it alone."""
    claim = {"status": Status.RUNNING, "lease_owner": "test"}
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.5):
            for model in dispatch.TASKS:
                model._default_manager.filter(**claim).update(heartbeat_at=timezone.now())
        connection.close()

    heart = threading.Thread(target=beat, name="heart")
    heart.start()
    yield claim
    over.set()
    heart.join()


def show(photo: Photo, **fields: object) -> Coloring:
    """A coloring of the photo, with renditions where it is done."""
    coloring = Coloring.objects.create(photo=photo, sent_at=timezone.now() + LATER, **fields)
    if coloring.status == Status.DONE:
        for size in (*storage.SIZES, "full"):
            put(storage.results(), storage.result_key(coloring, size), photo, "#c98d4b")
        photo.shown = coloring
        photo.save()
    return coloring


def put(where: Storage, key: str, photo: Photo, colour: str) -> None:
    data = io.BytesIO()
    Image.new("RGB", (photo.width, photo.height), colour).save(data, "WEBP" if key.endswith("webp") else "JPEG")
    where.save(key, ContentFile(data.getvalue()))


@pytest.fixture
def states(family_owner: User, at_work: dict[str, Any]) -> Album:
    """An album with a photo in every state there is."""
    album = Album.objects.create(
        family=family_owner.families.get(), title="The blue box", description="From the attic."
    )

    def photo(state: Photo.State = Photo.State.READY, refusal: str = "", caption: str = "") -> Photo:
        number = album.photos.count()
        key = uuid.uuid4().hex
        original = Original.objects.create(
            family=album.family,
            sha256=key * 2,
            key=f"{key}.jpg",
            name=f"box-{number}.jpg",
            format="jpeg",
            size=1,
            status=Status.DONE,
        )
        size = {"width": 640 if number % 2 else 360, "height": 480}
        made = Photo.objects.create(
            original=original, album=album, state=state, refusal=refusal, caption=caption, **size
        )
        for side in storage.SIZES:
            put(storage.results(), storage.grey_key(made, side), made, "#777")
        put(storage.originals(), original.key, made, "#777")
        return made

    KeptColour.objects.create(family=album.family, name="Grandfather's uniform", colour="#6b6f52")
    first = photo(caption="Greta at the lake")
    show(first, status=Status.DONE)
    show(first, status=Status.DONE, pins=[{"x": 0.5, "y": 0.5, "colour": "#a02020", "note": "red, says aunt Ida"}])
    show(photo(), status=Status.QUEUED)
    show(photo(), **at_work, percent=40)
    show(photo(), status=Status.FAILED, reason="no_memory")
    show(photo(), status=Status.CANCELLED)
    photo(Photo.State.PREPARING)
    photo(Photo.State.REFUSED, refusal="truncated")
    photo(Photo.State.ASKS)
    photo()
    gone = photo(caption="A blurred one")
    gone.deleted_at = timezone.now()
    gone.save()
    return album
