"""The one way out for bytes: whole, in parts, or not again; never run as anything but what they are."""

from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from colorizer import storage
from colorizer.models import Coloring, Original, Photo
from tests.files import picture
from tests.views.conftest import SignIn, make_photo

CONTENT = picture("JPEG", shade=0)


@pytest.fixture
def address(photo: Photo) -> str:
    return reverse("photo_file", args=[photo.pk, "original"])


@pytest.mark.parametrize(
    ("what", "content_type", "content"),
    [
        ("grey-480", "image/webp", b"grey 480 0"),
        ("grey-1600", "image/webp", b"grey 1600 0"),
        ("grey-zoom", "image/jpeg", CONTENT),
        ("original", "image/jpeg", CONTENT),
        ("colour-480", "image/webp", b"colour 480 "),
        ("colour-zoom", "image/jpeg", b"colour full "),
        ("result", "image/jpeg", b"colour full "),
    ],
)
def test_each_file_comes_whole_and_under_its_own_type(
    as_viewer: Client, photo: Photo, what: str, content_type: str, content: bytes
) -> None:
    response = as_viewer.get(reverse("photo_file", args=[photo.pk, what]))
    given = response.getvalue()
    assert given.startswith(content)
    assert response["Content-Type"] == content_type
    assert int(response["Content-Length"]) == len(given)


@pytest.mark.parametrize("what", ["grey-zoom", "colour-zoom"])
def test_what_a_browser_cannot_show_has_a_full_size_view_of_its_own(as_viewer: Client, photo: Photo, what: str) -> None:
    Original.objects.filter(pk=photo.original_id).update(format="tiff")
    Coloring.objects.filter(pk=photo.shown_id).update(key=f"colorings/{photo.shown_id}/full.tif")
    response = as_viewer.get(reverse("photo_file", args=[photo.pk, what]))
    assert response.getvalue().startswith(what.replace("-", " ").encode())
    assert response["Content-Type"] == "image/jpeg"


def test_a_browser_runs_nothing_in_a_file_and_no_one_else_keeps_it(as_viewer: Client, address: str) -> None:
    response = as_viewer.get(address)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-cache"


def test_an_address_that_names_the_version_is_kept_for_good(as_viewer: Client, photo: Photo) -> None:
    colour = reverse("photo_file", args=[photo.pk, "colour-480"])
    assert "immutable" in as_viewer.get(f"{colour}?v={photo.shown_id}")["Cache-Control"]
    assert "immutable" not in as_viewer.get(f"{colour}?v={photo.pk}")["Cache-Control"]
    assert (
        "immutable"
        in as_viewer.get(reverse("photo_file", args=[photo.pk, "grey-480"]) + f"?v={photo.pk}")["Cache-Control"]
    )


@pytest.mark.parametrize("what", ["grey-481", "colour-full", "result-480", "originals", "grey", "x", "colour-"])
def test_no_other_size_or_name_can_be_asked_for(as_viewer: Client, photo: Photo, what: str) -> None:
    assert as_viewer.get(f"/photos/{photo.pk}/{what}/").status_code == 404


def test_a_photo_without_colour_has_no_coloured_file(as_viewer: Client, photo: Photo) -> None:
    grey = make_photo(photo.album, shade=1, coloured=False)
    for what in ("colour-480", "result"):
        assert as_viewer.get(reverse("photo_file", args=[grey.pk, what])).status_code == 404


def test_a_file_that_is_missing_in_the_store_is_not_found(as_viewer: Client, photo: Photo, address: str) -> None:
    storage.originals().delete(photo.original.key)
    assert as_viewer.get(address).status_code == 404


def test_head_tells_all_but_the_bytes(as_viewer: Client, address: str) -> None:
    head, get = as_viewer.head(address), as_viewer.get(address)
    assert head.content == b""
    for header in ("Content-Length", "Content-Type", "ETag", "Accept-Ranges"):
        assert head[header] == get[header]


