"""What changes in an album reaches the page that shows it, over the real server, and nobody else."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from colorizer.models import Album, Coloring, Family, Photo, Role, User
from colorizer.selectors import changes, gallery
from colorizer.services import trash
from colorizer.views import watch
from tests.conftest import member
from tests.views.conftest import add_colour, make_photo

SOON = 3.0
"""Seconds in which a change is on the page."""


class Stream:
    """The events of one open page, as a browser reads them."""

    def __init__(self, port: int, user: User, album: Album, **more: str) -> None:
        self.browser = Client()
        self.browser.force_login(user)
        cookie = f"{settings.SESSION_COOKIE_NAME}={self.browser.session.session_key}"
        asked = urlencode({"album": album.pk, "cursor": gallery.as_text(timezone.now() - timedelta(seconds=5))} | more)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", f"/events/?{asked}", headers={"Cookie": cookie})
        self.answer = self.connection.getresponse()

    def __iter__(self) -> Iterator[dict[str, str]]:
        event: dict[str, str] = {}
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            if not text and event:
                yield event
                event = {}
            elif text and not text.startswith(":"):
                key, _, value = text.partition(": ")
                event[key] = f"{event[key]}\n{value}" if key in event else value

    def until_it_is_open(self) -> None:
        """The first look is done when its comment has come."""
        assert self.answer.readline().startswith(b":")
        assert self.answer.readline() == b"\n"


@pytest.fixture
def lake(web: int) -> Album:
    return Album.objects.create(family=Family.objects.create(name="Lindqvist"), title="The lake")


@pytest.fixture
def cousin(lake: Album) -> User:
    return member(lake.family, Role.EDITOR)


@pytest.fixture
def open_page(web: int, lake: Album, cousin: User) -> Iterator[Callable[..., Any]]:
    opened: list[Stream] = []

    @contextmanager
    def opening(user: User = cousin, **more: str) -> Iterator[Stream]:
        opened.append(Stream(web, user, lake, **more))
        yield opened[-1]

    yield opening
    for stream in opened:
        stream.answer.close()
        stream.connection.close()


def tick(photo: Photo, **fields: Any) -> None:
    Photo.objects.filter(pk=photo.pk).update(changed_at=timezone.now(), **fields)


def long_ago(photo: Photo) -> Photo:
    """As a photo is that was there and quiet before the page was opened."""
    earlier = timezone.now() - timedelta(minutes=5)
    Photo.objects.filter(pk=photo.pk).update(changed_at=earlier, created_at=earlier)
    photo.refresh_from_db()
    return photo


def test_new_colours_are_on_the_page_within_three_seconds(lake: Album, open_page: Callable[..., Any]) -> None:
    photo = long_ago(make_photo(lake, coloured=False))
    with open_page() as stream:
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
        stream.until_it_is_open()
        add_colour(photo)
        tick(photo)
        changed = time.monotonic()
        event = next(iter(stream))
    assert time.monotonic() - changed < SOON
    assert event["event"] == f"photo-{photo.pk}"
    assert f'id="photo-{photo.pk}"' in event["data"]
    assert f"v={photo.shown_id}" in event["data"]


def test_each_change_is_told_once(lake: Album, open_page: Callable[..., Any]) -> None:
    first, second = (long_ago(make_photo(lake, shade=shade)) for shade in (1, 2))
    with open_page() as stream:
        stream.until_it_is_open()
        tick(first)
        events = iter(stream)
        assert next(events)["event"] == f"photo-{first.pk}"
        tick(second)
        assert next(events)["event"] == f"photo-{second.pk}"
        tick(first)
        assert next(events)["event"] == f"photo-{first.pk}"


def test_a_change_that_is_committed_late_is_told_all_the_same(lake: Album, open_page: Callable[..., Any]) -> None:
    early, late = (long_ago(make_photo(lake, shade=shade)) for shade in (1, 2))
    with open_page() as stream:
        stream.until_it_is_open()
        taken = timezone.now()
        tick(early)
        events = iter(stream)
        next(events)
        Photo.objects.filter(pk=late.pk).update(changed_at=taken)
        assert next(events)["event"] == f"photo-{late.pk}"


def test_a_broken_stream_goes_on_where_it_broke_off(lake: Album, open_page: Callable[..., Any]) -> None:
    photo = long_ago(make_photo(lake))
    broke = timezone.now() - timedelta(seconds=60)
    Photo.objects.filter(pk=photo.pk).update(changed_at=timezone.now() - timedelta(seconds=30))
    with open_page(cursor=gallery.as_text(broke)) as stream:
        stream.until_it_is_open()
        assert next(iter(stream))["event"] == f"photo-{photo.pk}"


def test_pages_that_were_found_later_are_new_on_the_page(
    lake: Album, cousin: User, open_page: Callable[..., Any]
) -> None:
    photo = long_ago(make_photo(lake))
    photo.original.uploaded_by = cousin
    photo.original.save()
    with open_page() as stream:
        stream.until_it_is_open()
        page = Photo.objects.create(original=photo.original, album=lake, page=2, width=60, height=40)
        event = next(iter(stream))
    assert event["event"] == "new"
    assert f'id="photo-{page.pk}"' in event["data"]


@pytest.mark.parametrize("by_oneself", [True, False])
def test_an_upload_is_new_on_every_page_whoever_sent_it(
    lake: Album, cousin: User, open_page: Callable[..., Any], by_oneself: bool
) -> None:
    photo = long_ago(make_photo(lake))
    photo.original.uploaded_by = cousin if by_oneself else member(lake.family, Role.OWNER)
    photo.original.save()
    with open_page() as stream:
        stream.until_it_is_open()
        tick(photo, created_at=timezone.now())
        events = iter(stream)
        assert next(events)["event"] == "new"
        tick(photo)
        assert next(events)["event"] == f"photo-{photo.pk}"


def test_a_photo_committed_only_after_the_page_was_made_is_new_on_it(
    lake: Album, open_page: Callable[..., Any]
) -> None:
    photo = long_ago(make_photo(lake))
    with open_page(cursor=gallery.as_text(timezone.now())) as stream:
        stream.until_it_is_open()
        tick(photo, created_at=timezone.now() - timedelta(seconds=2))
        assert next(iter(stream))["event"] == "new"


def test_a_photo_put_in_the_trash_offers_to_undo(lake: Album, open_page: Callable[..., Any]) -> None:
    photo = long_ago(make_photo(lake))
    with open_page() as stream:
        stream.until_it_is_open()
        trash.delete_photo(photo=photo)
        event = next(iter(stream))
    assert reverse("photo_restore", args=[photo.pk]) in event["data"]


def test_those_that_wait_are_told_when_they_move_up(lake: Album, open_page: Callable[..., Any]) -> None:
    first, second = (long_ago(make_photo(lake, shade=shade, coloured=False)) for shade in (1, 2))
    later = timezone.now() + timedelta(hours=1)  # no scheduler that runs beside this test sends them again
    running = Coloring.objects.create(photo=first, sent_at=later)
    Coloring.objects.create(photo=second, sent_at=later)
    with open_page() as stream:
        stream.until_it_is_open()
        running.delete()
        event = next(iter(stream))
    assert event["event"] == f"photo-{second.pk}"
    assert "Next" in event["data"]


def test_on_its_own_page_a_photo_is_never_new_nor_told_as_it_is_shown(
    lake: Album, open_page: Callable[..., Any]
) -> None:
    photo = make_photo(lake)
    shown = {"photo": str(photo.pk), "changed": gallery.as_text(photo.changed_at)}
    with open_page() as album, open_page(**shown) as page:
        assert next(iter(album))["event"] == "new"
        page.until_it_is_open()
        tick(photo, caption="By the lake")
        event = next(iter(page))
    assert event["event"] == f"photo-{photo.pk}"
    assert "By the lake" in event["data"]


def test_who_signs_out_is_told_no_more(lake: Album, open_page: Callable[..., Any]) -> None:
    photo = long_ago(make_photo(lake))
    with open_page() as stream:
        stream.until_it_is_open()
        stream.browser.logout()
        tick(photo)
        assert list(stream) == []


def test_who_leaves_the_family_is_told_no_more(lake: Album, cousin: User, open_page: Callable[..., Any]) -> None:
    photo = long_ago(make_photo(lake))
    with open_page() as stream:
        stream.until_it_is_open()
        cousin.memberships.all().delete()
        tick(photo)
        assert list(stream) == []


def test_a_viewer_gets_tiles_without_buttons(lake: Album, open_page: Callable[..., Any]) -> None:
    photo = long_ago(make_photo(lake, coloured=False))
    with open_page(member(lake.family, Role.VIEWER)) as stream:
        stream.until_it_is_open()
        Coloring.objects.create(photo=photo)
        tick(photo)
        assert "hx-post" not in next(iter(stream))["data"]


def test_a_look_where_nothing_changed_is_one_query(album: Album, viewer: User, photo: Photo) -> None:
    later = timezone.now() + timedelta(minutes=1)
    with CaptureQueriesContext(connection) as queries:
        assert list(changes.changes_since(user=viewer, cursor=later, album_id=album.pk)) == []
    assert len(queries) == 1


def test_an_album_that_changed_as_a_whole_is_read_once_and_not_at_each_look(
    as_viewer: Client, rf: RequestFactory, album: Album, viewer: User, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "closing", nullcontext)  # the connection has everything still to be undone
    request = rf.get("/events/")
    request.session, request.user = as_viewer.session, viewer
    page = watch.Watch(request=request, user=viewer, album=album, cursor=timezone.now(), shown={})
    trash.delete_album(album=album)
    trash.restore_album(album=album)
    assert f'id="photo-{photo.pk}"' in (page.look() or b"").decode()
    with CaptureQueriesContext(connection) as queries:
        assert page.look() == b""
    assert len(queries) == 1
    assert "caption" not in queries[0]["sql"]


class TestPolling:
    """For pages whose stream does not get through."""

    @pytest.fixture
    def address(self) -> str:
        return reverse("changes")

    def test_an_answer_holds_what_changed_and_where_to_go_on(
        self, as_viewer: Client, photo: Photo, address: str
    ) -> None:
        start = gallery.as_text(timezone.now() - timedelta(seconds=20))
        long_ago(photo)
        assert as_viewer.get(address, {"album": photo.album_id, "cursor": start}).content == b""
        tick(photo)
        response = as_viewer.get(address, {"album": photo.album_id, "cursor": start})
        assert f'id="photo-{photo.pk}"' in response.content.decode()
        assert 'hx-swap-oob="true"' in response.content.decode()
        assert response["X-Cursor"] > start

    def test_a_photo_that_came_since_joins_the_grid(self, as_viewer: Client, album: Album, address: str) -> None:
        start = gallery.as_text(timezone.now())
        make_photo(album)
        content = as_viewer.get(address, {"album": album.pk, "cursor": start}).content.decode()
        assert content.startswith('<ul id="grid" hx-swap-oob="beforeend">')
        assert "<li" in content

    @pytest.mark.parametrize(
        "cursor", ["", "yesterday", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "x" * 5000]
    )
    def test_a_cursor_that_makes_no_sense_does_no_harm(self, as_viewer: Client, album: Album, cursor: str) -> None:
        assert as_viewer.get(reverse("changes"), {"album": album.pk, "cursor": cursor}).status_code == 200

    @pytest.mark.parametrize("asked", ["", "1", "not-an-id"])
    def test_an_album_that_makes_no_sense_is_not_found(self, as_viewer: Client, asked: str) -> None:
        for name in ("changes", "events"):
            assert as_viewer.get(reverse(name), {"album": asked}).status_code == 404
