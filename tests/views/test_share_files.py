"""The files that a link gives, alone and in a zip, and what is not in them."""

import io
import zipfile
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from colorizer import storage
from colorizer.models import Album, Family, ModelVersion, Original, Photo, Share, User
from colorizer.services import sharing, trash
from tests import test_stripping as planted
from tests.files import picture
from tests.views.conftest import make_photo

from .shares import FULL_SIZE, Give, file_of, with_real_files

RENDITIONS = ("grey-480", "grey-1600", "colour-480", "colour-1600")
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


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
