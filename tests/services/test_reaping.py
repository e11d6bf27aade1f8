"""Whose worker is dead is told by a heartbeat that does not move, whatever any clock says."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from colorizer.models import Coloring, Status
from colorizer.services import coloring as colorings
from colorizer.services import jobs
from colorizer.services.reaping import Reaper
from tests.services.test_jobs import OWNER, photo, queued, running

__all__ = ["photo", "queued", "running"]
AN_HOUR = timedelta(hours=1)


class Scheduler:
    """One that looks at the claims every five seconds of a clock that is turned by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.reaper = Reaper(now=lambda: self.seconds)
        self.reaper.look()

    def looks(self, *, seconds: float, every: float = 5.0) -> int:
        ended = 0
        for _ in range(int(seconds / every)):
            self.seconds += every
            ended += self.reaper.look()
        return ended


@pytest.fixture
def scheduler(running: Coloring, settings: Settings) -> Scheduler:
    settings.HEIRLOOM_LEASE_SECONDS = 60
    return Scheduler()


def test_a_claim_is_ended_once_its_heartbeat_stood_still_for_a_lease(running: Coloring, scheduler: Scheduler) -> None:
    assert scheduler.looks(seconds=60) == 0
    assert (scheduler.looks(seconds=10), scheduler.looks(seconds=60)) == (1, 0)
    running.refresh_from_db()
    assert (running.status, running.reason, running.failures, running.attempt) == (Status.QUEUED, "crashed", 1, 2)


@pytest.mark.parametrize("off", [-AN_HOUR, AN_HOUR])
def test_a_worker_whose_clock_is_an_hour_off_keeps_its_job_while_it_lives_and_loses_it_when_dead(
    running: Coloring, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    now = timezone.now
    for _ in range(20):
        with monkeypatch.context() as there:
            there.setattr(timezone, "now", lambda: now() + off)
            assert jobs.beat(job=running, owner=OWNER) is jobs.Lease.HELD
        assert scheduler.looks(seconds=10) == 0
    assert scheduler.looks(seconds=70) == 1


def test_time_in_which_nobody_could_look_ends_no_claim(running: Coloring, scheduler: Scheduler) -> None:
    assert scheduler.looks(seconds=3600, every=3600) == 0
    jobs.beat(job=running, owner=OWNER)
    assert scheduler.looks(seconds=60) == 0


def test_a_sign_of_life_after_the_look_keeps_the_claim(running: Coloring) -> None:
    read = Coloring.objects.get()
    jobs.beat(job=running, owner=OWNER)
    assert not jobs.reap(job=read)
    assert Coloring.objects.get().status == Status.RUNNING


def test_a_dead_workers_job_that_is_no_longer_wanted_is_cancelled(running: Coloring, scheduler: Scheduler) -> None:
    colorings.cancel(photo=running.photo)
    assert scheduler.looks(seconds=70) == 1
    assert Coloring.objects.get().status == Status.CANCELLED


def test_who_asks_again_for_a_claim_has_it(running: Coloring) -> None:
    assert jobs.claim(model=Coloring, pk=running.pk, attempt=running.attempt, owner=OWNER) == running
