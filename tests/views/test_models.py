"""The pages of models: what is shown, who may do what, and what is said where it cannot be done."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer import roles
from colorizer.models import ModelUpload, ModelVersion, Promotion, Status, User, WorkerState
from colorizer.selectors import versions
from ml import checkpoint

from .conftest import SignIn
from .test_workshop import with_role

CARD = json.loads(checkpoint.shipped()["lite"].with_suffix(".json").read_text())


@pytest.fixture
def live(db: None) -> ModelVersion:
    known = {"name": "lite", "architecture": "lite", "sha256": "0" * 64, "card": CARD}
    return ModelVersion.objects.create(state=ModelVersion.State.LIVE, origin="shipped", **known)


@pytest.fixture
def candidate(db: None) -> ModelVersion:
    return ModelVersion.objects.create(name="Harbour", architecture="lite", sha256="1" * 64)


@pytest.fixture
def promoter(sign_in: SignIn, owner: User) -> Client:
    return sign_in(with_role(owner, roles.PROMOTER))


@pytest.fixture
def trainer(sign_in: SignIn, owner: User) -> Client:
    return sign_in(with_role(owner, roles.TRAINER))


def page(client: Client, name: str = "models", *args: object) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_page_tells_what_is_live_with_its_card_and_who_runs_it(
    promoter: Client, live: ModelVersion, candidate: ModelVersion
) -> None:
    now = timezone.now()
    WorkerState.objects.create(name="worker@attic", live_version=live, heartbeat_at=now)
    WorkerState.objects.create(
        name="worker@cellar",
        live_version=candidate,
        refused_version=live,
        refusal="dull: 3.0 beside 9.0",
        heartbeat_at=now,
    )
    said = page(promoter)
    for words in (
        "open licence",
        "Gain over grey, dB",
        f"<td>{CARD['figures']['all']['model']['gain']:.2f}</td>",
        "not judged",
        "colours with “lite”",
        "still colours with “Harbour”",
        "It did not take “lite” into use. The sample photos come out less than half as colourful",
    ):
        assert words in said, words


def test_a_card_that_says_nonsense_breaks_no_page(promoter: Client, live: ModelVersion) -> None:
    for card in (
        {"figures": 7, "data": []},
        {"figures": {"all": {"model": {"gain": "x"}}}},
        {"data": {"photos_by_source": {"open": 5, "unclear": ["x"], "consent": {"made": "x"}}}},
        {"limits": [1]},
        {},
    ):
        ModelVersion.objects.update(card=card)
        page(promoter)
        page(promoter, "model", live.pk)


def test_against_the_gate_the_page_asks_for_a_reason_and_keeps_it(
    promoter: Client, live: ModelVersion, candidate: ModelVersion
) -> None:
    said = page(promoter, "model", candidate.pk)
    assert "cannot judge this model" in said
    assert "Say why it should go into service all the same." in said
    promote = reverse("model_promote", args=[candidate.pk])
    answer = promoter.post(promote, follow=True)
    assert "a written reason is needed" in answer.content.decode()
    assert versions.live() == live
    promoter.post(promote, {"reason": "The faces are better."})
    assert versions.live() == candidate
    assert Promotion.objects.get().reason == "The faces are better."
    assert "The faces are better." in page(promoter)


def test_one_press_goes_back_after_a_question(promoter: Client, live: ModelVersion, candidate: ModelVersion) -> None:
    promoter.post(reverse("model_promote", args=[candidate.pk]), {"reason": "for a test"})
    assert "Go back to “lite”?" in page(promoter)
    answer = promoter.post(reverse("model_roll_back", args=[candidate.pk]), follow=True)
    assert "“lite” is in service again." in answer.content.decode()
    assert versions.live() == live
    answer = promoter.post(reverse("model_roll_back", args=[candidate.pk]), follow=True)
    assert "Someone else has just put another model into service." in answer.content.decode()


def test_a_candidate_is_set_aside(promoter: Client, live: ModelVersion, candidate: ModelVersion) -> None:
    promoter.post(reverse("model_retire", args=[candidate.pk]))
    candidate.refresh_from_db()
    assert candidate.state == ModelVersion.State.RETIRED
    answer = promoter.post(reverse("model_retire", args=[live.pk]), follow=True)
    assert "in service already" in answer.content.decode()


def test_weights_come_in_by_the_form_and_what_is_wrong_with_them_is_said(promoter: Client, live: ModelVersion) -> None:
    weights = checkpoint.shipped()["lite"].read_bytes()

    def send(content: bytes) -> str:
        files = {"weights": SimpleUploadedFile("a.safetensors", content)}
        files["card"] = SimpleUploadedFile("a.json", json.dumps(CARD).encode())
        return promoter.post(reverse("model_upload"), files, follow=True).content.decode()

    assert "The end of the weights file is missing." in send(weights[:-9])
    assert not ModelUpload.objects.exists()
    assert "A worker tries it." in send(weights)
    upload = ModelUpload.objects.get()
    ModelUpload.objects.update(status=Status.FAILED, reason="model_no_numbers")
    assert "are no numbers" in page(promoter)
    promoter.post(reverse("model_upload_dismiss", args=[upload.pk]))
    assert not ModelUpload.objects.exists()


def test_without_the_benchmark_nothing_is_judged(promoter: Client, live: ModelVersion, candidate: ModelVersion) -> None:
    answer = promoter.post(reverse("model_compare", args=[candidate.pk]), follow=True)
    assert "there is no frozen benchmark of at least 50 photos" in answer.content.decode()


def test_a_trainer_looks_and_changes_nothing(trainer: Client, live: ModelVersion, candidate: ModelVersion) -> None:
    assert "Bring weights along" not in page(trainer)
    assert "Put it into service" not in page(trainer, "model", candidate.pk)
    steps = [reverse(name, args=[candidate.pk]) for name in ("model_promote", "model_roll_back", "model_retire")]
    for address in [*steps, reverse("model_upload"), reverse("model_upload_dismiss", args=[candidate.pk])]:
        assert trainer.post(address, {"reason": "for a test"}).status_code == 404, address
    assert versions.live() == live


def test_a_curator_finds_no_models(sign_in: SignIn, owner: User, live: ModelVersion) -> None:
    client = sign_in(with_role(owner, roles.CURATOR))
    for address in (reverse("models"), reverse("model", args=[live.pk])):
        assert client.get(address).status_code == 404
