"""An album as one ZIP: whole, of known length, and with names that are safe and apart."""

import io
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from colorizer import storage
from colorizer.models import Album, Photo
from colorizer.services import trash
from colorizer.stores import Part
from tests.files import picture
from tests.views.conftest import make_photo


def unpacked(response: Any) -> dict[str, bytes]:
    content = response.getvalue()
    assert len(content) == int(response["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def colour(album: Album) -> str:
    return reverse("album_download", args=[album.pk]) + "?what=colour"


@pytest.fixture
def originals(album: Album) -> str:
    return reverse("album_download", args=[album.pk]) + "?what=originals"


def test_the_colours_of_an_album_come_as_they_lie_in_the_store(as_viewer: Client, album: Album, colour: str) -> None:
    first, second = make_photo(album, shade=1, caption="The farm"), make_photo(album, shade=2)
    response = as_viewer.get(colour)
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == f'attachment; filename="{album.title}.zip"'
    assert unpacked(response) == {
        "The farm (in colour).jpg": f"colour full {first.pk}".encode(),
        "farm (in colour).jpg": f"colour full {second.pk}".encode(),
    }


def test_the_originals_come_byte_for_byte(as_viewer: Client, album: Album, originals: str) -> None:
    make_photo(album, shade=1, coloured=False)
    make_photo(album, shade=2)
    assert unpacked(as_viewer.get(originals)) == {
        "farm.jpg": picture("JPEG", shade=1),
        "farm (2).jpg": picture("JPEG", shade=2),
    }


def test_an_original_of_many_pages_is_in_it_once(as_viewer: Client, photo: Photo, originals: str) -> None:
    Photo.objects.create(original=photo.original, album=photo.album, page=2, state=Photo.State.READY)
    assert list(unpacked(as_viewer.get(originals))) == ["farm.jpg"]


def test_names_that_differ_in_case_alone_are_told_apart(as_viewer: Client, album: Album, originals: str) -> None:
    for shade, caption in enumerate(["Farm", "farm", "FARM"]):
        make_photo(album, shade=shade, caption=caption)
    assert list(unpacked(as_viewer.get(originals))) == ["Farm.jpg", "farm (2).jpg", "FARM (3).jpg"]


@pytest.mark.parametrize("caption", ["../../../evil", "/etc/passwd", "C:\\evil", "a/../../b"])
def test_no_name_leads_out_of_the_folder_it_is_unpacked_in(
    as_viewer: Client, album: Album, originals: str, caption: str
) -> None:
    make_photo(album, caption=caption)
    (name,) = unpacked(as_viewer.get(originals))
    assert not {"/", "\\", ":"} & set(name)
    assert not name.startswith(".")


def test_what_has_no_colours_yet_is_left_out_and_the_page_says_so(as_viewer: Client, album: Album, colour: str) -> None:
    make_photo(album, shade=1)
    make_photo(album, shade=2, coloured=False)
    assert as_viewer.get(reverse("album", args=[album.pk])).context["uncoloured_count"] == 1
    assert len(unpacked(as_viewer.get(colour))) == 1


def test_what_lies_in_the_trash_is_left_out(as_viewer: Client, album: Album, originals: str) -> None:
    make_photo(album, shade=1, caption="Kept")
    trash.delete_photo(photo=make_photo(album, shade=2))
    assert list(unpacked(as_viewer.get(originals))) == ["Kept.jpg"]


def test_where_there_is_nothing_to_pack_the_page_says_so(as_viewer: Client, album: Album, colour: str) -> None:
    make_photo(album, coloured=False)
    response = as_viewer.get(colour, follow=True)
    assert response.redirect_chain == [(reverse("album", args=[album.pk]), 302)]
    assert "nothing to download yet" in response.content.decode()


def test_an_album_holds_colours_and_originals_and_nothing_else(as_viewer: Client, album: Album) -> None:
    assert as_viewer.get(reverse("album_download", args=[album.pk]) + "?what=models").status_code == 404


def test_photos_are_opened_one_at_a_time(
    as_viewer: Client, album: Album, originals: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shade in range(3):
        make_photo(album, shade=shade)
    store, opened = type(storage.originals()), list[Part]()
    opening = store.part

    def open_alone(*args: Any, **kwargs: Any) -> Part:
        assert all(is_read(part) for part in opened)
        opened.append(opening(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(store, "part", open_alone)
    response = as_viewer.get(originals)
    assert not opened
    assert len(unpacked(response)) == len(opened) == 3


def is_read(part: Part) -> bool:
    return next(part, None) is None
