"""What a monitor reads: figures from our own tables, for who has the token."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from colorizer import dispatch
from colorizer.models import Album, Coloring, Original, Photo, SchedulerState, Status, User, WorkerState
from colorizer.selectors import metrics
from webapp import safety
from webapp.metrics import exposition

TOKEN = "a-monitors-own-long-token"
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Figures:
    """As Prometheus' own parser reads it."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def now_is(figures: Figures, name: str, **labels: str) -> float | None:
    return figures.get((name, frozenset(labels.items())))


@pytest.fixture
def photo(album: Album, owner: User) -> Photo:
    original = Original.objects.create(
        family=album.family, uploaded_by=owner, sha256="0" * 64, key="a", name="a.jpg", format="jpeg", size=1
    )
    return Photo.objects.create(original=original, album=album)


def test_without_a_token_in_the_settings_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer ü"])
def test_only_the_token_opens_it(client: Client, settings: Any, given: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": given})
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.django_db
def test_the_token_opens_it_and_the_figures_take_a_handful_of_queries(
    client: Client, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    with django_assert_max_num_queries(2 * len(dispatch.TASKS) + 2):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert now_is(read(answer.content.decode()), "heirloom_queue_oldest_seconds", kind="colorize") == 0


@pytest.mark.django_db
def test_a_job_that_waits_is_counted_with_its_age(photo: Photo) -> None:
    Original.objects.update(status=Status.DONE)
    since = timezone.now() - timedelta(minutes=7)
    Coloring.objects.create(photo=photo, changed_at=since)
    figures = read(exposition(metrics.collect()))
    assert now_is(figures, "heirloom_open_jobs", kind="colorize", status="queued", queue="interactive") == 1
    assert now_is(figures, "heirloom_queue_oldest_seconds", kind="colorize") == pytest.approx(420, abs=30)


@pytest.mark.django_db
def test_what_ended_is_told_with_its_seconds_stages_and_reasons(photo: Photo) -> None:
    now = timezone.now()
    for ago, took, network in ((1, 3.0, 1.0), (20, 5.0, 2.0), (90, 100.0, 50.0)):
        ended = now - timedelta(minutes=ago)
        Coloring.objects.create(
            photo=photo,
            status=Status.DONE,
            created_at=ended - timedelta(seconds=took + 10),
            started_at=ended - timedelta(seconds=took),
            finished_at=ended,
            changed_at=ended,
            stage_seconds={"colouring": network, "storing": 0.5},
            reason="crashed",  # of an attempt before: it is done now
        )
    failed = {"status": Status.FAILED, "finished_at": now, "changed_at": now}
    for reason in ("timed_out", "timed_out", "storage"):
        Coloring.objects.create(photo=photo, reason=reason, **failed)
    figures = read(exposition(metrics.collect()))
    ended_jobs = "heirloom_ended_jobs"
    assert now_is(figures, ended_jobs, kind="colorize", status="done", window="1h") == 2
    assert now_is(figures, ended_jobs, kind="colorize", status="done", window="5m") == 1
    assert now_is(figures, "heirloom_job_seconds", kind="colorize") == pytest.approx(4)
    assert now_is(figures, "heirloom_job_wait_seconds", kind="colorize") == pytest.approx(10)
    assert now_is(figures, "heirloom_stage_seconds", kind="colorize", stage="colouring") == pytest.approx(1.5)
    assert now_is(figures, "heirloom_stage_seconds", kind="colorize", stage="reading") is None
    assert now_is(figures, "heirloom_failed_jobs", kind="colorize", reason="timed_out") == 2
    assert now_is(figures, "heirloom_failed_jobs", kind="colorize", reason="storage") == 1
    assert now_is(figures, "heirloom_failed_jobs", kind="colorize", reason="crashed") is None


@pytest.mark.django_db
def test_workers_and_scheduler_are_told_with_the_age_of_their_sign_of_life() -> None:
    then = timezone.now() - timedelta(seconds=30)
    WorkerState.objects.create(name='work"er\\@a', device="cpu", version="1", heartbeat_at=then)
    SchedulerState.objects.create(name="scheduler@a", round_at=then)
    figures = read(exposition(metrics.collect()))
    labels = {"worker": 'work"er\\@a', "device": "cpu", "version": "1", "weights": ""}
    assert now_is(figures, "heirloom_worker_heartbeat_seconds", **labels) == pytest.approx(30, abs=10)
    assert now_is(figures, "heirloom_scheduler_round_seconds", scheduler="scheduler@a") == pytest.approx(30, abs=10)


def test_the_stages_told_are_those_that_workers_measure() -> None:
    from ml.pipeline import Stage
    from worker.reading import COPIES, STORING
    from worker.stopwatch import Stopwatch

    assert set(metrics.STAGES) == {*Stopwatch().seconds(), *Stage, COPIES, STORING}


def test_a_token_that_could_be_guessed_refuses_to_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="METRICS_TOKEN is too short"):
        safety.check_metrics_token("secret")
