"""Albums by program: listed page by page, begun, named anew, to the trash and back."""

from typing import Any

import pytest
from django.test import Client

from colorizer.models import Album, Family, Photo
from tests.views.conftest import make_photo

ALBUMS = "/api/v1/albums"


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.generic(method, path, "" if body is None else __import__("json").dumps(body), "application/json")


def test_an_album_is_begun_and_found_again(as_editor: Client, family: Family) -> None:
    made = send(as_editor, "POST", ALBUMS, {"title": "Summers", "description": "From the attic."})
    assert made.status_code == 201
    again = as_editor.get(made["Location"])
    assert again.json() == made.json()
    assert (made.json()["title"], made.json()["photos"]) == ("Summers", 0)
    assert Album.objects.get().family == family


def test_albums_come_page_by_page_newest_first(as_editor: Client, family: Family) -> None:
    for number in range(5):
        Album.objects.create(family=family, title=str(number))
    seen, path = [], f"{ALBUMS}?limit=2"
    while path:
        page = as_editor.get(path).json()
        assert page["total"] == 5
        seen += [album["title"] for album in page["items"]]
        path = page["next"]
    assert seen == ["4", "3", "2", "1", "0"]


def test_the_list_costs_as_many_queries_for_fifty_albums_as_for_one(
    as_editor: Client, family: Family, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        make_photo(Album.objects.create(family=family, title=str(number)), shade=number)
    as_editor.get("/api/v1/")
    with django_assert_max_num_queries(9):
        assert len(as_editor.get(ALBUMS).json()["items"]) == 50


def test_an_album_counts_its_photos_and_those_in_colour(as_editor: Client, album: Album, photo: Photo) -> None:
    make_photo(album, shade=1, coloured=False)
    found = as_editor.get(f"{ALBUMS}/{album.pk}").json()
    assert (found["photos"], found["coloured"]) == (2, 1)


def test_what_a_change_leaves_out_stays(as_editor: Client, album: Album) -> None:
    send(as_editor, "PATCH", f"{ALBUMS}/{album.pk}", {"description": "The blue box"})
    album.refresh_from_db()
    assert (album.title, album.description) == ("Summers at the lake", "The blue box")


def test_an_album_goes_to_the_trash_and_comes_back(as_editor: Client, album: Album, photo: Photo) -> None:
    path = f"{ALBUMS}/{album.pk}"
    assert as_editor.delete(path).status_code == 204
    assert as_editor.get(path).status_code == 404
    assert as_editor.get(f"/api/v1/photos/{photo.pk}").status_code == 404
    assert as_editor.post(f"{path}/restore").json()["photos"] == 1
    assert as_editor.get(path).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "title", "missing"),
        ({"title": " "}, "title", "string_pattern_mismatch"),
        ({"title": "x" * 201}, "title", "string_too_long"),
        ({"title": "a\0b"}, "title", "string_pattern_mismatch"),
        ({"title": "\ud800"}, "title", "string_unicode"),
        ({"title": 7}, "title", "string_type"),
        ({"title": "x", "owner": "me"}, "owner", "extra_forbidden"),
        ({"title": "x", "family": "other"}, "family", "extra_forbidden"),
    ],
)
def test_what_is_not_valid_is_said_of_its_field(as_editor: Client, body: Any, field: str, code: str) -> None:
    answer = send(as_editor, "POST", ALBUMS, body)
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert not Album.objects.exists()


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=99999999999999999999"])
def test_a_page_has_its_bounds(as_editor: Client, query: str) -> None:
    assert as_editor.get(f"{ALBUMS}?{query}").status_code == 422


def test_an_album_lists_its_photos_page_by_page(as_editor: Client, album: Album) -> None:
    made = [make_photo(album, shade=shade) for shade in range(3)]
    page = as_editor.get(f"{ALBUMS}/{album.pk}/photos?limit=2").json()
    rest = as_editor.get(page["next"]).json()
    assert [each["id"] for each in page["items"] + rest["items"]] == [str(photo.pk) for photo in made]
    assert rest["next"] is None


def test_a_page_of_photos_costs_few_queries(
    as_editor: Client, album: Album, django_assert_max_num_queries: Any
) -> None:
    for shade in range(30):
        make_photo(album, shade=shade)
    as_editor.get("/api/v1/")
    with django_assert_max_num_queries(10):
        assert len(as_editor.get(f"{ALBUMS}/{album.pk}/photos").json()["items"]) == 30
