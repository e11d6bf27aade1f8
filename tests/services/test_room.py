"""How much a family may keep and add, told before the upload and kept whatever comes at the same moment."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer import limits, storage, words
from colorizer.models import Album, Family, Original, User
from colorizer.selectors import space
from colorizer.services import intake, trash
from tests.files import picture, upload


@pytest.fixture
def sized(family: Family, album: Album, editor: User) -> Any:
    """Take in one more file; another ``shade`` is another file."""

    def add(shade: int) -> Any:
        return intake.accept(into=album, user=editor, upload=upload("a.jpg", picture("JPEG", shade=shade)))

    return add


def leave(monkeypatch: pytest.MonkeyPatch, *, bytes: int) -> None:
    """So many bytes are all that a family of ``most_gb`` 1 may keep."""
    monkeypatch.setattr(space, "GB", bytes)


def test_a_family_has_a_hundred_gigabytes_and_ten_thousand_photos_a_day(family: Family) -> None:
    room = space.room(family=family)
    assert (room.bytes, room.photos) == (100_000_000_000, 10_000)
    assert not room.bytes_scarce
    assert not room.photos_scarce


def test_staff_may_give_one_family_more_or_less_or_no_limit(family: Family, settings: Any) -> None:
    family.most_gb, family.most_photos_a_day = 2, 30
    assert (space.room(family=family).bytes, space.room(family=family).photos) == (2_000_000_000, 30)
    family.most_gb = family.most_photos_a_day = 0
    assert space.room(family=family) == space.Room()
    family.most_gb = family.most_photos_a_day = None
    settings.HEIRLOOM_FAMILY_GB = settings.HEIRLOOM_FAMILY_PHOTOS_A_DAY = 0
    assert space.room(family=family) == space.Room()


def test_what_does_not_fit_is_refused_with_what_is_left_and_what_to_do(
    sized: Any, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sized(0).original
    Family.objects.update(most_gb=1)
    leave(monkeypatch, bytes=first.size + 10)
    with pytest.raises(intake.Refused) as refused:
        sized(1)
    assert (refused.value.code, refused.value.status) == ("family_full", 413)
    assert "your family has 0 MB left of 0 MB" in refused.value.message
    assert "trash" in refused.value.message
    assert Original.objects.get() == first
    assert storage.originals().listdir(str(family.pk))[1] == [first.key.rpartition("/")[2]]


def test_what_fits_to_the_byte_is_taken(sized: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sized(0).original
    Family.objects.update(most_gb=1)
    leave(monkeypatch, bytes=first.size + len(picture("JPEG", shade=1)))
    assert sized(1)


def test_what_lies_in_the_trash_counts_until_it_is_deleted_for_ever(
    sized: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = sized(0)
    Family.objects.update(most_gb=1)
    leave(monkeypatch, bytes=photo.original.size + 10)
    trash.delete_photo(photo=photo)
    with pytest.raises(intake.Refused):
        sized(1)
    trash.purge_photo(photo=photo)
    assert sized(1)


def test_a_file_that_is_here_already_is_told_so_however_little_room_there_is(
    sized: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sized(0)
    leave(monkeypatch, bytes=0)
    with pytest.raises(intake.AlreadyHere):
        sized(0)


def test_after_so_many_photos_a_day_the_rest_wait_for_tomorrow(sized: Any) -> None:
    Family.objects.update(most_photos_a_day=2)
    sized(0), sized(1)
    with pytest.raises(intake.Refused) as refused:
        sized(2)
    assert (refused.value.code, refused.value.status) == ("too_many_today", 429)
    assert "Add the rest tomorrow." in refused.value.message
    Original.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert sized(2)


def test_one_familys_photos_take_no_room_of_another(sized: Any, stranger: User, family: Family) -> None:
    sized(0)
    other = stranger.families.get()
    Family.objects.update(most_photos_a_day=1)
    album = Album.objects.create(family=other, title="Theirs")
    assert intake.accept(into=album, user=stranger, upload=upload("a.jpg", picture("JPEG")))


@pytest.mark.django_db(transaction=True)
def test_of_uploads_at_the_same_moment_no_more_are_taken_than_there_is_room_for(
    sized: Any, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    Family.objects.update(most_photos_a_day=3)
    taken: list[bool] = []
    # All have passed the first look before any is written.
    together = threading.Barrier(6)
    save = storage.save_original
    monkeypatch.setattr(storage, "save_original", lambda key, file: (save(key, file), together.wait()))

    def add(shade: int) -> None:
        try:
            sized(shade)
            taken.append(True)
        except intake.Refused:
            taken.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=[shade]) for shade in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 3 + [True] * 3
    assert len(storage.originals().listdir(str(family.pk))[1]) == 3


# --- Told beforehand ----------------------------------------------------------------------------------------------


def test_the_album_tells_the_browser_what_may_be_added(album: Album, as_editor_of: Any, editor: User) -> None:
    page = as_editor_of(editor).get(reverse("album", args=[album.pk])).content.decode()
    assert 'data-room-bytes="100000000000"' in page
    assert 'data-room-photos="10000"' in page
    assert 'data-most-bytes="500000000"' in page
    assert 'id="room"' not in page


def test_the_album_says_so_when_room_gets_scarce(album: Album, sized: Any, as_editor_of: Any, editor: User) -> None:
    sized(0)
    Original.objects.update(size=1_900_000_000)
    Family.objects.update(most_gb=2, most_photos_a_day=12)
    page = as_editor_of(editor).get(reverse("album", args=[album.pk])).content.decode()
    assert "room for 100 MB more of its 2.0 GB" in page
    assert "today" not in page.split('id="room"')[1].split("</div>")[0]
    Family.objects.update(most_gb=0, most_photos_a_day=2)
    Original.objects.update(created_at=timezone.now())
    Family.objects.update(most_photos_a_day=1)
    page = as_editor_of(editor).get(reverse("album", args=[album.pk])).content.decode()
    assert "may add 0 more photos today" in page


def test_a_viewer_is_told_nothing_of_room(album: Album, as_editor_of: Any, viewer: User) -> None:
    Family.objects.update(most_gb=0, most_photos_a_day=1)
    assert "room" not in as_editor_of(viewer).get(reverse("album", args=[album.pk])).content.decode()


@pytest.fixture
def as_editor_of() -> Any:
    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser


def test_the_upload_answers_in_the_shape_of_other_refusals(album: Album, as_editor_of: Any, editor: User) -> None:
    Family.objects.update(most_photos_a_day=1)
    client, address = as_editor_of(editor), reverse("upload", args=[album.pk])
    assert client.post(address, {"file": upload("a.jpg", picture("JPEG", shade=1))}).status_code == 201
    answer = client.post(address, {"file": upload("a.jpg", picture("JPEG", shade=2))})
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_today"
    assert answer.json()["message"].startswith("Your family has added 1 photos today")


def test_a_whole_box_may_come_at_once() -> None:
    assert limits.Rate.of(limits.UPLOADS) == limits.Rate(600, 600)


def test_who_sends_quicker_than_that_is_told_when_to_come_again(
    album: Album, as_editor_of: Any, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOADS", "3/h")
    client, address = as_editor_of(editor), reverse("upload", args=[album.pk])
    headers = {"accept": "application/json"}
    assert [client.post(address, headers=headers).status_code for _ in range(3)] == [422] * 3  # no file arrived
    late = client.post(address, headers=headers)
    assert late.status_code == 429
    assert late.json()["code"] == "too_many_tries"
    assert 1190 <= int(late["Retry-After"]) <= 1200


@pytest.mark.parametrize(
    ("size", "said"), [(0, "0 MB"), (999_999, "0 MB"), (310_900_000, "310 MB"), (4_290_000_000, "4.2 GB")]
)
def test_a_size_is_said_as_people_say_it_and_never_more_than_it_is(size: int, said: str) -> None:
    assert words.amount(size) == said
