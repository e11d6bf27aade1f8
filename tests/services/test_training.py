"""Beginning a training, or hearing why not; pausing, resuming, cancelling one that no worker has yet."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from colorizer import dispatch, storage
from colorizer.models import (
    Action,
    AuditEntry,
    DatasetItem,
    ModelVersion,
    Queue,
    Status,
    Training,
    TrainingPoint,
    User,
    WorkerState,
)
from colorizer.selectors import integrity, trainings
from colorizer.services import datasets, discarding, jobs
from colorizer.services import training as service
from tests.school import frozen

OFFER = {"name": "lite", "batch": 32, "crop": 128, "rate": 1e-3, "encoder": "lite0", "has_encoder": True}


@pytest.fixture(autouse=True)
def offered(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that can teach, and no broker to reach it."""
    monkeypatch.setattr(dispatch, "send", lambda job: False)
    WorkerState.objects.create(
        name="teacher@here",
        heartbeat_at=timezone.now() + timedelta(hours=1),
        trains=[OFFER, {**OFFER, "name": "zhang", "has_encoder": False}],
    )
    ModelVersion.objects.create(name="lite", architecture="lite", sha256="0" * 64, state=ModelVersion.State.LIVE)


def begin(version: Any, by: User | None = None, **how: Any) -> Training:
    how = {"name": "First", "network": "lite", "preset": service.Preset.QUICK} | how
    return service.start(by=by, version=version, **how)


def refusal(version: Any, **how: Any) -> str:
    with pytest.raises(service.CannotTrain) as refused:
        begin(version, **how)
    assert not Training.objects.exists()
    assert not AuditEntry.objects.exists()
    return refused.value.message


def test_one_that_begins_waits_in_its_own_queue_and_is_in_the_log(owner: User) -> None:
    training = begin(frozen(), by=owner)
    assert (training.status, training.queue, training.slice) == (Status.QUEUED, Queue.TRAIN, 0)
    assert training.start_version == ModelVersion.objects.get()
    assert training.settings["minutes"] == 10
    assert training.settings["rate"] == pytest.approx(3e-4)
    assert training.expected_seconds == 600
    assert list(AuditEntry.objects.values_list("action", "actor_id")) == [(Action.TRAINING_STARTED, owner.pk)]


def test_a_short_one_looks_at_the_photos_held_out_often_and_a_long_one_as_its_network_does() -> None:
    version, own = frozen(), {"preset": service.Preset.OWN}
    assert begin(version, **own, settings={"minutes": 5.0}).settings["validate_every"] == 25
    assert "validate_every" not in begin(version, **own, settings={"minutes": 240.0}).settings
    assert "validate_every" not in begin(version, **own, settings={"epochs": 2.0}).settings


def test_nothing_to_learn_from_is_said_before_anything_begins() -> None:
    assert "no photo to learn from" in refusal(frozen(0))
    assert "but one photo" in refusal(frozen(1, name="One"))
    assert "photos are grey" in refusal(frozen(5, name="Grey", grey=True))
    assert "a benchmark" in refusal(frozen(3, name="Judged", kind="benchmark"))


def test_a_version_that_has_lost_photos_has_to_be_frozen_anew() -> None:
    version = frozen()
    for item in DatasetItem.objects.all()[:2]:
        item.delete()
    assert "2 photos of this version were withdrawn" in refusal(version)


def test_what_no_worker_offers_and_what_has_no_start_is_refused() -> None:
    version = frozen()
    assert "No worker is there" in refusal(version, network="welsh")
    assert "cannot start from it" in refusal(version, network="zhang")
    assert "encoder" in refusal(version, network="zhang", start=Training.Start.ENCODER)
    assert "when this training ends" in refusal(version, preset=service.Preset.OWN)


def test_how_long_it_takes_is_reckoned_from_the_last_one_of_the_network() -> None:
    version = frozen()
    unknown = trainings.estimate(network="lite", settings={"epochs": 10}, photos=600)
    assert (unknown.seconds, unknown.measured_on) == (None, None)
    former = begin(version)
    Training.objects.update(photos_per_second=20.0, status=Status.DONE)
    known = trainings.estimate(network="lite", settings={"epochs": 10}, photos=600)
    assert (known.seconds, known.measured_on) == (300, former)
    assert trainings.estimate(network="lite", settings={"epochs": 10, "crop": 64}, photos=600).seconds == 75
    assert trainings.estimate(network="lite", settings={"epochs": 10, "photos": 60}, photos=600).seconds == 30
    assert trainings.estimate(network="lite", settings={"epochs": 10, "minutes": 1}, photos=600).seconds == 60


def test_before_the_first_it_is_guessed_from_the_speed_of_the_worker() -> None:
    WorkerState.objects.update(trains=[OFFER | {"pace": 10.0}])
    guessed = trainings.estimate(network="lite", settings={"epochs": 10}, photos=600)
    assert (guessed.seconds, guessed.photos_per_second, guessed.measured_on) == (600, 10.0, None)
    assert trainings.estimate(network="lite", settings={"epochs": 10, "crop": 64}, photos=600).seconds == 150
    begin(frozen())
    Training.objects.update(photos_per_second=20.0, status=Status.DONE)
    assert trainings.estimate(network="lite", settings={"epochs": 10}, photos=600).seconds == 300


