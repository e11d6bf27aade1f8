"""Photos by program: uploaded, watched, described, cancelled, tried again, answered, to the trash and back."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from colorizer.models import Album, Coloring, Family, ModelVersion, Original, Photo, Queue, Status, User
from colorizer.services import trash
from tests.files import picture, upload
from tests.services.test_intake import REFUSED
from tests.views.conftest import make_photo

PHOTOS = "/api/v1/photos"


def send(client: Client, **fields: Any) -> Any:
    return client.post(PHOTOS, {"file": upload("farm.jpg", picture("JPEG"))} | fields)


def path(photo: Photo, what: str = "") -> str:
    return f"{PHOTOS}/{photo.pk}{what}"


def test_an_upload_comes_back_as_the_photo_that_it_became(as_editor: Client, editor: User, album: Album) -> None:
    answer = send(as_editor, album=str(album.pk))
    photo = Photo.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, path(photo))
    assert (answer.json()["id"], answer.json()["album"]) == (str(photo.pk), str(album.pk))
    assert answer.json()["state"] == "preparing"
    assert photo.original.uploaded_by == editor


def test_a_family_that_is_full_is_told_so_and_how_much_room_there_is(
    as_editor: Client, family: Family, photo: Photo
) -> None:
    size = photo.original.size
    Family.objects.update(most_gb=0, most_photos_a_day=1)
    answer = send(as_editor)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_today")
    assert 0 < int(answer["Retry-After"]) <= 86_400
    usage = as_editor.get("/api/v1/usage").json()
    assert (usage["files"], usage["bytes"], usage["most_bytes"]) == (1, size, None)
    assert (usage["most_files_a_day"], usage["files_left_today"]) == (1, 0)


def test_no_address_is_fetched_for_anyone(as_editor: Client) -> None:
    """A server that fetches what a request names would reach what lies behind it."""
    for name in ("file", "url", "source"):
        assert as_editor.post(PHOTOS, {name: "http://127.0.0.1/farm.jpg"}).status_code in (415, 422)
    assert not Photo.objects.exists()


def test_an_upload_without_an_album_goes_to_the_unsorted(as_editor: Client, family: Family) -> None:
    send(as_editor)
    assert Album.objects.get().is_unsorted
    assert Photo.objects.get().album.family == family


def test_an_upload_without_an_album_leaves_the_trash_as_it_is(as_editor: Client) -> None:
    send(as_editor)
    old = Album.objects.get()
    trash.delete_album(album=old)
    send(as_editor, file=upload("barn.jpg", picture("JPEG", shade=1)))
    assert Album.objects.get(pk=old.pk).deleted_at
    assert Photo.objects.kept().get().album != old  # type: ignore[attr-defined]


def test_a_file_that_is_refused_begins_no_album(as_editor: Client) -> None:
    send(as_editor, file=upload("farm.jpg", b"no photo"))
    assert not Album.objects.exists()


def test_the_same_file_again_is_a_conflict_that_names_the_photo(as_editor: Client) -> None:
    first = send(as_editor).json()["id"]
    again = send(as_editor)
    assert (again.status_code, again.json()["code"], again.json()["photo"]) == (409, "already_here", first)
    trash.delete_photo(photo=Photo.objects.get())
    assert send(as_editor).json()["code"] == "in_trash"
    assert Photo.objects.count() == 1


@pytest.mark.parametrize(("name", "content", "code", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_why_and_what_to_do(
    as_editor: Client, name: str, content: bytes, code: str, status: int
) -> None:
    answer = send(as_editor, file=upload(name, content))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["detail"]) > 20
    assert not Photo.objects.exists()


def test_the_first_uploads_go_before_the_bulk_and_the_rest_with_it(as_editor: Client) -> None:
    for shade in range(5):
        send(as_editor, file=upload(f"{shade}.jpg", picture("JPEG", shade=shade)))
    queues = list(Original.objects.order_by("created_at").values_list("queue", flat=True))
    assert queues == [Queue.INTERACTIVE] * 3 + [Queue.BULK] * 2


def test_whose_the_photo_is_follows_from_the_token_whatever_the_form_says(
    as_editor: Client, family: Family, stranger: User
) -> None:
    """The owner taken from the request's body: the fault of LibrePhotos."""
    theirs = stranger.families.get()
    send(as_editor, family=str(theirs.pk), uploaded_by=str(stranger.pk), owner=str(stranger.pk))
    original = Original.objects.get()
    assert (original.family, original.uploaded_by == stranger) == (family, False)


