"""The trash: what goes there comes back as it was; what is purged is gone from rows and files alike."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from colorizer import storage
from colorizer.models import Album, Coloring, Discard, Family, Original, Photo, Queue, Status, Tombstone, User
from colorizer.services import album as albums
from colorizer.services import coloring, discarding, intake, trash
from tests.files import picture, upload


@pytest.fixture
def photo(album: Album, editor: User) -> Photo:
    """A photo in colour, with all its files."""
    return coloured(taken(album, editor))


def taken(album: Album, user: User, *, shade: int = 0, pages: int = 1) -> Photo:
    photo = intake.accept(into=album, user=user, upload=upload("a.tif", picture("TIFF", shade=shade, pages=pages)))
    photo.state = Photo.State.READY
    photo.save()
    return photo


def coloured(photo: Photo) -> Photo:
    photo.shown = Coloring.objects.create(photo=photo, status=Status.DONE)
    photo.save()
    for key in result_keys(photo):
        storage.results().save(key, ContentFile(b"colour"))
    return photo


def result_keys(photo: Photo) -> list[str]:
    sizes = (*storage.SIZES, "zoom")
    grey = [storage.grey_key(photo, size) for size in sizes]
    return grey + [storage.result_key(each, size) for each in photo.colorings.all() for size in (*sizes, "full")]


def test_a_photo_in_the_trash_comes_back_as_it_was(photo: Photo) -> None:
    before = photo.changed_at
    trash.delete_photo(photo=photo)
    assert not Photo.objects.filter(pk=photo.pk).kept().exists()  # type: ignore[attr-defined]

    trash.restore_photo(photo=photo)

    found = Photo.objects.kept().get(pk=photo.pk)  # type: ignore[attr-defined]
    assert found.shown == photo.shown
    assert found.changed_at > before
    assert all(storage.results().exists(key) for key in result_keys(photo))


def test_a_restored_photo_leaves_its_album_where_it_is(photo: Photo, album: Album) -> None:
    trash.delete_photo(photo=photo)
    trash.delete_album(album=album)
    trash.restore_photo(photo=photo)
    assert not Album.objects.kept().exists()  # type: ignore[attr-defined]
    trash.restore_album(album=album)
    assert Photo.objects.kept().get() == photo  # type: ignore[attr-defined]


def test_what_is_unsorted_has_one_album_a_family_whatever_comes_out_of_the_trash(family: Family) -> None:
    first = albums.unsorted(family=family)
    trash.delete_album(album=first)
    trash.restore_album(album=first)
    assert albums.unsorted(family=family) == first

    trash.delete_album(album=first)
    second = albums.unsorted(family=family)
    trash.restore_album(album=first)
    assert first in Album.objects.kept().filter(title=second.title, is_unsorted=False)  # type: ignore[attr-defined]
    assert albums.unsorted(family=family) == second != first


def test_a_restored_album_leaves_in_the_trash_what_was_put_there_before_it(album: Album, editor: User) -> None:
    kept, deleted = taken(album, editor, shade=1), taken(album, editor, shade=2)
    trash.delete_photo(photo=deleted)
    trash.delete_album(album=album)
    trash.restore_album(album=album)
    assert list(Photo.objects.kept()) == [kept]  # type: ignore[attr-defined]


def test_nobody_colours_what_lies_in_the_trash_until_it_comes_back(album: Album, editor: User) -> None:
    photo = taken(album, editor)
    waiting = coloring.request(photo=photo)

    trash.delete_photo(photo=photo)
    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED

    trash.restore_photo(photo=photo)
    assert photo.colorings.filter(status=Status.QUEUED).count() == 1


def test_an_album_taken_out_of_the_trash_waits_for_its_colours_in_the_bulk(album: Album, editor: User) -> None:
    coloring.request(photo=taken(album, editor))
    trash.delete_album(album=album)
    assert not Coloring.objects.filter(status=Status.QUEUED).exists()
    trash.restore_album(album=album)
    assert Coloring.objects.get(status=Status.QUEUED).queue == Queue.BULK


def test_a_photo_kept_as_it_is_stays_so_through_the_trash(album: Album, editor: User) -> None:
    photo = taken(album, editor)
    trash.delete_photo(photo=photo)
    trash.restore_photo(photo=photo)
    assert not photo.colorings.exists()


def test_a_purged_photo_leaves_a_tombstone_and_no_file(
    photo: Photo, family: Family, django_capture_on_commit_callbacks: Any
) -> None:
    keys = result_keys(photo)
    trash.delete_photo(photo=photo)

    with django_capture_on_commit_callbacks(execute=True):
        trash.purge_photo(photo=photo)

    assert not Photo.objects.exists()
    assert not Coloring.objects.exists()
    assert not Original.objects.exists()
    assert not any(storage.results().exists(key) for key in keys)
    assert not storage.originals().exists(photo.original.key)
    stone = Tombstone.objects.get()
    assert (stone.family, stone.sha256, stone.reason) == (family, photo.original.sha256, "deleted")


def test_an_original_stays_as_long_as_one_of_its_pages_does(album: Album, editor: User) -> None:
    first = taken(album, editor, pages=2)
    second = Photo.objects.create(original=first.original, album=album, page=2)

    trash.purge_photo(photo=first)
    assert storage.originals().exists(first.original.key)
    assert not Tombstone.objects.exists()

    trash.purge_photo(photo=second)
    assert not storage.originals().exists(first.original.key)
    assert Tombstone.objects.count() == 1


def test_a_purge_goes_on_where_a_file_is_missing_already(photo: Photo) -> None:
    storage.originals().delete(photo.original.key)
    trash.purge_photo(photo=photo)
    assert not Photo.objects.exists()


def test_files_that_the_storage_keeps_while_it_is_away_go_later(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Any, name: str) -> None:
        raise ConnectionError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(type(storage.originals()), "delete", away)
        trash.purge_photo(photo=photo)
    assert not Photo.objects.exists()
    assert storage.originals().exists(photo.original.key)
    discarding.carry_out()
    assert not storage.originals().exists(photo.original.key)
    assert not Discard.objects.exists()


def kept_by(monkeypatch: pytest.MonkeyPatch, refuses: Callable[[str], bool]) -> list[str]:
    """Storages that keep some of their files; the names of all files that they are asked to delete."""
    asked: list[str] = []

    def delete(self: Any, name: str) -> None:
        asked.append(name)
        if refuses(name):
            raise PermissionError("it is kept")

    monkeypatch.setattr(type(storage.originals()), "delete", delete)
    return asked


def test_a_file_that_cannot_be_deleted_keeps_no_other(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in its own storage, nor in those that come after it; and originals go first."""
    asked = kept_by(monkeypatch, lambda name: name == "kept")
    discarding.note(models=["m"])
    discarding.note(results=["r"])
    discarding.note(originals=["kept", "o"])
    discarding.carry_out()
    assert asked == ["kept", "o", "r", "m"]
    assert list(Discard.objects.values_list("key", "failures")) == [("kept", 1)]


