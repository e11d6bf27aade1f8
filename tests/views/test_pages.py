"""The pages: what they show, what their buttons do, and how few queries they take."""

from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from colorizer.models import Album, Coloring, Original, Photo, Queue, Status, User
from colorizer.services import coloring, trash
from tests.views.conftest import make_photo

MANY = 500
MOST_QUERIES = 12
HTMX = {"HX-Request": "true"}


@pytest.fixture
def many(album: Album) -> list[Photo]:
    """Five hundred photos: half in colour, half waiting, some coloured more than once."""
    originals = Original.objects.bulk_create(
        Original(
            family=album.family, sha256=f"{n:064}", key=f"{n}", name="a.jpg", format="jpeg", size=1, status=Status.DONE
        )
        for n in range(MANY)
    )
    ready = {"state": Photo.State.READY, "width": 600, "height": 400}
    photos = Photo.objects.bulk_create(Photo(original=original, album=album, **ready) for original in originals)
    done = Coloring.objects.bulk_create(Coloring(photo=photo, status=Status.DONE) for photo in photos[::2])
    for each in done:
        each.photo.shown = each
    Photo.objects.bulk_update((each.photo for each in done), ["shown"])
    Coloring.objects.bulk_create(Coloring(photo=photo, queue=Queue.BULK) for photo in photos[1::2])
    Coloring.objects.bulk_create(
        Coloring(photo=photo, status=Status.FAILED, reason="crashed") for photo in photos[::10]
    )
    return photos


class TestAlbum:
    def test_five_hundred_photos_take_few_queries(self, as_viewer: Client, album: Album, many: list[Photo]) -> None:
        with CaptureQueriesContext(connection) as queries:
            response = as_viewer.get(reverse("album", args=[album.pk]))
        assert response.content.count(b'<li class="tile') == MANY
        assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:200] for query in queries)

    def test_each_photo_shows_its_latest_coloring_and_its_wait(
        self, as_viewer: Client, album: Album, many: list[Photo]
    ) -> None:
        photos = {photo.pk: photo for photo in as_viewer.get(reverse("album", args=[album.pk])).context["photos"]}
        assert photos[many[0].pk].coloring.reason == "crashed"
        assert photos[many[2].pk].standing == "done"
        assert photos[many[1].pk].wait.place == 1
        assert photos[many[2].pk].wait is None

    def test_the_pages_of_one_file_stand_side_by_side(self, as_viewer: Client, album: Album) -> None:
        first, last = make_photo(album, shade=1), make_photo(album, shade=2)
        page = Photo.objects.create(original=first.original, album=album, page=2)
        assert as_viewer.get(reverse("album", args=[album.pk])).context["photos"] == [first, page, last]

    def test_its_name_can_be_changed(self, as_editor: Client, album: Album) -> None:
        as_editor.post(reverse("album_edit", args=[album.pk]), {"title": "Winters", "description": "By the stove"})
        album.refresh_from_db()
        assert (album.title, album.description) == ("Winters", "By the stove")

    @pytest.mark.parametrize("title", ["", " ", "x" * 201])
    def test_a_title_that_is_none_changes_nothing_and_says_so(
        self, as_editor: Client, album: Album, title: str
    ) -> None:
        page = as_editor.post(reverse("album_edit", args=[album.pk]), {"title": title}, follow=True)
        assert "needs a title" in page.content.decode()
        album.refresh_from_db()
        assert album.title == "Summers at the lake"

    def test_a_new_one_opens_at_once(self, as_editor: Client, album: Album) -> None:
        page = as_editor.post(
            reverse("album_create"), {"title": "Winters", "family": str(album.family_id)}, follow=True
        )
        assert page.context["album"].title == "Winters"

    def test_it_goes_to_the_trash_and_comes_back(self, as_editor: Client, album: Album, photo: Photo) -> None:
        as_editor.post(reverse("album_delete", args=[album.pk]))
        assert as_editor.get(reverse("album", args=[album.pk])).status_code == 404
        assert as_editor.get(reverse("photo", args=[photo.pk])).status_code == 404
        assert album in as_editor.get(reverse("trash")).context["albums"]
        as_editor.post(reverse("album_restore", args=[album.pk]))
        assert photo in as_editor.get(reverse("album", args=[album.pk])).context["photos"]


class TestHome:
    def test_albums_are_shown_with_counts_and_a_cover_in_colour(self, as_viewer: Client, album: Album) -> None:
        make_photo(album, shade=1, coloured=False)
        colour = make_photo(album, shade=2)
        trash.delete_photo(photo=make_photo(album, shade=3))
        (entry,) = as_viewer.get(reverse("home")).context["families"]
        (shown,) = entry.albums
        assert (shown.photo_count, shown.coloured_count, shown.cover) == (2, 1, colour)
        assert not entry.can_edit

    def test_many_albums_take_few_queries(self, as_viewer: Client, album: Album) -> None:
        for number in range(20):
            make_photo(Album.objects.create(family=album.family, title=f"Box {number}"), shade=number)
        with CaptureQueriesContext(connection) as queries:
            as_viewer.get(reverse("home"))
        assert len(queries) <= MOST_QUERIES

    def test_a_stranger_sees_their_own_albums_only(self, client: Client, album: Album, stranger: User) -> None:
        client.force_login(stranger)
        (entry,) = client.get(reverse("home")).context["families"]
        assert entry.albums == []

    def test_who_belongs_to_no_family_is_led_to_one(self, as_editor: Client, editor: User) -> None:
        editor.memberships.all().delete()
        page = as_editor.get(reverse("home")).content.decode()
        assert "You belong to no family yet" in page
        assert f'href="{reverse("families")}"' in page.partition("<main")[2]


