"""The pages of trainings in a real browser: for everyone to use, and alive without a reload."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.urls import reverse
from playwright.sync_api import Page, expect

from colorizer import roles, storage
from colorizer.models import Status, Training, TrainingPoint, User
from colorizer.services import training as service
from tests.browser.axe import faults_everywhere
from tests.conftest import Stack
from tests.files import picture
from tests.school import frozen


@pytest.fixture
def trainer(family_owner: User) -> User:
    family_owner.groups.add(Group.objects.get(name=roles.TRAINER))
    return family_owner


@pytest.fixture
def training(trainer: User, at_work: dict[str, Any]) -> Training:
    """One that seems to run."""
    of = {"dataset_version": frozen(4), "created_by": trainer}
    training = Training(name="Warmer", network="lite", queue="train", **of, **at_work)
    training.stage, training.progress, training.seconds = "training", 0.4, 240.0
    training.step, training.samples = 30, [20]
    training.settings, training.photos_per_second, training.device = {"minutes": 10.0}, 12.5, "cpu"
    training.save()
    storage.models().replace(storage.training_key(training.pk, "samples/20.png"), ContentFile(picture("PNG")))
    for step in range(1, 30):
        said = {"val_loss": 3 / step} if step % 5 == 0 else {}
        TrainingPoint.objects.create(training=training, step=step, seconds=step, loss=4 / step, rate=3e-4, **said)
    service.note(training, "slice", worker="vm", device="cpu", photos=3)
    return training


def test_the_pages_keep_no_one_out(
    visitor: Page, live_stack: Stack, trainer: User, training: Training, enter: Callable[[User], None]
) -> None:
    enter(trainer)
    found: dict[str, list[str]] = {}
    for address in (
        reverse("workshop"),
        reverse("trainings"),
        reverse("training_new"),
        reverse("training", args=[training.pk]),
    ):
        visitor.goto(live_stack.url + address)
        for summary in visitor.locator("summary").all():
            summary.click()
        found |= faults_everywhere(visitor)
    assert found == {}


def test_the_page_moves_by_itself_and_comes_to_rest(
    visitor: Page, live_stack: Stack, trainer: User, training: Training, enter: Callable[[User], None]
) -> None:
    enter(trainer)
    visitor.goto(f"{live_stack.url}{reverse('training', args=[training.pk])}")
    expect(visitor.get_by_text("40 %")).to_be_visible()
    Training.objects.filter(pk=training.pk).update(progress=0.5)
    expect(visitor.get_by_text("50 %")).to_be_visible()
    visitor.get_by_role("button", name="Pause").click()
    expect(visitor.get_by_text("It will rest in a moment.")).to_be_visible()
    Training.objects.filter(pk=training.pk).update(status=Status.PAUSED, pause_requested=False)
    expect(visitor.get_by_text("It rests.")).to_be_visible()
    expect(visitor.locator("#live")).not_to_have_attribute("hx-trigger", "every 2s")
    visitor.get_by_role("button", name="Cancel for good").click()
    expect(visitor.get_by_text("It was cancelled; nothing came out of it.")).to_be_visible()


def test_the_page_waits_while_the_keyboard_is_on_one_of_its_buttons(
    visitor: Page, live_stack: Stack, trainer: User, training: Training, enter: Callable[[User], None]
) -> None:
    enter(trainer)
    visitor.goto(f"{live_stack.url}{reverse('training', args=[training.pk])}")
    pause = visitor.get_by_role("button", name="Pause")
    while not pause.evaluate("button => button.matches(':focus-visible')"):
        visitor.keyboard.press("Tab")
    for _ in range(3):  # the first may have been asked for before, the last may still be on its way into the page
        Training.objects.filter(pk=training.pk).update(progress=0.5)
        with visitor.expect_response(f"**{reverse('training', args=[training.pk])}"):
            pass
    expect(pause).to_be_focused()
    pause.blur()
    expect(visitor.get_by_text("50 %")).to_be_visible()
