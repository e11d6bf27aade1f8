"""What befalls a queue in real life. No photo is lost, none ends with two results, each ends done or with a reason."""

import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from celery.app.control import Control
from django.conf import settings
from django.utils import timezone

from colorizer import dispatch, storage
from colorizer.models import Album, Coloring, Photo, Status
from colorizer.services import coloring
from tests.conftest import StartWorker, on_disk_alone, start_broker, start_worker
from tests.stack import SLOWEST, Process, celery, wait_for
from worker import watchdog

from .conftest import LARGE, Upload, busy_elsewhere, caught, child_of, coloring_with, runs

# With servers, the drill does all this to a site under load.
pytestmark = [pytest.mark.worker, on_disk_alone]


def ends_with_one_result(photo: Photo) -> Coloring:
    done = coloring_with(Status.DONE, photo)
    photo.refresh_from_db()
    assert photo.shown == photo.colorings.get() == done
    assert storage.results().size(done.key) == done.size
    return done


@pytest.mark.long
def test_a_child_killed_in_the_middle_of_a_photo_is_replaced_and_the_photo_done(
    worker: Process, upload: Upload
) -> None:
    photo = upload(size=LARGE)
    running = caught(photo)
    os.kill(child_of(running), signal.SIGKILL)
    done = ends_with_one_result(photo)
    assert (done.pk, done.attempt, done.failures) == (running.pk, 2, 1)
    assert done.reason == "crashed"  # whether its parent noticed first or the reaper


@pytest.mark.long
def test_a_photo_that_crashes_the_worker_a_third_time_fails_and_those_behind_it_go_on(
    worker: Process, upload: Upload
) -> None:
    """Twice is as once here; the drill has all three."""
    bad = upload(size=LARGE)
    coloring_with(Status.RUNNING, bad)
    behind = upload()
    running = caught(bad)
    Coloring.objects.filter(pk=running.pk).update(failures=2)
    os.kill(child_of(running), signal.SIGKILL)
    failed = coloring_with(Status.FAILED, bad)
    assert (failed.reason, failed.failures) == ("crashed", 3)
    ends_with_one_result(behind)
    coloring.retry(photo=bad)
    assert ends_with_one_result(bad).failures == 0


def test_what_a_broker_lost_is_sent_again(worker: Process, upload: Upload) -> None:
    with busy_elsewhere(worker):
        photos = [upload(position=position) for position in range(1, 5)]
        with redis.Redis(unix_socket_path=str(settings.BROKER_SOCKET)) as broker:
            broker.flushall()
    for photo in photos:
        done = ends_with_one_result(photo)
        assert (done.attempt, done.failures) == (1, 0)


def test_photos_taken_while_the_broker_is_away_are_coloured_once_it_is_back(
    worker: Process, broker: Process, upload: Upload
) -> None:
    broker.kill()
    photos = [upload(position=position) for position in range(1, 4)]
    assert not any(photo.original.sent_at for photo in Photo.objects.select_related("original"))
    broker.process = start_broker().process
    for photo in photos:
        assert ends_with_one_result(photo).failures == 0


@pytest.mark.long
def test_a_worker_killed_in_the_middle_of_a_photo_leaves_it_to_the_next(
    worker: Process, next_worker: Callable[[], Process], upload: Upload
) -> None:
    photo = upload(size=LARGE)
    running = caught(photo)
    worker.kill()
    wait_for(lambda: not runs(child_of(running)), what="the end of its child")
    next_worker()
    done = ends_with_one_result(photo)
    assert (done.pk, done.attempt, done.failures, done.reason) == (running.pk, 2, 1, "crashed")


def test_a_worker_told_to_stop_hands_its_photo_back_uncounted(
    worker: Process, next_worker: Callable[[], Process], upload: Upload
) -> None:
    photo = upload(size=LARGE)
    running = caught(photo)
    worker.process.terminate()
    wait_for(lambda: worker.said("Warm shutdown"))
    os.kill(child_of(running), signal.SIGCONT)
    worker.stop()
    waiting = photo.colorings.get()
    assert (waiting.pk, waiting.status, waiting.attempt, waiting.failures) == (running.pk, Status.QUEUED, 2, 0)
    next_worker()
    assert ends_with_one_result(photo).failures == 0


@pytest.mark.long
def test_a_worker_that_slept_through_its_lease_writes_nothing(worker: Process, upload: Upload) -> None:
    photo = upload(size=LARGE)
    asleep = caught(photo)
    awake = start_worker("awake")
    try:
        done = ends_with_one_result(photo)
    finally:
        awake.kill()
        os.kill(child_of(asleep), signal.SIGCONT)
    wait_for(lambda: worker.said(f"The lease of {asleep.message_id} was lost"))
    assert ends_with_one_result(photo).finished_at == done.finished_at


@pytest.mark.long
def test_a_worker_that_takes_no_messages_any_more_ends_to_be_started_afresh(
    worker_process: StartWorker, next_worker: Callable[[], Process], upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIRLOOM_STANDSTILL_SECONDS", "2")
    deaf = worker_process("deaf")
    ends_with_one_result(upload())
    for queue in ("interactive", "bulk"):
        here = {"destination": [f"deaf@{socket.gethostname()}"], "reply": True, "timeout": SLOWEST, "limit": 1}
        assert Control(dispatch.producer).cancel_consumer(queue, **here)
    photo = upload()
    wait_for(lambda: deaf.has_ended, what="the end of a worker that stands still")
    assert deaf.process.returncode == watchdog.STATUS
    monkeypatch.delenv("HEIRLOOM_STANDSTILL_SECONDS")
    next_worker()
    assert ends_with_one_result(photo).failures == 0


def test_a_scheduler_empties_the_trash_as_soon_as_it_starts(
    shared_database: None, broker: Process, scheduler: Process, album: Album
) -> None:
    Album.objects.filter(pk=album.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    started = celery("worker.housekeeping", "morning-scheduler", "--beat")
    try:
        wait_for(lambda: not Album.objects.filter(pk=album.pk).exists())
    finally:
        started.stop()


def test_a_scheduler_that_is_killed_leaves_no_clock_behind(shared_database: None, broker: Process) -> None:
    killed = celery("worker.housekeeping", "killed-scheduler", "--beat")
    killed.when(lambda: killed.said("beat: Starting"))
    clock = killed.children()
    assert clock
    killed.kill()
    wait_for(lambda: not any(runs(child) for child in clock))