class TestPhoto:
    def test_it_stands_between_its_neighbours(self, as_viewer: Client, album: Album) -> None:
        first, second, third = (make_photo(album, shade=shade) for shade in range(3))
        page = as_viewer.get(reverse("photo", args=[second.pk])).context
        assert (page["previous"], page["next"], page["position"], page["total"]) == (first, third, 2, 3)
        page = as_viewer.get(reverse("photo", args=[first.pk])).context
        assert (page["previous"], page["position"]) == (None, 1)

    def test_one_of_five_hundred_takes_few_queries(self, as_viewer: Client, many: list[Photo]) -> None:
        with CaptureQueriesContext(connection) as queries:
            as_viewer.get(reverse("photo", args=[many[250].pk]))
        assert len(queries) <= MOST_QUERIES

    def test_its_story_is_kept_as_text_and_shown_as_text(self, as_editor: Client, photo: Photo) -> None:
        story = {"caption": "<script>alert(1)</script>", "taken": "summer 1931", "people": "Aunt Greta & Karl"}
        as_editor.post(reverse("photo_edit", args=[photo.pk]), story)
        page = as_editor.get(reverse("photo", args=[photo.pk])).content.decode()
        assert "<script>alert" not in page
        assert "Aunt Greta &amp; Karl" in page

    def test_keeping_its_story_leaves_alone_what_the_worker_writes_meanwhile(
        self, as_editor: Client, photo: Photo
    ) -> None:
        newer = Coloring.objects.create(photo=photo, status=Status.DONE)

        def meanwhile(**_: Any) -> None:
            Photo.objects.filter(pk=photo.pk).update(shown=newer, deleted_at=photo.created_at)

        pre_save.connect(meanwhile, sender=Photo)
        try:
            as_editor.post(reverse("photo_edit", args=[photo.pk]), {"caption": "By the lake"})
        finally:
            pre_save.disconnect(meanwhile, sender=Photo)
        kept = Photo.objects.get(pk=photo.pk)
        assert (kept.caption, kept.shown, kept.deleted_at) == ("By the lake", newer, photo.created_at)

    def test_a_new_story_is_told_to_the_pages_that_show_it(self, as_editor: Client, photo: Photo) -> None:
        as_editor.post(reverse("photo_edit", args=[photo.pk]), {"caption": "By the lake"})
        assert Photo.objects.get(pk=photo.pk).changed_at > photo.changed_at

    def test_a_story_that_is_too_long_is_shown_again_to_be_shortened(self, as_editor: Client, photo: Photo) -> None:
        answer = as_editor.post(reverse("photo_edit", args=[photo.pk]), {"caption": "x" * 501})
        assert answer.status_code == 422
        assert answer.context["form"].errors
        photo.refresh_from_db()
        assert photo.caption == ""


