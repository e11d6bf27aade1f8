"""What someone outside the family gets who has a link, and what they do not get whatever they ask for."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from colorizer import storage
from colorizer.models import Album, AuditEntry, Family, ModelVersion, Original, Photo, Share, User
from colorizer.services import sharing, trash
from tests import test_stripping as planted
from tests.files import picture
from tests.views.conftest import SignIn, make_photo

DAY = timedelta(days=1)
PASSWORD = "by the lake"
RENDITIONS = ("grey-480", "grey-1600", "colour-480", "colour-1600")
FULL_SIZE = ("grey-zoom", "colour-zoom")
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
HTMX = {"HX-Request": "true"}

Give = Callable[..., str]


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.fixture
def give(editor: User) -> Give:
    """Make a share; what comes back is its address."""

    def give(**chosen: Any) -> str:
        return reverse("share", args=[sharing.create(by=editor, **{"lasts": DAY} | chosen)[1]])

    return give


def with_real_files(photo: Photo, *, ending: str = "jpg", make: Callable[[], bytes] = planted.jpeg) -> Photo:
    """Put files under the photo's keys that carry all that a camera writes."""
    format = {"jpg": "jpeg"}.get(ending, ending)
    key = storage.original_key(photo.album.family_id, photo.original_id, format)
    storage.originals().delete(key)
    storage.originals().save(key, ContentFile(make()))
    Original.objects.filter(pk=photo.original_id).update(format=format, key=key)
    assert photo.shown
    storage.results().save(f"colorings/{photo.shown.pk}/real.{ending}", ContentFile(make()))
    photo.shown.key = f"colorings/{photo.shown.pk}/real.{ending}"
    photo.shown.save()
    return photo


def file_of(address: str, photo: Photo, what: str) -> str:
    return f"{address}photos/{photo.pk}/{what}/"


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


def without_token(answer: Any) -> str:
    return re.sub(r'"X-CSRFToken": "\w+"|/s/[^"]*', "", answer.content.decode())


