"""The pages of trainings: begun by those who may, watched by those who may look, and refused in plain words."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer import dispatch, roles, storage
from colorizer.models import (
    DatasetVersion,
    ModelVersion,
    Status,
    Training,
    TrainingEvent,
    TrainingPoint,
    User,
    WorkerState,
)
from colorizer.services import training as service
from colorizer.views import streaming
from tests.school import frozen
from tests.views.conftest import SignIn
from tests.views.test_workshop import with_role

OFFER = {"name": "lite", "batch": 32, "crop": 128, "rate": 1e-3, "encoder": "lite0", "has_encoder": True}


@pytest.fixture(autouse=True)
def teacher(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "send", lambda job: False)
    WorkerState.objects.create(name="teacher@here", heartbeat_at=timezone.now() + timedelta(hours=1), trains=[OFFER])
    ModelVersion.objects.create(name="lite", architecture="lite", sha256="0" * 64, state=ModelVersion.State.LIVE)


@pytest.fixture
def version(db: None) -> DatasetVersion:
    return frozen(6)


@pytest.fixture
def as_trainer(sign_in: SignIn, owner: User) -> Client:
    return sign_in(with_role(owner, roles.TRAINER))


def form(version: DatasetVersion, **changed: str) -> dict[str, str]:
    said = {"name": "Warm", "version": str(version.pk), "network": "lite", "start": "model", "preset": "quick"}
    return said | {"seed": "1", "start-now": "yes"} | changed


def running(version: DatasetVersion) -> Training:
    training = service.start(by=None, name="Warm", version=version, network="lite", preset="quick")
    for step in range(1, 30):
        said = {"val_loss": 3 / step, "val_explained": 0.1} if step % 5 == 0 else {}
        TrainingPoint.objects.create(training=training, step=step, seconds=step, loss=4 / step, rate=3e-4, **said)
    service.note(training, "slice", worker="vm", device="cpu", photos=5)
    storage.models().replace(storage.training_key(training.pk, "samples/20.png"), ContentFile(b"a picture"))
    said = {"status": Status.RUNNING, "stage": "training", "progress": 0.25, "seconds": 150.0, "step": 29}
    Training.objects.update(**said, samples=[20], photos_per_second=12.5, device="cpu", memory_mb=900)
    training.refresh_from_db()
    return training


def test_a_trainer_begins_one_and_sees_its_page(as_trainer: Client, version: DatasetVersion, owner: User) -> None:
    answer = as_trainer.post(reverse("training_new"), form(version))
    assert answer.status_code == 302, answer.context["form"].errors
    training = Training.objects.get()
    assert answer["Location"] == reverse("training", args=[training.pk])
    assert (training.name, training.created_by, training.settings["minutes"]) == ("Warm", owner, 10)
    assert "It waits for a worker." in as_trainer.get(answer["Location"]).content.decode()
    assert "Warm" in as_trainer.get(reverse("trainings")).content.decode()


def test_how_long_it_takes_is_said_and_nothing_begins(as_trainer: Client, version: DatasetVersion) -> None:
    asked = form(version, estimate="yes", preset="own", epochs="10")
    del asked["start-now"]
    assert "Nobody knows yet" in as_trainer.post(reverse("training_new"), asked).content.decode()
    WorkerState.objects.update(trains=[OFFER | {"pace": 2.0}])
    guess = as_trainer.post(reverse("training_new"), asked).content.decode()
    assert "Only roughly" in guess
    assert "about 2.0 photos a second" in guess
    former = running(version)
    Training.objects.update(status=Status.DONE)
    page = as_trainer.post(reverse("training_new"), asked).content.decode()
    assert "a few seconds of training" in page
    assert "“Warm”, the last one of this network, took in 12.5 photos a second" in page
    assert list(Training.objects.all()) == [former]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"preset": "own"}, "Nothing says when this training ends."),
        ({"rate": "7"}, "less than or equal to 1"),
        ({"batch": "0"}, "greater than or equal to 1"),
        ({"network": "welsh"}, "not one of the available choices"),
        ({"version": "not-an-id"}, "is not a valid"),
        ({"name": ""}, "required"),
    ],
)
def test_what_cannot_begin_is_said_and_nothing_is_lost(
    as_trainer: Client, version: DatasetVersion, changed: dict[str, str], says: str
) -> None:
    page = as_trainer.post(reverse("training_new"), form(version) | changed).content.decode()
    assert says in page
    assert 'value="1"' in page
    assert not Training.objects.exists()


def test_an_empty_a_single_and_a_grey_set_are_refused_in_words(as_trainer: Client) -> None:
    for count, grey, says in ((0, False, "no photo"), (1, False, "but one photo"), (4, True, "are grey")):
        asked = form(frozen(count, grey=grey, name=f"Set of {count}"))
        assert says in as_trainer.post(reverse("training_new"), asked).content.decode()
    assert not Training.objects.exists()


def test_one_that_runs_shows_all_of_it_and_asks_for_itself_again(as_trainer: Client, version: DatasetVersion) -> None:
    page = as_trainer.get(reverse("training", args=[running(version).pk])).content.decode()
    for part in ("It learns.", "25 %", "Left to train: about 8 minutes.", "Expected at the start: about 10 minutes."):
        assert part in page
    for part in ("12.5 photos a second", "900 MB", "Worker vm took it up on cpu", "0.0003", "Step 20"):
        assert part in page
    assert 'class="chart-val"' in page
    assert 'hx-trigger="every 2s"' in page


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_curves_are_drawn_in_any_language(as_trainer: Client, version: DatasetVersion, language: str) -> None:
    page = as_trainer.get(
        reverse("training", args=[running(version).pk]), headers={"Accept-Language": language}
    ).content.decode()
    drawn = page.partition('<svg class="chart"')[2].partition("</svg>")[0]
    points = drawn.partition('class="chart-train" points="')[2].partition('"')[0].split()
    assert len(points) == 29
    assert all(0 <= float(x) <= 640 and 0 <= float(y) <= 240 for x, y in (point.split(",") for point in points))
    assert 'y="' in drawn
    assert "," not in drawn.partition('class="chart-line" d="M56 ')[2].partition("H")[0]


def test_one_that_is_done_leads_to_its_model(as_trainer: Client, version: DatasetVersion) -> None:
    training, model = running(version), ModelVersion.objects.create(name="Warm", architecture="lite", sha256="1" * 64)
    Training.objects.update(status=Status.DONE, model_version=model, progress=1.0)
    page = as_trainer.get(reverse("training", args=[training.pk])).content.decode()
    assert "It is done." in page
    assert f'href="{reverse("model", args=[model.pk])}"' in page


def test_one_that_has_ended_is_still(as_trainer: Client, version: DatasetVersion) -> None:
    training = running(version)
    Training.objects.update(status=Status.FAILED, reason="loss_lost", detail="step 30: nan")
    page = as_trainer.get(reverse("training", args=[training.pk])).content.decode()
    assert "its loss is no number any more" in page
    assert "step 30: nan" in page
    assert "hx-trigger" not in page


def test_it_is_paused_resumed_and_cancelled(as_trainer: Client, version: DatasetVersion) -> None:
    service.start(by=None, name="Warm", version=version, network="lite", preset="quick")
    training = Training.objects.get()
    for deed, status in (("pause", Status.PAUSED), ("resume", Status.QUEUED), ("cancel", Status.CANCELLED)):
        assert as_trainer.post(reverse(f"training_{deed}", args=[training.pk])).status_code == 302
        training.refresh_from_db()
        assert training.status == status
    assert list(TrainingEvent.objects.values_list("code", flat=True)) == [
        "begun",
        "pause_asked",
        "resumed",
        "cancel_asked",
    ]


def test_a_promoter_looks_and_changes_nothing(sign_in: SignIn, owner: User, version: DatasetVersion) -> None:
    training = running(version)
    promoter = sign_in(with_role(owner, roles.PROMOTER))
    page = promoter.get(reverse("training", args=[training.pk])).content.decode()
    assert "Cancel for good" not in page
    for deed in ("pause", "resume", "cancel"):
        assert promoter.post(reverse(f"training_{deed}", args=[training.pk])).status_code == 404
    assert promoter.get(reverse("training_new")).status_code == 404
    training.refresh_from_db()
    assert (training.status, training.pause_requested) == (Status.RUNNING, False)


def test_a_sample_picture_is_given_to_those_who_may_look(
    as_trainer: Client, sign_in: SignIn, version: DatasetVersion, stranger: User
) -> None:
    address = reverse("training_sample", args=[running(version).pk, 20])
    answer = as_trainer.get(address)
    assert (answer["Content-Type"], b"".join(answer)) == ("image/png", b"a picture")
    assert answer["Cache-Control"] == "private, no-cache"
    assert as_trainer.get(address.replace("20.png", "21.png")).status_code == 404
    assert sign_in(stranger).get(address).status_code == 404


def test_a_sample_picture_is_never_led_to_by_a_link_to_the_store(
    as_trainer: Client, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A family may withdraw a photo in it."""
    monkeypatch.setattr(streaming, "_public_url", lambda file, disposition: f"https://store.example/{file.key}")
    address = reverse("training_sample", args=[running(version).pk, 20])
    assert as_trainer.get(address).status_code == 200


def test_a_slice_that_broke_off_is_told_of_in_the_words_of_a_training(
    as_trainer: Client, version: DatasetVersion
) -> None:
    training = running(version)
    Training.objects.update(reason="crashed", failures=1)
    page = as_trainer.get(reverse("training", args=[training.pk])).content.decode()
    assert "A slice broke off" in page
    assert "third time" not in page
    Training.objects.update(status=Status.FAILED, failures=3)
    assert "third time" in as_trainer.get(reverse("training", args=[training.pk])).content.decode()
    as_trainer.post(reverse("training_resume", args=[training.pk]))
    training.refresh_from_db()
    assert (training.status, training.failures, training.reason) == (Status.QUEUED, 0, "")