class TestButtons:
    """With htmx each answers with the tile as it is then; without, it leads back to a page."""

    def press(self, client: Client, name: str, photo: Photo, **data: str) -> str:
        answer = client.post(reverse(name, args=[photo.pk]), data, headers=HTMX)
        assert answer.status_code == 200
        assert answer.content.decode().count("<li") == 1
        return answer.content.decode()

    @pytest.fixture
    def grey(self, album: Album) -> Photo:
        return make_photo(album, coloured=False)

    def test_cancel(self, as_editor: Client, grey: Photo) -> None:
        coloring.request(photo=grey)
        self.press(as_editor, "photo_cancel", grey)
        assert grey.colorings.get().status == Status.CANCELLED

    def test_retry(self, as_editor: Client, grey: Photo) -> None:
        Coloring.objects.create(photo=grey, status=Status.FAILED, reason="crashed")
        self.press(as_editor, "photo_retry", grey)
        assert grey.colorings.get().status == Status.QUEUED

    def test_what_failed_waits_for_an_earlier_version_that_is_made_again(self, as_editor: Client, grey: Photo) -> None:
        """As `verify --fix` queues it."""
        again, failed = Coloring.objects.create(photo=grey), Coloring.objects.create(photo=grey, status=Status.FAILED)
        self.press(as_editor, "photo_retry", grey)
        answer = as_editor.post(reverse("photo_retry", args=[grey.pk]), follow=True)
        assert "This photo is being coloured at the moment." in answer.content.decode()
        assert set(grey.colorings.filter(status=Status.QUEUED)) == {again}
        assert set(grey.colorings.filter(status=Status.FAILED)) == {failed}

    @pytest.mark.parametrize(("answer", "colorings"), [("colour", 1), ("keep", 0), ("", 0)])
    def test_answer(self, as_editor: Client, grey: Photo, answer: str, colorings: int) -> None:
        Photo.objects.filter(pk=grey.pk).update(state=Photo.State.ASKS)
        self.press(as_editor, "photo_answer", grey, answer=answer)
        assert grey.colorings.count() == colorings

    def test_a_photo_that_was_kept_can_be_coloured_after_all(self, as_editor: Client, grey: Photo) -> None:
        Photo.objects.filter(pk=grey.pk).update(state=Photo.State.ASKS)
        button = reverse("photo_retry", args=[grey.pk])
        assert button in self.press(as_editor, "photo_answer", grey, answer="keep")
        assert button in as_editor.get(reverse("photo", args=[grey.pk])).content.decode()
        self.press(as_editor, "photo_retry", grey)
        assert grey.colorings.get().status == Status.QUEUED

    @pytest.mark.parametrize("state", [Photo.State.ASKS, Photo.State.PREPARING, Photo.State.REFUSED])
    def test_a_photo_that_is_not_ready_is_not_coloured_by_a_retry(
        self, as_editor: Client, grey: Photo, state: Photo.State
    ) -> None:
        Photo.objects.filter(pk=grey.pk).update(state=state)
        self.press(as_editor, "photo_retry", grey)
        assert not grey.colorings.exists()

    def test_tile_and_page_ask_in_the_same_words_those_who_may_answer(
        self, as_editor: Client, as_viewer: Client, grey: Photo
    ) -> None:
        Photo.objects.filter(pk=grey.pk).update(state=Photo.State.ASKS)
        for name in ("photo_tile", "photo"):
            page = as_editor.get(reverse(name, args=[grey.pk])).content.decode()
            assert all(said in page for said in ("Is this already in colour?", "Yes, keep it", "No, colour it"))
            assert "already in colour" not in as_viewer.get(reverse(name, args=[grey.pk])).content.decode()

    def test_delete_and_undo(self, as_editor: Client, photo: Photo) -> None:
        assert reverse("photo_restore", args=[photo.pk]) in self.press(as_editor, "photo_delete", photo)
        assert "tile-colour" in self.press(as_editor, "photo_restore", photo)

    @pytest.mark.parametrize("name", ["photo_cancel", "photo_retry", "photo_answer"])
    def test_without_htmx_they_lead_to_the_photo(self, as_editor: Client, photo: Photo, name: str) -> None:
        answer = as_editor.post(reverse(name, args=[photo.pk]))
        assert answer["Location"] == reverse("photo", args=[photo.pk])

    def test_a_button_pressed_when_signed_out_leads_to_the_sign_in(self, client: Client, photo: Photo) -> None:
        answer = client.post(reverse("photo_cancel", args=[photo.pk]), headers=HTMX)
        assert (answer.status_code, answer["HX-Redirect"]) == (401, reverse("account_login"))


class TestTrash:
    def test_a_photo_purged_from_the_trash_is_gone_for_ever(self, as_editor: Client, photo: Photo) -> None:
        trash.delete_photo(photo=photo)
        page = as_editor.post(reverse("photo_purge", args=[photo.pk]), follow=True)
        assert page.redirect_chain[0][0] == reverse("trash")
        assert not Photo.objects.exists()

    def test_an_empty_trash_is_one_press_away(self, as_editor: Client, album: Album) -> None:
        for shade in range(3):
            trash.delete_photo(photo=make_photo(album, shade=shade))
        as_editor.post(reverse("trash_empty"))
        assert not Photo.objects.exists()

    def test_many_photos_take_few_queries(self, as_editor: Client, many: list[Photo]) -> None:
        Photo.objects.update(deleted_at="2026-01-01T00:00:00Z")
        with CaptureQueriesContext(connection) as queries:
            page = as_editor.get(reverse("trash"))
        assert len(page.context["photos"]) == MANY
        assert len(queries) <= MOST_QUERIES


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_shows_a_photo_in_any_state(as_editor: Client, album: Album, language: str) -> None:
    photos: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
        ({"state": Photo.State.PREPARING, "width": 0, "height": 0}, None),
        *(
            ({"state": Photo.State.REFUSED, "refusal": code}, None)
            for code in ("truncated", "too_many_pixels", "new-code")
        ),
        ({"state": Photo.State.ASKS}, None),
        ({"state": Photo.State.READY}, None),
        *(({"state": Photo.State.READY}, {"status": status, "reason": "no_memory"}) for status in Status.values),
    ]
    for shade, (fields, job) in enumerate(photos):
        photo = make_photo(album, shade=shade, coloured=False, **fields)
        if job:
            Coloring.objects.create(photo=photo, **job)
    as_editor.cookies["django_language"] = language
    assert as_editor.get(reverse("album", args=[album.pk])).content.count(b'<li class="tile') == len(photos)
    for photo in Photo.objects.all():
        assert as_editor.get(reverse("photo", args=[photo.pk])).status_code == 200