def test_a_storage_that_is_away_is_left_alone_and_the_next_run_begins_behind_what_failed(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = discarding.MOST_FAILURES
    asked = kept_by(monkeypatch, lambda name: True)
    discarding.note(originals=[f"{n}" for n in range(2 * most)])
    discarding.carry_out()
    assert asked == [f"{n}" for n in range(most)]
    discarding.carry_out()
    assert asked == [f"{n}" for n in range(2 * most)]


def test_emptying_takes_what_lies_in_the_trash_of_these_families_and_nothing_else(
    album: Album, editor: User, stranger: User, family: Family
) -> None:
    kept = taken(album, editor, shade=1)
    trash.delete_photo(photo=taken(album, editor, shade=2))
    full = Album.objects.create(family=family, title="Gone")
    taken(full, editor, shade=3)
    trash.delete_album(album=full)
    theirs = taken(Album.objects.create(family=stranger.families.get(), title="Theirs"), stranger)
    trash.delete_photo(photo=theirs)

    trash.empty(families=Family.objects.filter(pk=family.pk))

    assert set(Photo.objects.all()) == {kept, theirs}
    assert not Album.objects.filter(pk=full.pk).exists()
    assert storage.originals().exists(kept.original.key)
    assert storage.originals().exists(theirs.original.key)


def test_what_has_lain_in_the_trash_for_thirty_days_goes_by_itself(album: Album, editor: User) -> None:
    old, young = taken(album, editor, shade=1), taken(album, editor, shade=2)
    now = timezone.now()
    Photo.objects.filter(pk=old.pk).update(deleted_at=now - timedelta(days=30, minutes=1))
    Photo.objects.filter(pk=young.pk).update(deleted_at=now - timedelta(days=29))

    trash.purge_expired()

    assert Photo.objects.get() == young
    assert Tombstone.objects.get().reason == "expired"


def test_an_expired_album_goes_with_all_that_is_in_it(album: Album, editor: User) -> None:
    photo = taken(album, editor)
    Album.objects.filter(pk=album.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    trash.purge_expired()
    assert not Album.objects.exists()
    assert not storage.originals().exists(photo.original.key)