def test_one_that_waits_rests_at_once_and_goes_back_into_the_queue(owner: User) -> None:
    training = begin(frozen())
    service.pause(training=training, by=owner)
    training.refresh_from_db()
    assert (training.status, training.pause_requested) == (Status.PAUSED, False)
    service.resume(training=training, by=owner)
    training.refresh_from_db()
    assert (training.status, training.attempt) == (Status.QUEUED, 2)


def test_one_that_runs_rests_when_its_slice_ends(owner: User) -> None:
    training = begin(frozen())
    claimed = jobs.claim(model=Training, pk=training.pk, attempt=1, owner="w")
    assert isinstance(claimed, Training)
    service.pause(training=training, by=owner)
    assert service.wants_rest(training=claimed)
    made = service.Slice("trainings/x/1.safetensors", step=7, progress=0.5, seconds=3.0)
    assert service.end_slice(training=claimed, owner="w", made=made, why="went_on")
    claimed.refresh_from_db()
    assert (claimed.status, claimed.step, claimed.slice, claimed.pause_requested) == (Status.PAUSED, 7, 1, False)


def test_a_slice_that_is_handed_on_forgets_what_failed_and_the_former_state() -> None:
    training = begin(frozen())
    Training.objects.update(failures=2, state_key="trainings/x/1.safetensors")
    storage.models().replace("trainings/x/1.safetensors", ContentFile(b"state"))
    claimed = jobs.claim(model=Training, pk=training.pk, attempt=1, owner="w")
    assert isinstance(claimed, Training)
    made = service.Slice("trainings/x/2.safetensors", step=7, progress=0.5, seconds=3.0)
    assert service.end_slice(training=claimed, owner="w", made=made, why="went_on")
    claimed.refresh_from_db()
    assert (claimed.status, claimed.failures, claimed.state_key) == (Status.QUEUED, 0, made.state_key)
    assert claimed.message_id == f"{claimed.pk}:1:2"
    assert not storage.models().exists("trainings/x/1.safetensors")


def test_one_that_is_cancelled_while_its_slice_ends_leaves_no_state_either() -> None:
    training = begin(frozen())
    former, made = (storage.training_key(training.pk, f"{number}.safetensors") for number in (1, 2))
    for key in (former, made):
        storage.models().replace(key, ContentFile(b"state"))
    Training.objects.update(state_key=former)
    claimed = jobs.claim(model=Training, pk=training.pk, attempt=1, owner="w")
    assert isinstance(claimed, Training)
    service.cancel(training=training, by=None)
    ended = service.Slice(made, step=7, progress=0.5, seconds=3.0)
    assert service.end_slice(training=claimed, owner="w", made=ended, why="went_on")
    training.refresh_from_db()
    assert (training.status, training.state_key) == (Status.CANCELLED, "")
    assert not any(storage.models().exists(key) for key in (former, made))


def test_one_that_was_cancelled_leaves_no_state(owner: User) -> None:
    training = begin(frozen())
    key = storage.training_key(training.pk, "1.safetensors")
    storage.models().replace(key, ContentFile(b"state"))
    Training.objects.update(state_key=key, status=Status.PAUSED)
    service.cancel(training=training, by=owner)
    training.refresh_from_db()
    assert (training.status, training.state_key) == (Status.CANCELLED, "")
    assert not storage.models().exists(key)


def test_what_a_lost_slice_told_of_is_told_anew() -> None:
    training = begin(frozen())
    for step in (5, 10, 15):
        TrainingPoint.objects.create(training=training, step=step, seconds=1.0, loss=1.0, rate=1e-3)
    training.step = 10
    service.begin_slice(training=training)
    assert list(training.points.values_list("step", flat=True)) == [5, 10]


def test_what_a_training_keeps_is_no_stray_file_and_goes_with_it(owner: User) -> None:
    training = begin(frozen(2))
    store = storage.models()
    keys = [
        storage.training_key(training.pk, name) for name in ("1.safetensors", "1.safetensors.json", "samples/7.png")
    ]
    for key in keys:
        store.replace(key, ContentFile(b"kept"))
    gone = storage.training_key(uuid4(), "1.safetensors")
    item = DatasetItem.objects.all()[0]
    copy = f"datasets/{item.dataset_id}/{item.pk}-480.webp"
    assert integrity.weights_with_rows([*keys, gone, copy]) == {*keys, copy}
    service.cancel(training=training, by=owner)
    assert [store.exists(key) for key in keys] == [False, False, True]
    Training.objects.update(samples=[7])
    datasets.delete_items(items=DatasetItem.objects.filter(pk=item.pk), by=owner)
    discarding.carry_out()
    training.refresh_from_db()
    assert (store.exists(keys[2]), training.samples) == (False, [])
