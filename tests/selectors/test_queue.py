"""The place in line, and the guess of how long it takes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from colorizer.models import Album, Coloring, Original, Photo, Queue, Status, User, WorkerState
from colorizer.selectors.queue import waits_for


def photo_in(album: Album, queue: Queue, *, age: int, kind: type = Coloring, status: Status = Status.QUEUED) -> Photo:
    """A photo that waits in `queue` for its colours, or to be read, since `age` seconds."""
    since = timezone.now() - timedelta(seconds=age)
    key = str(Original.objects.count())
    at_all = {
        "queue": queue,
        "status": status,
        "changed_at": since,
        "started_at": since if status != "queued" else None,
    }
    reading = at_all if kind is Original else {"status": Status.DONE, "started_at": since, "finished_at": since}
    file = {"sha256": key, "key": key, "name": "lake.jpg", "format": "jpeg", "size": 1}
    original = Original.objects.create(family=album.family, **file, **reading)
    photo = Photo.objects.create(original=original, album=album)
    if kind is Coloring:
        Coloring.objects.create(photo=photo, **at_all)
    return photo


@pytest.fixture
def pace(album: Album) -> None:
    """Ten seconds a photo lately, and one worker."""
    WorkerState.objects.create(name="worker@here", networks=[{"name": "lite", "seconds": 4}])
    ended = timezone.now() - timedelta(minutes=1)
    photo = photo_in(album, Queue.BULK, age=99, status=Status.DONE)
    photo.colorings.update(started_at=ended - timedelta(seconds=10), finished_at=ended)


def test_interactive_comes_before_bulk_and_old_before_new(album: Album, pace: None) -> None:
    bulk = photo_in(album, Queue.BULK, age=60)
    late = photo_in(album, Queue.INTERACTIVE, age=10)
    early = photo_in(album, Queue.INTERACTIVE, age=20)
    waits = waits_for([bulk, late, early])
    assert [(waits[photo.pk].place, waits[photo.pk].seconds) for photo in (early, late, bulk)] == [
        (1, 10),
        (2, 20),
        (3, 30),
    ]


def test_a_running_photo_has_place_nought_and_what_is_left_of_it(album: Album, pace: None) -> None:
    running = photo_in(album, Queue.BULK, age=7, status=Status.RUNNING)
    behind = photo_in(album, Queue.BULK, age=6)
    waits = waits_for([running, behind])
    assert (waits[running.pk].place, waits[behind.pk].place) == (0, 1)
    assert (waits[running.pk].seconds, waits[behind.pk].seconds) == (3, 13)


def test_a_photo_that_is_still_to_be_read_waits_behind_the_colours_before_it(album: Album, pace: None) -> None:
    colours = photo_in(album, Queue.BULK, age=20)
    unread = photo_in(album, Queue.BULK, age=10, kind=Original)
    waits = waits_for([unread, colours])
    assert waits[unread.pk].place == 2
    assert waits[unread.pk].seconds >= 20


def test_of_two_families_in_the_bulk_none_waits_for_all_that_the_other_has(
    album: Album, stranger: User, pace: None
) -> None:
    attic = [photo_in(album, Queue.BULK, age=90 - number) for number in range(5)]
    other = Album.objects.create(family=stranger.families.get(), title="One shoebox")
    shoebox = photo_in(other, Queue.BULK, age=1)
    waits = waits_for([*attic, shoebox])
    assert [waits[photo.pk].place for photo in attic] == [1, 3, 4, 5, 6]
    assert waits[shoebox.pk].place == 2


def test_two_workers_halve_the_wait_and_one_that_is_gone_does_not(album: Album, pace: None) -> None:
    photos = [photo_in(album, Queue.BULK, age=90 - number) for number in range(9)]
    gone = timezone.now() - timedelta(hours=1)
    WorkerState.objects.create(name="gone@there", heartbeat_at=gone)
    alone = waits_for(photos)[photos[-1].pk].seconds
    WorkerState.objects.create(name="worker@there")
    assert (alone, waits_for(photos)[photos[-1].pk].seconds) == (90, 50)


def test_before_any_photo_was_done_the_workers_own_measure_counts(album: Album) -> None:
    WorkerState.objects.create(name="worker@here", networks=[{"name": "lite", "seconds": 4}])
    photo = photo_in(album, Queue.BULK, age=1)
    assert waits_for([photo])[photo.pk].seconds == 4


def test_what_is_done_waits_for_nothing_and_two_queries_suffice(
    album: Album, pace: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    done = photo_in(album, Queue.BULK, age=20, status=Status.DONE)
    photos = [photo_in(album, Queue.BULK, age=number + 1) for number in range(30)]
    with django_assert_num_queries(2):
        waits = waits_for([done, *photos])
    assert done.pk not in waits
    assert len(waits) == 30