class TestFiles:
    @pytest.mark.parametrize("what", RENDITIONS)
    def test_renditions_are_given_to_whoever_has_the_link(
        self, visitor: Client, album: Album, photo: Photo, give: Give, what: str
    ) -> None:
        answer = visitor.get(file_of(give(album=album), photo, what))
        assert answer.status_code == 200
        assert answer.getvalue().startswith(what.replace("-", " ").encode())
        assert answer["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("what", FULL_SIZE)
    def test_the_full_size_only_where_that_was_allowed(
        self, visitor: Client, album: Album, photo: Photo, give: Give, what: str
    ) -> None:
        with_real_files(photo)
        assert visitor.get(file_of(give(album=album), photo, what)).status_code == 404
        assert visitor.get(file_of(give(album=album, can_download=True), photo, what)).status_code == 200

    @pytest.mark.parametrize("what", ["original", "result", "grey-full", "grey-9999", "colour", "x", "grey-zoom.jpg"])
    def test_neither_the_original_nor_any_other_name(
        self, visitor: Client, album: Album, photo: Photo, give: Give, what: str
    ) -> None:
        """``size=original`` on a share's token, and CVE-2026-54260: no size or name but those there are."""
        assert visitor.get(file_of(give(album=album, can_download=True), photo, what)).status_code == 404

    @pytest.mark.parametrize("what", [*RENDITIONS, *FULL_SIZE, ""])
    def test_a_photo_that_is_not_in_the_share_is_not_given(
        self, visitor: Client, family: Family, album: Album, stranger: User, photo: Photo, give: Give, what: str
    ) -> None:
        """CVE-2026-54259: an id on a side endpoint that skips the permission query."""
        mine = with_real_files(make_photo(album, shade=1))
        elsewhere = with_real_files(make_photo(Album.objects.create(family=family, title="Other"), shade=2))
        theirs = make_photo(Album.objects.create(family=stranger.families.get(), title="Theirs"), shade=3)
        of_photo, of_album = (give(can_download=True, **shared) for shared in ({"photo": photo}, {"album": album}))
        for address, other in ((of_photo, mine), (of_album, elsewhere), (of_album, theirs), (of_photo, theirs)):
            where = f"{address}photos/{other.pk}/" + (f"{what}/" if what else "")
            assert visitor.get(where).status_code == 404

    def test_what_went_to_the_trash_is_not_given_by_the_album_that_held_it(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        address = give(album=album)
        make_photo(album, shade=1)
        trash.delete_photo(photo=photo)
        assert visitor.get(file_of(address, photo, "grey-480")).status_code == 404
        assert visitor.get(address).context["photos"][0].pk != photo.pk

    def test_a_browser_asks_again_before_it_shows_what_it_has(
        self, visitor: Client, album: Album, photo: Photo, give: Give, editor: User
    ) -> None:
        with_real_files(photo)
        address = give(album=album, can_download=True)
        for what in ("grey-480", "colour-zoom"):
            answer = visitor.get(file_of(address, photo, what))
            answer.getvalue()
            again = {"If-None-Match": answer["ETag"]}
            assert visitor.get(file_of(address, photo, what), headers=again).status_code == 304
        sharing.end(share=Share.objects.get(), by=editor)
        assert visitor.get(file_of(address, photo, what), headers=again).status_code == 404

    def test_a_visitor_is_never_led_to_the_store_whose_links_would_outlive_the_share(
        self,
        visitor: Client,
        as_viewer: Client,
        album: Album,
        photo: Photo,
        give: Give,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with_real_files(photo)
        address = give(album=album, can_download=True)
        monkeypatch.setattr(type(storage.results()), "public_url", lambda *_, **__: "https://store.example/photo")
        assert as_viewer.get(reverse("photo_file", args=[photo.pk, "grey-480"])).status_code == 302
        for what in (*RENDITIONS, *FULL_SIZE):
            assert visitor.get(file_of(address, photo, what)).status_code == 200

    def test_head_tells_what_it_is_and_sends_nothing(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        with_real_files(photo)
        answer = visitor.head(file_of(give(album=album, can_download=True), photo, "colour-zoom"))
        assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/jpeg", b"")

    def test_a_name_for_the_download_comes_of_what_is_shown_and_leads_nowhere(
        self, visitor: Client, album: Album, give: Give
    ) -> None:
        photo = with_real_files(make_photo(album, caption="../../etc/passwd"))
        for tells, name in ((False, "Photo 1"), (True, "etc passwd")):
            address = give(album=album, can_download=True, tells_story=tells)
            answer = visitor.get(file_of(address, photo, "colour-zoom") + "?download=1")
            assert answer["Content-Disposition"] == f'attachment; filename="{name} (in colour).jpg"'

    def test_a_file_that_cannot_be_stripped_is_not_given_at_all(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        with_real_files(photo, make=lambda: picture("TIFF"))
        assert visitor.get(file_of(give(album=album, can_download=True), photo, "colour-zoom")).status_code == 404

    def test_the_pages_of_a_file_that_were_not_shared_do_not_come_along(
        self, visitor: Client, photo: Photo, give: Give
    ) -> None:
        with_real_files(photo)
        Original.objects.filter(pk=photo.original_id).update(pages=2)
        address = give(photo=photo, can_download=True)
        assert visitor.get(file_of(address, photo, "grey-zoom")).status_code == 404
        assert visitor.get(file_of(address, photo, "colour-zoom")).status_code == 200


class TestNothingOfTheCameraLeaves:
    @pytest.mark.parametrize(("ending", "make"), planted.FILES.values(), ids=planted.FILES)
    @pytest.mark.parametrize("what", FULL_SIZE)
    def test_no_full_size_file_tells_of_place_or_camera(
        self, visitor: Client, photo: Photo, give: Give, ending: str, make: Callable[[], bytes], what: str
    ) -> None:
        """``size=original`` on a thumbnail's token still carried GPS."""
        with_real_files(photo, ending=ending, make=make)
        answer = visitor.get(file_of(give(photo=photo, can_download=True), photo, what))
        given = answer.getvalue()
        assert b"SN-4711" in make()
        assert [secret for secret in planted.SECRETS if secret in given] == []
        assert planted.same_pixels(planted.opened(given), planted.opened(make()))
        assert not planted.opened(given).getexif()

    @pytest.mark.parametrize("format", ["tiff", "heic"])
    def test_what_no_browser_shows_comes_as_the_jpeg_that_is_made_of_it(
        self, visitor: Client, photo: Photo, give: Give, format: str
    ) -> None:
        assert photo.shown
        Original.objects.filter(pk=photo.original_id).update(format=format)
        photo.shown.key = f"colorings/{photo.shown.pk}/full.tif"
        photo.shown.save()
        for key in (storage.grey_key(photo, "zoom"), storage.result_key(photo.shown, "zoom")):
            storage.results().delete(key)
            storage.results().save(key, ContentFile(planted.jpeg()))
        address = give(photo=photo, can_download=True)
        for what in FULL_SIZE:
            answer = visitor.get(file_of(address, photo, what))
            given = answer.getvalue()
            assert answer["Content-Type"] == "image/jpeg"
            assert [secret for secret in planted.SECRETS if secret in given] == []
            assert (b"algorithmicallyEnhanced" in given) == (what == "colour-zoom")

    def test_nor_does_the_zip(self, visitor: Client, album: Album, photo: Photo, give: Give) -> None:
        with_real_files(photo)
        with_real_files(make_photo(album, shade=1), ending="png", make=planted.png)
        address = give(album=album, can_download=True)
        for what, names in (
            ("colour", ["Photo 1 (in colour).jpg", "Photo 2 (in colour).png"]),
            ("grey", ["Photo 1.jpg", "Photo 2.png"]),
        ):
            content = visitor.get(f"{address}download/?what={what}").getvalue()
            assert [secret for secret in planted.SECRETS if secret in content] == []
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                assert archive.testzip() is None
                assert archive.namelist() == names
                assert planted.same_pixels(planted.opened(archive.read(names[0])), planted.opened(planted.jpeg()))

    def test_a_coloured_file_says_what_made_it(self, visitor: Client, photo: Photo, give: Give) -> None:
        with_real_files(photo)
        assert photo.shown
        photo.shown.model_version = ModelVersion.objects.create(name="lite & co", architecture="lite", sha256="ab" * 32)
        photo.shown.save()
        address = give(photo=photo, can_download=True)
        colour, grey = (visitor.get(file_of(address, photo, what)).getvalue() for what in ("colour-zoom", "grey-zoom"))
        (described,) = ElementTree.fromstring(planted.opened(colour).info["xmp"]).iter(f"{RDF}Description")
        said = {name.partition("}")[2]: value for name, value in described.attrib.items()}
        assert said["DigitalSourceType"].endswith("/digitalsourcetype/algorithmicallyEnhanced")
        assert said["AISystemUsed"] == "Heirloom, lite & co"
        assert said["AISystemVersionUsed"] == f"sha256:{'ab' * 32}"
        assert said["CreatorTool"] == "Heirloom"
        assert b"digitalsourcetype" not in grey


class TestZip:
    def test_it_is_had_only_where_that_was_allowed(
        self, visitor: Client, album: Album, photo: Photo, give: Give
    ) -> None:
        with_real_files(photo)
        address = give(album=album)
        answer = visitor.get(f"{address}download/")
        assert (answer.status_code, answer["Location"]) == (302, address)
        assert "Download" not in visitor.get(address).content.decode()

    def test_nothing_else_can_be_packed(self, visitor: Client, album: Album, photo: Photo, give: Give) -> None:
        address = give(album=album, can_download=True)
        assert visitor.get(f"{address}download/?what=originals").status_code == 302

    def test_it_is_not_packed_without_end(self, visitor: Client, album: Album, photo: Photo, give: Give) -> None:
        with_real_files(photo)
        address = f"{give(album=album, can_download=True)}download/"
        answers = [visitor.get(address).status_code for _ in range(13)]
        assert answers == [200] * 12 + [429]


class TestPassword:
    @pytest.fixture
    def locked(self, album: Album, photo: Photo, give: Give) -> str:
        return give(album=album, password=PASSWORD, can_download=True)

    def test_until_it_is_given_nothing_is_seen(self, visitor: Client, locked: str, album: Album, photo: Photo) -> None:
        page = visitor.get(locked)
        assert page.status_code == 200
        assert album.title not in page.content.decode()
        for where in (f"photos/{photo.pk}/", f"photos/{photo.pk}/grey-480/", "download/"):
            answer = visitor.get(locked + where)
            assert (answer.status_code, answer["Location"]) == (302, locked)
        assert Share.objects.get().visits == 0

    def test_the_right_one_opens_it_for_this_browser(
        self, visitor: Client, locked: str, album: Album, photo: Photo
    ) -> None:
        page = visitor.post(f"{locked}unlock/", {"password": PASSWORD}, follow=True)
        assert album.title in page.content.decode()
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 200
        assert visitor.get(locked)["Referrer-Policy"] == "no-referrer"
        assert album.title not in Client().get(locked).content.decode()

    def test_a_wrong_one_does_not(self, visitor: Client, locked: str, photo: Photo) -> None:
        page = visitor.post(f"{locked}unlock/", {"password": "by the sea"})
        assert page.status_code == 403
        assert "That is not the password." in page.content.decode()
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 302

    @pytest.mark.parametrize("query", [f"?password={PASSWORD}", f"unlock/?password={PASSWORD}"])
    def test_it_is_never_taken_from_an_address(
        self, visitor: Client, locked: str, album: Album, photo: Photo, query: str
    ) -> None:
        """CVE-2026-25118: an album's password in the URL."""
        visitor.get(locked + query)
        visitor.post(f"{locked}unlock/?password={PASSWORD}")
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 302

    def test_unlocking_one_share_opens_no_other(
        self, visitor: Client, locked: str, album: Album, photo: Photo, give: Give
    ) -> None:
        """CVE-2026-22784: unlocking one share opened the others, here even with the same password and album."""
        other = give(album=album, password=PASSWORD)
        visitor.post(f"{locked}unlock/", {"password": PASSWORD})
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 200
        assert visitor.get(file_of(other, photo, "grey-480")).status_code == 302

    def test_several_are_open_beside_each_other(
        self, visitor: Client, locked: str, album: Album, photo: Photo, give: Give
    ) -> None:
        other = give(album=album, password="by the sea")
        visitor.post(f"{locked}unlock/", {"password": PASSWORD})
        visitor.post(f"{other}unlock/", {"password": "by the sea"})
        for address in (locked, other):
            assert visitor.get(file_of(address, photo, "grey-480")).status_code == 200

    def test_the_session_gets_a_new_name(self, visitor: Client, locked: str) -> None:
        session = visitor.session
        session["x"] = 1
        session.save()
        visitor.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
        visitor.post(f"{locked}unlock/", {"password": PASSWORD})
        assert visitor.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key

    def test_a_form_that_another_site_sends_is_refused(self, locked: str) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(f"{locked}unlock/", {"password": PASSWORD}).status_code == 403

    def test_its_page_may_be_sent_from(self, visitor: Client, locked: str) -> None:
        """Under "no-referrer" a browser would call its own form one of nowhere."""
        assert visitor.get(locked)["Referrer-Policy"] == "same-origin"

    def test_tries_of_one_address_are_counted_over_all_shares(
        self, visitor: Client, locked: str, album: Album, give: Give
    ) -> None:
        other = give(album=album, password=PASSWORD)
        answers = [visitor.post(f"{locked}unlock/", {"password": f"{n}"}).status_code for n in range(21)]
        assert answers == [403] * 20 + [429]
        assert visitor.post(f"{other}unlock/", {"password": PASSWORD}).status_code == 429

    def test_tries_at_one_share_are_counted_over_all_addresses(self, visitor: Client, locked: str) -> None:
        answers = [
            visitor.post(f"{locked}unlock/", {"password": "x"}, REMOTE_ADDR=f"192.0.2.{n}").status_code
            for n in range(61)
        ]
        assert answers == [403] * 60 + [429]

    def test_a_right_one_costs_no_try(self, locked: str) -> None:
        answers = [Client().post(f"{locked}unlock/", {"password": PASSWORD}).status_code for _ in range(25)]
        assert answers == [302] * 25


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
