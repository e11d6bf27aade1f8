"""What the queue promises while all goes well: once, in order, and no longer than was said."""

import time
from pathlib import Path

import pytest

from colorizer import dispatch, storage
from colorizer.models import Original, Photo, Status
from colorizer.selectors.queue import waits_for
from colorizer.services import coloring
from tests.conftest import on_disk_alone
from tests.stack import Process, wait_for

from .conftest import LARGE, Upload, busy_elsewhere, coloring_with, original_with

pytestmark = pytest.mark.worker


def test_a_message_that_comes_twice_does_the_work_once(worker: Process, upload: Upload) -> None:
    with busy_elsewhere(worker):
        photo = upload()
        assert dispatch.send(photo.original)
    done = coloring_with(Status.DONE, photo)
    dispatch.send(done)
    wait_for(lambda: worker.said(f"Dropped the message {done.message_id}"))
    wait_for(lambda: worker.said(f"Dropped the message {photo.original.message_id}"))
    again = photo.colorings.get()
    assert (again.status, again.attempt, again.finished_at) == (Status.DONE, 1, done.finished_at)
    assert original_with(Status.DONE, photo).attempt == 1


def test_the_first_photos_of_an_upload_go_before_the_bulk(worker: Process, upload: Upload) -> None:
    with busy_elsewhere(worker):
        taken = upload(position=9)  # the worker may hold this one already
        bulk = [upload(position=10 + number) for number in range(3)]
        first = upload(position=1)
    finished = [coloring_with(Status.DONE, photo) for photo in (first, *bulk, taken)]
    assert finished[0].finished_at is not None
    for photo in bulk:
        begun = original_with(Status.DONE, photo).started_at
        assert begun is not None
        assert begun > finished[0].finished_at


def test_a_photo_that_waits_can_be_called_off_and_asked_for_again(worker: Process, upload: Upload) -> None:
    photo = upload()
    coloring_with(Status.DONE, photo)
    with busy_elsewhere(worker):
        waiting = coloring.request(photo=photo)
        coloring.cancel(photo=photo)
    wait_for(lambda: worker.said(f"Dropped the message {waiting.message_id}"))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.started_at) == (Status.CANCELLED, None)
    coloring.retry(photo=photo)
    wait_for(lambda: photo.colorings.filter(pk=waiting.pk, status=Status.DONE, attempt=2).exists())


def test_a_photo_that_is_being_coloured_can_be_called_off(worker: Process, upload: Upload) -> None:
    photo = upload(size=LARGE)
    running = coloring_with(Status.RUNNING, photo)
    coloring.cancel(photo=photo)
    cancelled = coloring_with(Status.CANCELLED, photo)
    photo.refresh_from_db()
    assert (cancelled.pk, photo.shown) == (running.pk, None)
    assert not storage.results().exists(storage.result_key(running, "full"))


def test_the_page_hears_how_far_a_photo_is(worker: Process, upload: Upload) -> None:
    photo = upload(size=(6400, 4800))  # seconds of work on any machine: what is said is written once a second
    before = coloring_with(Status.RUNNING, photo).changed_at
    told = wait_for(lambda: photo.colorings.filter(percent__gt=0, stage__gt="").first())
    photo.refresh_from_db()
    assert told is not None
    assert told.stage in ("reading", "colouring", "joining", "writing")
    assert photo.changed_at >= told.changed_at > before


@pytest.mark.long
@on_disk_alone
def test_the_estimate_for_a_queue_of_twelve_is_right_within_a_factor_of_two(worker: Process, upload: Upload) -> None:
    size = (1000, 750)
    coloring_with(Status.DONE, upload(size=size))
    with busy_elsewhere(worker):
        photos = [upload(size=size, position=position) for position in range(1, 13)]
    began = time.monotonic()
    said = waits_for(photos)
    assert len(said) == 12
    last = max(photos, key=lambda photo: said[photo.pk].seconds)
    wait_for(lambda: not _open(photos), timeout=120)
    took = time.monotonic() - began
    assert all(photo.colorings.filter(status=Status.DONE).exists() for photo in photos)
    assert took / 2 <= said[last.pk].seconds <= took * 2, f"{said[last.pk].seconds} s were said, {took:.1f} s it took"


def _open(photos: list[Photo]) -> bool:
    unread = Original.objects.filter(photos__in=photos).exclude(status=Status.DONE)
    return unread.exists() or Photo.objects.filter(pk__in=[photo.pk for photo in photos], shown=None).exists()


def test_only_the_child_that_works_loads_torch(worker: Process, scheduler: Process) -> None:
    def has_torch(pid: int) -> bool:
        return "libtorch" in Path(f"/proc/{pid}/maps").read_text()

    assert not has_torch(worker.pid)
    assert [has_torch(child) for child in worker.children()].count(True) == 1
    assert not any(has_torch(pid) for pid in (scheduler.pid, *scheduler.children()))
