"""A training as its workers do it: in slices, each from where the last one ended, and photos come first."""

import os
import signal
from typing import Any

import pytest

from colorizer import dispatch, storage
from colorizer.models import DatasetVersion, ModelVersion, Status, Training, TrainingEvent
from colorizer.services import training as service
from tests.conftest import StartWorker, on_disk_alone
from tests.school import QUICK, frozen
from tests.stack import SLOWEST, Process, wait_for

from .conftest import Upload, busy_elsewhere, child_of, coloring_with

pytestmark = pytest.mark.worker
NETWORK = "autoencoder"
ENDLESS = {"steps": 100_000}


@pytest.fixture
def version(shared_database: None) -> DatasetVersion:
    return frozen()


def begin(version: DatasetVersion, **settings: Any) -> Training:
    start = {"name": "Paintings", "version": version, "network": NETWORK, "start": Training.Start.ENCODER}
    return service.start(by=None, settings=QUICK | settings, **start)


def when(training: Training, **fields: Any) -> Training:
    """The training as soon as its row says so."""
    try:
        rows = Training.objects.filter(pk=training.pk, **fields)
        found = wait_for(rows.first, timeout=2 * SLOWEST, what=f"{fields}")
    except AssertionError as error:
        now = Training.objects.get(pk=training.pk)
        raise AssertionError(f"{error}: {vars(now)} {list(now.events.values_list('code', 'details'))}") from None
    assert found is not None
    return found


def codes(training: Training) -> list[str]:
    return list(training.events.values_list("code", flat=True))


def test_what_was_taught_is_a_candidate_with_its_card(worker: Process, version: DatasetVersion) -> None:
    training = when(begin(version, steps=6), status=Status.DONE)
    made = training.model_version
    assert made is not None
    assert (made.state, made.origin, made.architecture) == (ModelVersion.State.CANDIDATE, "training", NETWORK)
    assert storage.sha256(storage.models(), storage.weights_key(made.sha256)) == made.sha256
    assert made.card["name"] == "Paintings"
    assert made.card["data"]["photos_by_source"] == {"open": {"made": 9}}
    assert made.card["data"]["frozen"] == {"dataset": "Paintings", "version": 1, "sha256": version.sha256}
    assert (made.card["training"]["steps"], made.card["training"]["batch"]) == (6, 2)
    assert (training.step, training.progress, training.percent) == (6, 1.0, 100)
    assert training.samples
    assert all(storage.models().exists(storage.training_key(training.pk, f"samples/{s}.png")) for s in training.samples)
    assert training.points.filter(val_loss__gt=0).exists()
    assert not training.state_key


@on_disk_alone
def test_slices_follow_each_other_and_each_goes_on_where_the_last_one_ended(
    worker: Process, version: DatasetVersion
) -> None:
    training = begin(version, **ENDLESS)
    first = when(training, slice__gte=1)
    third = when(training, slice__gte=3, status=Status.RUNNING, step__gt=first.step + 2)
    steps = list(third.points.values_list("step", flat=True))
    assert steps == sorted(steps)
    assert third.failures == 0
    assert storage.models().exists(third.state_key)
    service.cancel(training=training, by=None)
    ended = when(training, status=Status.CANCELLED, state_key="")
    assert not storage.models().exists(third.state_key)
    assert ended.model_version is None
    assert codes(training).count("went_on") >= 3


@on_disk_alone
def test_it_rests_when_it_is_asked_to_and_goes_on_from_there(worker: Process, version: DatasetVersion) -> None:
    training = begin(version, **ENDLESS)
    when(training, status=Status.RUNNING, step__gt=0)
    service.pause(training=training, by=None)
    resting = when(training, status=Status.PAUSED)
    assert resting.step > 0
    assert not resting.pause_requested
    service.resume(training=training, by=None)
    again = when(training, status=Status.RUNNING, step__gt=resting.step)
    assert again.slice >= resting.slice
    service.cancel(training=training, by=None)
    when(training, status=Status.CANCELLED)


@on_disk_alone
def test_a_photo_does_not_wait_for_the_end_of_a_step(worker: Process, version: DatasetVersion, upload: Upload) -> None:
    training = begin(version, batch=96, crop=256, **ENDLESS)
    wait_for(training.events.filter(code="slice").first, what="a slice")
    coloring_with(Status.DONE, upload())
    assert "made_way" in codes(training)
    assert Training.objects.get(pk=training.pk).step == 0
    service.cancel(training=training, by=None)
    when(training, status=Status.CANCELLED)


@pytest.mark.long
@on_disk_alone
def test_a_worker_that_is_killed_costs_one_slice_at_most(worker: Process, version: DatasetVersion) -> None:
    training = begin(version, **ENDLESS)
    running = when(training, slice__gte=1, status=Status.RUNNING, stage="training")
    kept = Training.objects.get(pk=training.pk)
    os.kill(child_of(running), signal.SIGKILL)
    again = when(training, status=Status.RUNNING, attempt__gt=kept.attempt, stage="training")
    assert again.failures <= 1
    on = when(training, slice__gt=kept.slice)
    assert (
        on.step
        > TrainingEvent.objects.get(training=training, code="went_on", details__slice=kept.slice).details["step"]
    )
    assert on.failures == 0
    service.cancel(training=training, by=None)


@pytest.mark.long
def test_a_photo_comes_through_while_it_trains_and_what_was_learned_outlives_the_worker(
    worker_process: StartWorker,
    scheduler: Process,
    version: DatasetVersion,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing but the photo, and then the end of the worker, can end its slice of five minutes."""
    monkeypatch.setenv("HEIRLOOM_SLICE_SECONDS", "300")
    patient = worker_process("patient")
    training = begin(version, **ENDLESS)
    when(training, status=Status.RUNNING, step__gt=0)
    coloring_with(Status.DONE, upload())
    made_way = Training.objects.get(pk=training.pk)
    assert made_way.is_open
    assert "made_way" in codes(training)

    running = when(training, status=Status.RUNNING, step__gt=made_way.step)
    assert patient.stop() == 0
    waiting = when(training, status=Status.QUEUED)
    assert waiting.step >= running.step
    assert codes(training)[-1] == "worker_stopped"
    service.cancel(training=training, by=None)


@on_disk_alone
def test_an_emptied_broker_costs_nothing(worker: Process, version: DatasetVersion) -> None:
    with busy_elsewhere(worker):
        begin(version, **ENDLESS)  # the worker may hold this one's message already
        training = begin(version, steps=3)
        with dispatch.producer.connection_for_write() as connection:
            connection.channel().client.flushall()
    done = when(training, status=Status.DONE)
    assert done.failures == 0
    for other in Training.objects.exclude(pk=training.pk):
        service.cancel(training=other, by=None)
        when(other, status=Status.CANCELLED)


@on_disk_alone
def test_settings_that_no_network_takes_end_it_with_a_reason(worker: Process, version: DatasetVersion) -> None:
    training = when(begin(version, steps=5, crop=33), status=Status.FAILED)
    assert training.reason == "bad_settings"
    assert "no multiple" in training.detail
