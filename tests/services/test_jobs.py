"""The life of a job row, step by step."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from colorizer import dispatch
from colorizer.models import Album, Coloring, Family, ModelVersion, Original, Photo, Queue, Status, User
from colorizer.services import coloring as colorings
from colorizer.services import jobs, preparing
from colorizer.services.jobs import Lease

OWNER, OTHER = "here/1/2", "there/3/4"


@pytest.fixture
def photo(album: Album) -> Photo:
    return make_photo_row(album)


def make_photo_row(album: Album, name: str = "lake.jpg", **fields: Any) -> Photo:
    key = f"{name}-{Original.objects.count()}"
    original = Original.objects.create(
        family=album.family, sha256=key, key=key, name=name, format="jpeg", size=1, **fields
    )
    return Photo.objects.create(original=original, album=album)


@pytest.fixture
def queued(photo: Photo) -> Coloring:
    return colorings.request(photo=photo)


@pytest.fixture
def running(queued: Coloring) -> Coloring:
    return claimed(queued)


def claimed(job: Coloring, owner: str = OWNER) -> Coloring:
    found = jobs.claim(model=Coloring, pk=job.pk, attempt=job.attempt, owner=owner)
    assert isinstance(found, Coloring)
    return found


def test_a_claim_takes_the_row_and_a_second_message_finds_nothing(queued: Coloring) -> None:
    taken = claimed(queued)
    assert (taken.status, taken.lease_owner) == (Status.RUNNING, OWNER)
    assert taken.started_at == taken.heartbeat_at
    assert jobs.claim(model=Coloring, pk=queued.pk, attempt=queued.attempt, owner=OTHER) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_claims_in_the_same_moment_one_wins(queued: Coloring) -> None:
    together = Barrier(2)

    def claim(owner: str) -> object:
        try:
            together.wait(timeout=10)
            return jobs.claim(model=Coloring, pk=queued.pk, attempt=1, owner=owner)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(claim, (OWNER, OTHER)))
    assert sorted(job is None for job in found) == [False, True]


def test_a_message_of_an_earlier_attempt_is_dropped(running: Coloring) -> None:
    jobs.give_back(job=running, owner=OWNER)
    assert jobs.claim(model=Coloring, pk=running.pk, attempt=1, owner=OTHER) is None
    assert jobs.claim(model=Coloring, pk=running.pk, attempt=2, owner=OTHER) is not None


def test_who_lost_the_lease_can_write_nothing(running: Coloring, photo: Photo) -> None:
    jobs.give_back(job=Coloring.objects.get(), owner=OWNER)
    again = claimed(Coloring.objects.get(), owner=OTHER)
    late = {"job": running, "owner": OWNER}
    assert jobs.beat(**late) is Lease.LOST
    assert jobs.note_progress(**late, stage="writing", percent=99) is Lease.LOST
    assert not jobs.finish(**late)
    assert not jobs.fail(**late, reason="internal")
    assert not jobs.count_failure(**late, reason="internal")
    assert not jobs.give_back(**late)
    again.refresh_from_db()
    assert (again.status, again.lease_owner, again.failures, again.percent) == (Status.RUNNING, OTHER, 0, 0)


def test_done_shows_the_result_once(running: Coloring, photo: Photo) -> None:
    version = ModelVersion.objects.create(name="lite", architecture="lite", sha256="0" * 64)
    found = {"model_version": version, "key": "colorings/full.jpg", "size": 7, "seconds": 1.5}
    assert colorings.complete(coloring=running, owner=OWNER, **found)
    assert not colorings.complete(coloring=running, owner=OWNER, **found | {"key": "another"})
    photo.refresh_from_db()
    assert photo.shown == running
    assert (photo.shown.status, photo.shown.percent, photo.shown.key) == (Status.DONE, 100, "colorings/full.jpg")


def test_the_third_failure_ends_a_job_and_a_retry_begins_afresh(queued: Coloring) -> None:
    for failures in (1, 2, 3):
        job = claimed(Coloring.objects.get())
        assert jobs.count_failure(job=job, owner=OWNER, reason="internal", detail="boom")
        assert job.failures == failures
    assert (job.status, job.reason, job.attempt) == (Status.FAILED, "internal", 3)
    colorings.retry(photo=job.photo)
    job.refresh_from_db()
    assert (job.status, job.reason, job.failures, job.attempt) == (Status.QUEUED, "", 0, 4)


def test_a_job_given_back_waits_again_uncounted(
    running: Coloring, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as sent:
        assert jobs.give_back(job=running, owner=OWNER)
    running.refresh_from_db()
    assert (running.status, running.failures, running.attempt, running.lease_owner) == (Status.QUEUED, 0, 2, "")
    assert len(sent) == 1


def test_every_step_is_a_change_of_the_photo(queued: Coloring, photo: Photo) -> None:
    def changed() -> bool:
        before = photo.changed_at
        photo.refresh_from_db()
        return photo.changed_at > before

    assert changed()
    job = claimed(queued)
    assert changed()
    jobs.note_progress(job=job, owner=OWNER, stage="colouring", percent=30)
    assert changed()
    jobs.beat(job=job, owner=OWNER)
    assert not changed()
    jobs.fail(job=job, owner=OWNER, reason="internal")
    assert changed()


def test_cancel_ends_a_waiting_job_and_asks_a_running_one(queued: Coloring, photo: Photo) -> None:
    colorings.cancel(photo=photo)
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED
    assert jobs.claim(model=Coloring, pk=queued.pk, attempt=1, owner=OWNER) is None
    job = claimed(colorings.request(photo=photo))
    colorings.cancel(photo=photo)
    assert jobs.beat(job=job, owner=OWNER) is Lease.CANCEL
    assert jobs.stopped(job=job, owner=OWNER)
    assert Coloring.objects.get(pk=job.pk).status == Status.CANCELLED


def test_one_photo_has_one_open_colouring(photo: Photo) -> None:
    assert colorings.request(photo=photo) == colorings.request(photo=photo, queue=Queue.BULK)


@pytest.mark.parametrize("failures", [0, 2])
@pytest.mark.parametrize("step", ["give_back", "count_failure", "crashed"])
def test_a_job_called_off_ends_there_however_its_worker_leaves_it(
    running: Coloring, photo: Photo, monkeypatch: pytest.MonkeyPatch, step: str, failures: int
) -> None:
    Coloring.objects.update(failures=failures)
    stale = Coloring.objects.get()
    colorings.cancel(photo=photo)
    if step == "give_back":
        assert jobs.give_back(job=stale, owner=OWNER)
    elif step == "count_failure":
        assert jobs.count_failure(job=stale, owner=OWNER, reason="internal")
    else:
        how = {"model": Coloring, "pk": stale.pk, "attempt": 1, "worker": "here/1/"}
        assert jobs.crashed(**how, reason="crashed", detail="signal 9")
    ended = Coloring.objects.get()
    assert (ended.status, ended.attempt, ended.failures) == (Status.CANCELLED, 1, failures)


def test_the_parent_buries_only_its_own_childs_job(running: Coloring) -> None:
    how = {"model": Coloring, "pk": running.pk, "attempt": 1, "reason": "crashed", "detail": "signal 9"}
    assert not jobs.crashed(**how, worker="there/3/")
    assert jobs.crashed(**how, worker="here/1/")
    assert not jobs.crashed(**how, worker="here/1/")
    assert Coloring.objects.get().failures == 1


def test_an_original_that_cannot_be_read_refuses_its_photo_until_it_is_tried_again(photo: Photo) -> None:
    original = jobs.claim(model=Original, pk=photo.original_id, attempt=1, owner=OWNER)
    assert isinstance(original, Original)
    jobs.fail(job=original, owner=OWNER, reason="storage")
    photo.refresh_from_db()
    assert (photo.state, photo.refusal) == (Photo.State.REFUSED, "storage")
    colorings.retry(photo=photo)
    photo.refresh_from_db()
    assert (photo.state, photo.refusal, photo.original.status) == (Photo.State.PREPARING, "", Status.QUEUED)


def test_pages_become_photos_in_the_first_ones_album_and_those_in_colour_ask(photo: Photo) -> None:
    original = jobs.claim(model=Original, pk=photo.original_id, attempt=1, owner=OWNER)
    assert isinstance(original, Original)
    pages = [preparing.Page(1, 640, 480, in_colour=False), preparing.Page(2, 300, 400, in_colour=True)]
    assert preparing.record_pages(original=original, owner=OWNER, pages=pages)
    assert not preparing.record_pages(original=original, owner=OWNER, pages=pages)
    first, second = original.photos.order_by("page")
    assert (first.state, first.colorings.count(), first.width) == (Photo.State.READY, 1, 640)
    assert (second.state, second.colorings.count(), second.album) == (Photo.State.ASKS, 0, first.album)


class TestSendingAgain:
    """What the broker lost, or never had, is found by counting."""

    @pytest.fixture
    def held(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, int]:
        """How many messages the broker says it holds."""
        settings.HEIRLOOM_RESEND_SECONDS = 300
        broker = {"messages": 0}
        monkeypatch.setattr(dispatch, "waiting", lambda: broker["messages"])
        return broker

    @pytest.fixture
    def line(self, family: Family, album: Album) -> list[Original]:
        """Three rows that were queued and sent ten, nine and eight minutes ago."""
        ages = [timezone.now() - timedelta(minutes=minutes) for minutes in (10, 9, 8)]
        return [make_photo_row(album, changed_at=age, created_at=age, sent_at=age).original for age in ages]

    def test_nothing_is_sent_while_the_broker_holds_as_many_as_wait(self, held: dict[str, int], line: Any) -> None:
        held["messages"] = 3
        assert jobs.unsent() == []

    def test_as_many_as_are_missing_are_sent_oldest_first(self, held: dict[str, int], line: list[Original]) -> None:
        held["messages"] = 1
        assert jobs.unsent() == line[:2]

    def test_a_row_is_sent_again_once_in_five_minutes(self, held: dict[str, int], line: list[Original]) -> None:
        jobs.note_sent(line[0])
        assert jobs.unsent() == line[1:]
        Original.objects.filter(pk=line[0].pk).update(sent_at=timezone.now() - timedelta(seconds=301))
        assert jobs.unsent() == line

    def test_a_message_just_sent_may_still_be_on_its_way(self, held: dict[str, int], photo: Photo) -> None:
        jobs.note_sent(photo.original)
        assert jobs.unsent() == []

    def test_what_was_never_sent_is_sent_whatever_the_broker_holds(self, held: dict[str, int], photo: Photo) -> None:
        held["messages"] = 99
        assert jobs.unsent() == []
        Original.objects.update(changed_at=timezone.now() - timedelta(seconds=6))
        assert jobs.unsent() == [photo.original]

    def test_the_bulk_is_sent_a_few_at_a_time_one_of_each_family_in_turn(
        self, held: dict[str, int], album: Album, stranger: User
    ) -> None:
        other = Album.objects.create(family=stranger.families.get(), title="One shoebox")
        now = timezone.now()
        attic = [
            make_photo_row(album, queue=Queue.BULK, changed_at=now - timedelta(minutes=60 - number)).original
            for number in range(dispatch.BULK_AHEAD + 5)
        ]
        shoebox = [make_photo_row(other, "box.jpg", queue=Queue.BULK).original for _ in range(2)]
        chosen = jobs.unsent()
        assert chosen[:5] == [attic[0], shoebox[0], attic[1], shoebox[1], attic[2]]
        assert len(chosen) == dispatch.BULK_AHEAD
        for job in chosen[:-3]:
            jobs.note_sent(job)
        held["messages"] = len(chosen) - 3
        assert jobs.unsent() == chosen[-3:]

    def test_a_queue_that_runs_low_is_filled_again_and_no_other(
        self, album: Album, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[Any] = []
        monkeypatch.setattr(dispatch, "send_unless_away", lambda job: sent.append(job) or jobs.note_sent(job) is None)
        attic = [make_photo_row(album, queue=Queue.BULK).original for _ in range(dispatch.BULK_AHEAD + 15)]
        jobs.refill()
        assert sent == attic[: dispatch.BULK_AHEAD]
        Original.objects.filter(pk__in=[job.pk for job in attic[: dispatch.BULK_AHEAD // 2]]).update(status=Status.DONE)
        jobs.refill()
        assert len(sent) == dispatch.BULK_AHEAD
        Original.objects.filter(pk=sent[-1].pk).update(status=Status.DONE)
        jobs.refill()
        assert sent == attic[: len(sent)]
        assert len(sent) == dispatch.BULK_AHEAD + dispatch.BULK_AHEAD // 2 + 1

    def test_the_bulk_waits_for_its_turn_and_the_first_photos_do_not(
        self,
        photo: Photo,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        sent: list[Any] = []
        monkeypatch.setattr(dispatch, "send", sent.append)
        with django_capture_on_commit_callbacks(execute=True):
            first = colorings.request(photo=photo)
            colorings.request(photo=make_photo_row(photo.album), queue=Queue.BULK)
        assert sent == [first]


def test_a_broker_that_is_away_loses_no_row(queued: Coloring) -> None:
    assert not dispatch.send(queued)
    queued.refresh_from_db()
    assert (queued.status, queued.sent_at) == (Status.QUEUED, None)
