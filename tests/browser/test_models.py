"""The pages of models in a real browser: put into service, looked at by a worker, taken back; and nobody kept out."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from colorizer import gate, storage
from colorizer.models import Comparison, ComparisonPhoto, ModelUpload, ModelVersion, Status, User, WorkerState
from colorizer.selectors import comparisons, versions
from tests import school
from tests.browser.axe import faults, faults_everywhere
from tests.browser.conftest import LATER
from tests.conftest import Stack
from tests.stack import wait_for
from tests.views.test_comparisons import figures
from tests.weights import version_of, weights_like_shipped

Enter = Callable[[User], None]


@pytest.fixture
def promoter(family_owner: User, enter: Enter) -> User:
    family_owner.groups.set(Group.objects.all())
    enter(family_owner)
    return family_owner


@pytest.fixture
def candidate(promoter: User, tmp_path: Path) -> ModelVersion:
    wait_for(versions.live, what="a live model")
    return version_of(weights_like_shipped(tmp_path, "Harbour"))


@pytest.fixture
def comparison(candidate: ModelVersion) -> Comparison:
    """One that is done, with the pictures of a photo."""
    said = figures()
    asked = {"model": said["groups"]["all"]["live"], "grey": said["groups"]["all"]["grey"]}  # type: ignore[index]
    benchmark = school.frozen(1, name="Judged on", kind="benchmark")
    live = wait_for(versions.live)
    made = Comparison.objects.create(
        candidate=candidate,
        live=live,
        benchmark=benchmark,
        status=Status.DONE,
        finished_at=timezone.now(),
        figures=said,
        gate=gate.ask(asked | {"worst_band": 0.4}, asked, photos=50),
    )
    keys = {f"{what}_key": storage.comparison_key(made.pk, f"{what}.webp") for what in comparisons.PICTURES}
    for key, colour in zip(keys.values(), ("#777", "#976", "#a75", "#b65"), strict=True):
        data = io.BytesIO()
        Image.new("RGB", (480, 360), colour).save(data, "WEBP")
        storage.results().replace(key, ContentFile(data.getvalue()))
    ComparisonPhoto.objects.create(comparison=made, item=benchmark.items.get(), difference=9.0, **keys)
    return made


@pytest.mark.long
def test_a_model_goes_into_service_against_the_gate_and_out_of_it_again(
    visitor: Page, live_stack: Stack, comparison: Comparison, promoter: User
) -> None:
    before, candidate = comparison.live, comparison.candidate
    visitor.goto(live_stack.url + reverse("models"))
    visitor.get_by_role("link", name="Harbour").click()
    expect(visitor.get_by_text("The gate does not let it pass.")).to_be_visible()
    visitor.get_by_label("Reason").fill("The faces are better.")
    visitor.get_by_role("button", name="Put it into service").click()
    expect(visitor.get_by_text("“Harbour” is in service.")).to_be_visible()
    expect(visitor.get_by_text("colours with “Harbour”")).to_be_visible()  # a worker said so, and the page heard it
    visitor.get_by_role("button", name=f"Go back to “{before.name}”").click()
    sure = visitor.get_by_role("dialog", name=f"Go back to “{before.name}”?")
    expect(sure).to_be_visible()
    assert faults(visitor) == []
    assert versions.live() == candidate
    sure.get_by_role("button", name="Go back").click()
    expect(visitor.get_by_text(f"colours with “{before.name}”")).to_be_visible()
    assert versions.live() == before


def test_who_votes_learns_after_it_whose_colours_they_were(
    visitor: Page, live_stack: Stack, comparison: Comparison
) -> None:
    visitor.goto(live_stack.url + reverse("comparison_vote", args=[comparison.pk]))
    pictures = visitor.locator(".ballot img")
    expect(pictures).to_have_count(2)
    visitor.get_by_role("button", name="The second").click()
    expect(visitor.get_by_text("You chose the")).to_be_visible()
    expect(pictures).to_have_count(3)
    visitor.get_by_role("link", name="Next photo").click()
    expect(visitor.get_by_text("You have voted on every photo")).to_be_visible()


def test_the_pages_of_models_keep_no_one_out(visitor: Page, live_stack: Stack, comparison: Comparison) -> None:
    ModelUpload.objects.create(name="Brought", sha256="2" * 64, status=Status.FAILED, reason="model_no_numbers")
    WorkerState.objects.create(
        name="worker@cellar",
        live_version=comparison.candidate,
        refused_version=comparison.live,
        refusal="dull: 3.0 beside 9.0",
        heartbeat_at=timezone.now() + LATER,
    )
    addresses = [reverse("comparisons"), reverse("models"), reverse("model", args=[comparison.candidate_id])]
    addresses += [reverse("model", args=[comparison.live_id])]
    for name in ("comparison", "comparison_photos", "comparison_vote"):
        addresses.append(reverse(name, args=[comparison.pk]))
    found: dict[str, list[str]] = {}
    for address in addresses:
        visitor.goto(live_stack.url + address)
        found |= faults_everywhere(visitor)
    WorkerState.objects.filter(name="worker@cellar").delete()
    assert found == {}


def test_a_question_that_is_open_stays_open_while_a_comparison_moves(
    visitor: Page, live_stack: Stack, comparison: Comparison, at_work: dict[str, Any]
) -> None:
    moving = Comparison.objects.filter(pk=comparison.pk)
    moving.update(**at_work, stage="surveying")
    visitor.goto(live_stack.url + reverse("comparison", args=[comparison.pk]))
    visitor.get_by_role("button", name="Delete this comparison").click()
    sure = visitor.get_by_role("dialog", name="Delete this comparison?")
    expect(visitor.get_by_text("A worker looks at the true photos.")).to_be_visible()
    moving.update(stage="pinning")
    expect(visitor.get_by_text("A worker tries how well each uses pins.")).to_be_visible()
    expect(sure).to_be_visible()
    moving.update(status=Status.DONE)
    expect(visitor.get_by_role("heading", name="The gate")).to_be_visible()
    expect(sure).to_be_visible()
