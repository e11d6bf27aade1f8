"""What someone outside the family gets who has a link, and what the family sees of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from colorizer.models import Album, AuditEntry, Family, Photo, Share, User
from colorizer.services import sharing, trash
from tests.views.conftest import SignIn, make_photo

from .shares import PASSWORD, Give, file_of

HTMX = {"HX-Request": "true"}


def without_token(answer: Any) -> str:
    return re.sub(r'"X-CSRFToken": "\w+"|/s/[^"]*', "", answer.content.decode())


class TestLink:
    def test_an_album_is_shown_with_its_photos_and_nothing_to_change(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        page = visitor.get(give(album=album)).content.decode()
        assert album.title in page
        assert page.count("<li class=") == 1
        for button in ("Edit", "Add photos", "Move", "Share", "Sign in", "hx-post", "sse-connect"):
            assert button not in page.partition("<main")[2]

    def test_a_photo_is_shown_alone(self, visitor: Client, album: Album, photo: Photo, give: Give) -> None:
        make_photo(album, shade=1)
        page = visitor.get(give(photo=photo)).content.decode()
        assert str(photo.pk) in page
        for other in album.photos.exclude(pk=photo.pk):
            assert str(other.pk) not in page
        assert album.title not in page
        assert 'rel="next"' not in page

    def test_a_photo_of_an_album_stands_between_its_neighbours(self, visitor: Client, album: Album, give: Give) -> None:
        first, second, third = (make_photo(album, shade=shade) for shade in range(3))
        page = visitor.get(f"{give(album=album)}photos/{second.pk}/")
        assert (page.context["place"].previous.pk, page.context["place"].next.pk) == (first.pk, third.pk)

    def test_nothing_is_told_of_the_family_that_was_not_chosen(
        self, visitor: Client, family: Family, album: Album, give: Give, editor: User
    ) -> None:
        photo = make_photo(album, caption="Aunt Greta", taken="1931", people="Karl")
        told = (family.name, editor.email, "Aunt Greta", "1931", "Karl", photo.original.name, "farm")
        for address in (give(album=album), give(photo=photo), f"{give(album=album)}photos/{photo.pk}/"):
            page = visitor.get(address).content.decode()
            assert [each for each in told if each in page] == []

    def test_a_story_that_was_chosen_is_told(self, visitor: Client, album: Album, give: Give) -> None:
        photo = make_photo(album, caption="Aunt Greta", taken="1931", people="Karl")
        page = visitor.get(give(photo=photo, tells_story=True)).content.decode()
        assert all(each in page for each in ("Aunt Greta", "1931", "Karl"))

    def test_a_caption_is_text_and_runs_nowhere(self, visitor: Client, album: Album, give: Give) -> None:
        photo = make_photo(album, caption='"><script>alert(1)</script>', people="<img src=x>")
        address = give(album=album, tells_story=True)
        for where in (address, f"{address}photos/{photo.pk}/"):
            page = visitor.get(where).content.decode()
            assert "<script>alert" not in page
            assert "<img src=x>" not in page

    def test_neither_search_engines_nor_other_sites_learn_of_it(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        address = give(album=album)
        for where in (address, f"{address}photos/{photo.pk}/", file_of(address, photo, "grey-480"), "/s/nothing/"):
            answer = visitor.get(where)
            assert answer["Referrer-Policy"] == "no-referrer"
            assert "noindex" in answer["X-Robots-Tag"]
            assert answer["Cache-Control"] == "private, " + ("no-cache" if "grey-480" in where else "no-store")
            assert "default-src 'none'" in answer["Content-Security-Policy"]

    def test_a_visit_is_counted_for_the_family(self, visitor: Client, album: Album, give: Give) -> None:
        visitor.get(give(album=album))
        assert Share.objects.get().visits == 1

    def test_five_hundred_photos_take_few_queries(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        address = give(album=album)
        for shade in range(1, 6):
            make_photo(album, shade=shade)
        with CaptureQueriesContext(connection) as queries:
            visitor.get(address)
        assert len(queries) <= 6, "\n".join(query["sql"][:200] for query in queries)


class TestNoMore:
    def ends(self, visitor: Client, address: str, photo: Photo) -> None:
        gone = visitor.get("/s/unknown/")
        for where in ("", f"photos/{photo.pk}/", f"photos/{photo.pk}/grey-480/", "download/"):
            answer = visitor.get(address + where)
            assert answer.status_code == 404
            assert without_token(answer) == without_token(gone)
        assert visitor.post(f"{address}unlock/", {"password": PASSWORD}).status_code == 404
        assert "This link no longer works" in gone.content.decode()

    def test_a_link_that_is_too_old(self, visitor: Client, album: Album, photo: Photo, give: Give) -> None:
        """CVE-2026-35462: an expired token that still works."""
        address = give(album=album, can_download=True)
        assert visitor.get(address).status_code == 200
        Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        self.ends(visitor, address, photo)

    def test_a_link_that_was_ended(
        self, visitor: Client, as_editor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        address = give(album=album, can_download=True)
        as_editor.post(reverse("share_end", args=[Share.objects.get().pk]))
        self.ends(visitor, address, photo)

    def test_a_link_that_was_ended_while_it_was_unlocked(
        self, visitor: Client, album: Album, photo: Photo, give: Give, editor: User
    ) -> None:
        address = give(album=album, password=PASSWORD)
        visitor.post(f"{address}unlock/", {"password": PASSWORD})
        sharing.end(share=Share.objects.get(), by=editor)
        self.ends(visitor, address, photo)

    def test_a_link_to_what_lies_in_the_trash(self, visitor: Client, album: Album, photo: Photo, give: Give) -> None:
        address = give(album=album)
        trash.delete_album(album=album)
        self.ends(visitor, address, photo)


class TestTheFamily:
    def test_makes_a_link_that_is_told_once(self, as_editor: Client, visitor: Client, album: Album) -> None:
        chosen = {"lasts": "week", "password": PASSWORD, "can_download": "on"}
        page = as_editor.post(reverse("album_share", args=[album.pk]), chosen)
        link = page.context["share_link"]
        share = Share.objects.get()
        assert (share.can_download, share.tells_story) == (True, False)
        assert share.expires_at
        assert timedelta(days=6, hours=23) < share.expires_at - timezone.now() <= timedelta(days=7)
        assert page["Cache-Control"] == "no-store"
        assert visitor.get(link.removeprefix("http://testserver")).status_code == 200
        token = link.strip("/").split("/")[-1]
        assert token not in as_editor.get(reverse("shares", args=[album.family_id])).content.decode()

    def test_gets_it_into_the_dialog_where_a_script_runs(self, as_editor: Client, photo: Photo) -> None:
        answer = as_editor.post(reverse("photo_share", args=[photo.pk]), {"lasts": "ever"}, headers=HTMX)
        assert "<html" not in answer.content.decode()
        assert "http://testserver/s/" in answer.content.decode()

    @pytest.mark.parametrize("wrong", [{"lasts": "always"}, {"lasts": "day", "password": "short"}, {}])
    def test_is_told_what_is_wrong_with_a_form(self, as_editor: Client, album: Album, wrong: dict[str, str]) -> None:
        assert as_editor.post(reverse("album_share", args=[album.pk]), wrong).status_code == 422
        answer = as_editor.post(reverse("album_share", args=[album.pk]), wrong, headers=HTMX)
        assert "errorlist" in answer.content.decode()
        assert not Share.objects.exists()

    @pytest.mark.parametrize("who", ["viewer", "stranger"])
    def test_shares_only_by_who_may(
        self, request: pytest.FixtureRequest, sign_in: SignIn, album: Album, photo: Photo, who: str, give: Give
    ) -> None:
        """CVE-2026-57943: a share flag set without a check of the owner."""
        client = sign_in(request.getfixturevalue(who))
        for name, thing in (("album_share", album), ("photo_share", photo)):
            assert client.post(reverse(name, args=[thing.pk]), {"lasts": "day"}).status_code in (403, 404)
        assert not Share.objects.exists()
        give(album=album)
        assert client.post(reverse("share_end", args=[Share.objects.get().pk])).status_code in (403, 404)
        assert Share.objects.get().revoked_at is None

    def test_sees_who_shared_what_until_when(
        self, as_viewer: Client, visitor: Client, album: Album, photo: Photo, give: Give, editor: User
    ) -> None:
        visitor.get(give(album=album))
        give(photo=photo, lasts=None, password=PASSWORD)
        page = as_viewer.get(reverse("shares", args=[album.family_id])).content.decode()
        for said in (album.title, "farm.jpg", editor.email, "until someone ends it", "with a password", "Seen once"):
            assert said in page
        assert "End<" not in page

    def test_is_told_what_rests_in_the_trash(self, as_editor: Client, album: Album, photo: Photo, give: Give) -> None:
        give(photo=photo)
        trash.delete_photo(photo=photo)
        page = as_editor.get(reverse("shares", args=[album.family_id])).content.decode()
        assert "Shows nothing while this lies in the trash." in page

    def test_finds_in_the_log_who_made_and_ended_and_that_it_was_unlocked(
        self, as_editor: Client, visitor: Client, album: Album, editor: User
    ) -> None:
        page = as_editor.post(reverse("album_share", args=[album.pk]), {"lasts": "day", "password": PASSWORD})
        link = page.context["share_link"].removeprefix("http://testserver")
        visitor.post(f"{link}unlock/", {"password": PASSWORD})
        share = Share.objects.get()
        as_editor.post(reverse("share_end", args=[share.pk]))
        as_editor.post(reverse("share_end", args=[share.pk]))
        written = AuditEntry.objects.filter(object_id=str(share.pk)).order_by("pk")
        assert list(written.values_list("action", "actor_id", "family_id")) == [
            ("share_made", editor.pk, album.family_id),
            ("share_unlocked", None, album.family_id),
            ("share_withdrawn", editor.pk, album.family_id),
        ]