class TestAgain:
    def test_what_the_browser_has_is_not_sent_again(self, as_viewer: Client, address: str) -> None:
        etag = as_viewer.get(address)["ETag"]
        again = as_viewer.get(address, headers={"If-None-Match": f'"other", {etag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == etag

    def test_another_version_is_sent(self, as_viewer: Client, address: str) -> None:
        assert as_viewer.get(address, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_files_and_versions_have_tags_of_their_own(self, as_viewer: Client, photo: Photo) -> None:
        tags = {
            as_viewer.get(reverse("photo_file", args=[photo.pk, what]))["ETag"] for what in ("grey-480", "colour-480")
        }
        assert len(tags) == 2

    def test_rights_come_before_the_tag(
        self, as_viewer: Client, sign_in: SignIn, stranger: object, address: str
    ) -> None:
        etag = as_viewer.get(address)["ETag"]
        assert sign_in(stranger).get(address, headers={"If-None-Match": etag}).status_code == 404  # type: ignore[arg-type]


class TestRange:
    @pytest.mark.parametrize(
        ("asked", "start", "stop"),
        [
            ("bytes=0-9", 0, 10),
            ("bytes=10-", 10, len(CONTENT)),
            ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
            ("bytes=5-999999", 5, len(CONTENT)),
            ("bytes=-999999", 0, len(CONTENT)),
            (f"bytes={len(CONTENT) - 1}-", len(CONTENT) - 1, len(CONTENT)),
        ],
    )
    def test_a_part_is_that_part(self, as_viewer: Client, address: str, asked: str, start: int, stop: int) -> None:
        response = as_viewer.get(address, headers={"Range": asked})
        assert response.status_code == 206
        assert response.getvalue() == CONTENT[start:stop]
        assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
        assert response["Content-Length"] == str(stop - start)

    @pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=-0", "bytes=99999-100000"])
    def test_a_part_that_is_not_there_cannot_be_had(self, as_viewer: Client, address: str, asked: str) -> None:
        response = as_viewer.get(address, headers={"Range": asked})
        assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")

    @pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=-", "bytes=a-b", "lines=0-9", "bytes=0-1,5-6", "bytes=٣-٤"])
    def test_what_is_no_range_of_ours_gets_the_whole(self, as_viewer: Client, address: str, asked: str) -> None:
        response = as_viewer.get(address, HTTP_RANGE=asked)
        assert (response.status_code, response.getvalue()) == (200, CONTENT)

    def test_a_part_of_another_version_is_the_whole_of_this_one(self, as_viewer: Client, address: str) -> None:
        etag = as_viewer.get(address)["ETag"]
        parts = {"Range": "bytes=0-9", "If-Range": etag}
        assert as_viewer.get(address, headers=parts).status_code == 206
        assert as_viewer.get(address, headers=parts | {"If-Range": '"older"'}).getvalue() == CONTENT


class TestNames:
    @pytest.mark.parametrize(
        ("caption", "name"),
        [
            ("", "farm.jpg"),
            ("The farm, 1931", "The farm, 1931.jpg"),
            ('../../etc/"passwd"', "etc passwd.jpg"),
            ("a\r\nSet-Cookie: x=1", "a Set-Cookie x=1.jpg"),
            ("<script>alert(1)</script>", "script alert(1) script.jpg"),
            ("Großmutter 👵 im Garten", "Großmutter 👵 im Garten.jpg"),
            ("x" * 300, "x" * 100 + ".jpg"),
            ("CON", "CON_.jpg"),
            (" . . ", "photo.jpg"),
            ("farm\u202egpj.exe", "farmgpj.exe.jpg"),
        ],
    )
    def test_a_download_has_a_name_that_is_safe_everywhere(
        self, as_viewer: Client, photo: Photo, address: str, caption: str, name: str
    ) -> None:
        Photo.objects.filter(pk=photo.pk).update(caption=caption)
        disposition = as_viewer.get(f"{address}?download=1")["Content-Disposition"]
        plain = f'attachment; filename="{name}"'
        assert disposition == (plain if name.isascii() else f"attachment; filename*=utf-8''{quote(name)}")

    def test_the_colours_and_the_original_have_names_apart(self, as_viewer: Client, photo: Photo) -> None:
        result = as_viewer.get(reverse("photo_file", args=[photo.pk, "result"]) + "?download=1")
        assert result["Content-Disposition"] == 'attachment; filename="farm (in colour).jpg"'

    def test_a_file_that_is_only_shown_has_no_name(self, as_viewer: Client, address: str) -> None:
        assert "Content-Disposition" not in as_viewer.get(address)