def test_a_photo_in_work_says_how_far_it_is_and_when_to_look_again(reader: Client, album: Album) -> None:
    photo = make_photo(album, coloured=False)
    running = Coloring.objects.create(photo=photo, status=Status.RUNNING, percent=40, stage="network")
    Coloring.objects.update(started_at=timezone.now())
    answer = reader.get(path(photo))
    coloring = answer.json()["coloring"]
    assert (coloring["id"], coloring["status"], coloring["stage"]) == (str(running.pk), "running", "network")
    assert (coloring["percent"], coloring["place"]) == (40, 0)
    assert 1 <= int(answer["Retry-After"]) <= 30
    assert coloring["seconds_left"] >= 1


def test_a_photo_in_line_says_its_place(reader: Client, album: Album) -> None:
    waiting = [make_photo(album, shade=shade, coloured=False) for shade in range(2)]
    for photo in waiting:
        Coloring.objects.create(photo=photo)
    assert [reader.get(path(photo)).json()["coloring"]["place"] for photo in waiting] == [1, 2]


def test_a_photo_that_is_done_says_which_model_gave_its_colours(reader: Client, photo: Photo) -> None:
    model = ModelVersion.objects.create(name="lite", architecture="lite", sha256="c" * 64)
    Coloring.objects.update(model_version=model, seconds=2.5)
    answer = reader.get(path(photo))
    coloring = answer.json()["coloring"]
    assert coloring["model"] == {"name": "lite", "sha256": "c" * 64}
    assert (coloring["seconds"], coloring["is_shown"], coloring["place"]) == (2.5, True, None)
    assert "Retry-After" not in answer
    assert reader.get(coloring["links"]["self"]).json() == coloring
    assert reader.get(answer.json()["links"]["colorings"]).json()["items"] == [coloring]


def test_a_photo_that_failed_says_why_in_words_and_as_a_code(reader: Client, album: Album) -> None:
    photo = make_photo(album, coloured=False)
    Coloring.objects.create(photo=photo, status=Status.FAILED, reason="no_memory")
    assert reader.get(path(photo)).json()["coloring"]["reason"]["code"] == "no_memory"
    refused = make_photo(album, shade=1, coloured=False, state=Photo.State.REFUSED, refusal="truncated")
    assert reader.get(path(refused)).json()["refusal"]["sentence"] == "The end of this photo is missing."


def test_what_a_change_of_the_story_leaves_out_stays(as_editor: Client, photo: Photo) -> None:
    for body in ({"caption": "Greta", "taken": "1931"}, {"people": "Greta, Nils"}, {"caption": ""}):
        assert as_editor.patch(path(photo), json.dumps(body), "application/json").status_code == 200
    photo.refresh_from_db()
    assert (photo.caption, photo.taken, photo.people) == ("", "1931", "Greta, Nils")


def test_a_photo_goes_to_the_trash_and_comes_back(as_editor: Client, photo: Photo) -> None:
    assert as_editor.delete(path(photo)).status_code == 204
    assert as_editor.get(path(photo)).status_code == 404
    assert as_editor.post(path(photo, "/restore")).status_code == 200
    assert as_editor.post(path(photo, "/restore")).status_code == 404
    assert as_editor.get(path(photo)).status_code == 200


def test_a_photo_whose_album_lies_in_the_trash_comes_back_once_that_does(
    as_editor: Client, album: Album, photo: Photo
) -> None:
    trash.delete_photo(photo=photo)
    trash.delete_album(album=album)
    assert as_editor.post(path(photo, "/restore")).status_code == 404
    assert Album.objects.get(pk=album.pk).deleted_at
    trash.restore_album(album=album)
    assert as_editor.post(path(photo, "/restore")).status_code == 200


