"""Whose fault is it? A photo is not blamed for a store, a disk or a database that is away."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from pytest_django import Settings

from colorizer import dispatch, storage
from colorizer.models import Album, Coloring, Family, Status
from colorizer.services import coloring as colorings
from colorizer.services import jobs
from tests.services.test_jobs import make_photo_row
from worker import guard, lease, outage, patience, tasks
from worker.lease import Held

Work = Callable[[Any, Held], None]


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "LONGEST_REST", 0.0)


@pytest.fixture
def family(db: None) -> Family:
    """One that no real worker sees, unlike those of the tests beside these."""
    return Family.objects.create(name="Lindqvist")


@pytest.fixture
def queued(album: Album) -> Coloring:
    return colorings.request(photo=make_photo_row(album))


@pytest.fixture
def broken_store(settings: Settings, tmp_path: Path) -> None:
    """The results lie on a disk that is not there."""
    (tmp_path / "disk").write_text("no folder")
    results = {**settings.STORAGES["results"], "OPTIONS": {"location": tmp_path / "disk" / "results"}}
    settings.STORAGES = {**settings.STORAGES, "results": results}


def worked_on(job: Coloring, work: Work, allowed: Callable[[], guard.Allowance] = guard.of_photo) -> Coloring:
    lease.run(model=Coloring, pk=job.pk, attempt=job.attempt, work=work, allowed=allowed)
    job.refresh_from_db()
    return job


def breaks(_job: Any, _held: Held) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_job_that_breaks_off_while_the_store_is_away_goes_back_uncounted(
    queued: Coloring, broken_store: None
) -> None:
    for attempt in range(2, 7):  # more often than it may fail
        back = worked_on(queued, breaks)
        assert (back.status, back.attempt, back.failures) == (Status.QUEUED, attempt, 0)


def test_a_job_that_breaks_off_while_the_store_is_there_is_counted(queued: Coloring) -> None:
    back = worked_on(queued, breaks)
    assert (back.status, back.failures, back.reason) == (Status.QUEUED, 1, "storage")


def test_a_disk_that_is_full_is_nobodys_fault(queued: Coloring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "SCARCE", 1 << 62)
    assert "full" in outage.why_away()
    assert worked_on(queued, breaks).failures == 0


def test_looking_whether_the_store_answers_leaves_nothing_there(db: None) -> None:
    assert outage.why_away() == ""
    assert not storage.results().exists("probe") or storage.results().listdir("probe") == ([], [])


def test_a_worker_rests_until_the_store_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["away", "away", ""]
    monkeypatch.setattr(outage, "LONGEST_REST", 60.0)
    monkeypatch.setattr(outage, "LONGEST_PAUSE", 0.5)
    monkeypatch.setattr(outage, "why_away", lambda: answers.pop(0))
    outage.rest(until=lambda: False)
    assert answers == []


def test_a_database_that_is_away_for_a_moment_is_waited_for(queued: Coloring, monkeypatch: pytest.MonkeyPatch) -> None:
    finish, away = jobs.finish, [True, True]

    def restarted(**how: Any) -> bool:
        if away:
            away.pop()
            raise OperationalError("the database system is shutting down")
        return finish(**how)

    monkeypatch.setattr(patience.connection, "close", lambda: None)  # the test's own transaction hangs on it

    def work(job: Any, held: Held) -> None:
        patience.patiently(lambda: restarted(job=job, owner=held.owner))

    done = worked_on(queued, work)
    assert (done.status, done.failures, away) == (Status.DONE, 0, [])


def test_progress_that_cannot_be_written_stops_no_work(queued: Coloring, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> jobs.Lease:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(lease.connection, "close", lambda: None)
    monkeypatch.setattr(jobs, "note_progress", away)

    def work(job: Any, held: Held) -> None:
        held._written -= 2
        held.report("colouring", 50)
        jobs.finish(job=job, owner=held.owner)

    assert worked_on(queued, work).status == Status.DONE


def test_who_takes_more_memory_or_time_than_a_photo_may_is_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[str, str]] = []

    def watched() -> guard.Guard:
        return guard.Guard(lambda *how: ended.append(how))

    with watched() as within:
        assert within._broken() is None
        hoard = b"x" * 300_000_000
        settings.HEIRLOOM_PHOTO_MEMORY_MB = 100
        assert (watched()._broken() or [""])[0] == "no_memory"
        del hoard
    settings.HEIRLOOM_PHOTO_MEMORY_MB = 2500
    settings.CELERY_TASK_SOFT_TIME_LIMIT = 0
    monkeypatch.setattr(guard, "TIME_TO_STOP", 0.0)
    with watched():
        for _ in range(200):
            if ended:
                break
            guard.time.sleep(0.05)
    assert ended[0][0] == "timed_out"


@pytest.mark.parametrize(
    ("allowed", "status", "reason"), [(guard.of_photo, Status.FAILED, "timed_out"), (guard.of_slice, Status.DONE, "")]
)
def test_the_seconds_of_a_photo_end_no_slice(
    queued: Coloring, settings: Settings, allowed: Callable[[], guard.Allowance], status: Status, reason: str
) -> None:
    settings.CELERY_TASK_SOFT_TIME_LIMIT = 0

    def work(job: Any, held: Held) -> None:
        held.report("judging", 50)
        jobs.finish(job=job, owner=held.owner)

    done = worked_on(queued, work, allowed)
    assert (done.status, done.reason) == (status, reason)


def test_whatever_is_done_in_slices_has_a_soft_limit_of_its_own() -> None:
    tasks.app.finalize()
    limits = {name: tasks.app.tasks[name].soft_time_limit for name in (dispatch.TRAIN, dispatch.COMPARE)}
    assert set(limits.values()) == {tasks.OF_SLICE}


def test_the_kernel_refuses_memory_beyond_what_a_photo_may_take(settings: Settings) -> None:
    settings.HEIRLOOM_PHOTO_MEMORY_MB = 100
    with guard.Guard(lambda *_: None), pytest.raises(MemoryError):
        bytearray(1_000_000_000)
    assert len(bytearray(1_000_000_000)) == 1_000_000_000


@pytest.mark.parametrize("said", ["out of memory -- size == 12MB", "tiff2vips: Failed to allocate memory"])
def test_a_library_that_says_it_has_no_memory_is_understood(said: str) -> None:
    assert guard.is_of_memory(said)
    assert not guard.is_of_memory("VipsJpeg: premature end of JPEG image")


def test_a_probes_key_is_no_photos() -> None:
    assert storage.probe_key(uuid4()).startswith("probe-")