def test_a_colouring_is_cancelled_and_tried_again(as_editor: Client, album: Album) -> None:
    photo = make_photo(album, coloured=False)
    Coloring.objects.create(photo=photo)
    assert as_editor.post(path(photo, "/cancel")).json()["coloring"]["status"] == "cancelled"
    nothing = as_editor.post(path(photo, "/cancel"))
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_cancel")
    assert as_editor.post(path(photo, "/retry")).json()["coloring"]["status"] == "queued"
    nothing = as_editor.post(path(photo, "/retry"))
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_retry")


def test_what_failed_is_not_tried_again_beside_another_colouring(as_editor: Client, album: Album) -> None:
    photo = make_photo(album, coloured=False)
    Coloring.objects.create(photo=photo)
    Coloring.objects.create(photo=photo, status=Status.FAILED)
    answer = as_editor.post(path(photo, "/retry"))
    assert (answer.status_code, answer.json()["code"]) == (409, "coloring_open")


@pytest.mark.parametrize(("colour", "colorings"), [(True, 1), (False, 0)])
def test_a_photo_that_asks_takes_one_answer(as_editor: Client, album: Album, colour: bool, colorings: int) -> None:
    photo = make_photo(album, coloured=False, state=Photo.State.ASKS)
    said = json.dumps({"colour": colour})
    answer = as_editor.post(path(photo, "/answer"), said, "application/json")
    assert (answer.json()["state"], photo.colorings.count()) == ("ready", colorings)
    again = as_editor.post(path(photo, "/answer"), said, "application/json")
    assert (again.status_code, again.json()["code"]) == (409, "not_asked")


def test_a_photo_that_was_kept_can_be_coloured_after_all(as_editor: Client, album: Album) -> None:
    photo = make_photo(album, coloured=False)
    assert as_editor.post(path(photo, "/retry")).json()["coloring"]["status"] == "queued"


class TestFiles:
    @pytest.mark.parametrize(
        ("what", "content"),
        [
            ("/original", picture("JPEG", shade=0)),
            ("/result", b"colour full "),
            ("/renditions/grey-480", b"grey 480 0"),
            ("/renditions/colour-1600", b"colour 1600 "),
        ],
    )
    def test_each_comes_by_the_one_way_out(self, reader: Client, photo: Photo, what: str, content: bytes) -> None:
        whole = reader.get(path(photo, what))
        assert whole.getvalue().startswith(content)
        assert whole["X-Content-Type-Options"] == "nosniff"
        assert whole["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert whole["Cache-Control"] == "private, no-cache"
        part = reader.get(path(photo, what), headers={"Range": "bytes=1-4"})
        assert (part.status_code, part.getvalue()) == (206, content[1:5])
        same = reader.get(path(photo, what), headers={"If-None-Match": whole["ETag"]})
        assert same.status_code == 304
        head = reader.head(path(photo, what))
        assert (head.status_code, head["Content-Length"]) == (200, whole["Content-Length"])

    def test_a_part_that_is_not_there_is_a_problem_that_says_how_large_the_file_is(
        self, reader: Client, photo: Photo
    ) -> None:
        answer = reader.get(path(photo, "/renditions/grey-480"), headers={"Range": "bytes=999-"})
        assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */10")
        assert answer.json()["code"] == "range"

    @pytest.mark.parametrize("name", ["grey-481", "colour-full", "original", "..", "size=original"])
    def test_no_other_size_can_be_asked_for(self, reader: Client, photo: Photo, name: str) -> None:
        """CVE-2026-54260: a size that the address says."""
        assert reader.get(path(photo, f"/renditions/{name}")).status_code in (404, 422)

    def test_there_is_no_result_before_there_is_one(self, reader: Client, album: Album) -> None:
        grey = make_photo(album, coloured=False)
        assert reader.get(path(grey, "/result")).status_code == 404
        assert reader.get(path(grey)).json()["links"].keys() == {"self", "album", "original", "colorings"}


@pytest.mark.parametrize("album", ["", "x", "0"])
def test_an_album_that_is_no_id_is_said_to_be_none(as_editor: Client, album: str) -> None:
    answer = send(as_editor, album=album)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "album")
    assert not Photo.objects.exists()
