"""Heirloom is taught in a browser, from the first photo to the step back; the worker is killed on the way."""

import time
from collections.abc import Callable
from statistics import median

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from colorizer import roles
from colorizer.models import Album, Coloring, Dataset, ModelVersion, Status, Training, User, WorkerState
from colorizer.services import datasets, intake
from tests import curation
from tests.conftest import Stack, StartWorker, make_photo
from tests.stack import SLOWEST, wait_for

pytestmark = [pytest.mark.retraining, pytest.mark.long]
TAUGHT = 60
JUDGED = 50
SCAN = (1600, 1200)
COLOUR = 0.4
"""Of the photos to learn from: about what true photos have, since workers refuse a model that is far louder."""
NOTICED = 10.0
"""Seconds after which a worker must colour with what was put into service."""
LONGER = 3.0
"""How many times as long as when nothing else is to be done a photo may take while a model is taught."""
ENDS = 400.0
"""Seconds that a training or a judging may take on a busy machine."""


@pytest.fixture
def everything(family_owner: User) -> User:
    """Curator, trainer and promoter in one, and the owner of a family."""
    family_owner.groups.set(Group.objects.filter(name__in=(roles.CURATOR, roles.TRAINER, roles.PROMOTER)))
    return family_owner


def measured(dataset: Dataset, count: int) -> None:
    wait_for(lambda: dataset.items.filter(status=Status.DONE).count() == count, 2 * SLOWEST, f"{count} measured photos")


def benchmark(by: User) -> None:
    """Frozen, of photos that the worker has measured."""
    dataset = Dataset.objects.create(name="Judges", kind=Dataset.Kind.BENCHMARK, created_by=by)
    curation.add(dataset, by, curation.photos(JUDGED, first=1000, colour=COLOUR), licence="open", source="made")
    measured(dataset, JUDGED)
    curation.accept(dataset)
    datasets.freeze(dataset=dataset, by=by)


def curate(page: Page, url: str) -> None:
    """Sixty photos in a ZIP, gone through and frozen."""
    page.goto(f"{url}/workshop/datasets/")
    page.get_by_label("Name").fill("Gardens")
    page.get_by_role("button", name="Begin it").click()
    page.get_by_role("button", name="Add photos").click()
    photos = curation.zipped(curation.photos(TAUGHT, colour=COLOUR))
    page.get_by_label("Photos in colour, or a ZIP of them").set_input_files(
        {"name": "gardens.zip", "mimeType": "application/zip", "buffer": photos}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".upload", has_text="gardens.zip")).to_contain_text(f"{TAUGHT} photos were added.")
    dataset = Dataset.objects.get(name="Gardens")
    measured(dataset, TAUGHT)
    page.goto(f"{url}/workshop/datasets/{dataset.pk}/?state=new")
    page.keyboard.press("ArrowRight")
    at_hand = page.locator(".at-hand h2")
    for verdict in "ara":
        before = at_hand.inner_text()
        page.keyboard.press(verdict)
        expect(at_hand).not_to_have_text(before)
    page.goto(f"{url}/workshop/datasets/{dataset.pk}/?state=new")
    page.get_by_role("button", name="Accept all").click()
    wait_for(lambda: dataset.items.filter(state="accepted").count() == TAUGHT - 1, what="accepted photos")
    page.goto(f"{url}/workshop/datasets/{dataset.pk}/lessons/")
    page.get_by_role("button", name="Freeze a version").click()
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()


def begin(page: Page, url: str) -> Training:
    page.goto(f"{url}/workshop/trainings/")
    page.get_by_role("link", name="Start a training").click()
    page.get_by_label("Name").fill("Warmer gardens")
    page.get_by_label("As I say below").check()
    page.get_by_text("Settings:").click()
    page.get_by_role("spinbutton", name="Minutes").fill("0.5")
    page.get_by_role("spinbutton", name="Batch").fill("4")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Warmer gardens")).to_be_visible()
    return Training.objects.get()


def seconds_of(album: Album, user: User, seed: int) -> float:
    """Until a family's next photo is there in colour."""
    began = time.monotonic()
    coloured(album, user, seed)
    return time.monotonic() - began


def coloured(album: Album, user: User, seed: int) -> Coloring:
    """A family's next photo, in colour."""
    photo = intake.accept(into=album, user=user, upload=make_photo(seed=seed, size=SCAN))
    found = wait_for(lambda: Coloring.objects.filter(photo=photo, status=Status.DONE).first(), what="a photo in colour")
    assert found is not None
    return found


def test_a_model_is_taught_judged_put_into_service_and_taken_back(
    visitor: Page,
    live_stack: Stack,
    worker_process: StartWorker,
    everything: User,
    enter: Callable[[User], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, url = visitor, live_stack.url
    album = Album.objects.create(family=everything.memberships.get().family, title="Summers")
    monkeypatch.setenv("HEIRLOOM_SLICE_SECONDS", "10")
    first = worker_process("teacher")
    enter(everything)
    benchmark(everything)
    curate(page, url)
    old = coloured(album, everything, 0).model_version
    idle = median(seconds_of(album, everything, seed) for seed in (10, 11, 12))

    training = begin(page, url)
    moved = wait_for(lambda: Training.objects.filter(step__gte=3).first(), what="a training that moves")
    taken = []
    for seed in (20, 21, 22):
        moved = wait_for(Training.objects.filter(step__gt=moved.step).first, what="a training that goes on")
        taken.append(seconds_of(album, everything, seed))
    assert median(taken) < LONGER * idle, (taken, idle)
    assert coloured(album, everything, 2).model_version == old
    assert Training.objects.get().is_open
    first.kill()
    worker_process("successor")
    page.reload()
    expect(page.get_by_text("It is done.")).to_be_visible(timeout=1000 * ENDS)
    training.refresh_from_db()
    assert training.step > moved.step
    new = training.model_version
    assert new is not None

    page.goto(f"{url}/workshop/models/{new.pk}/")
    judging = page.locator("#judging").get_by_role("link").first
    expect(page.locator("#judging").get_by_text("Judges 1")).to_be_visible()
    wait_for(lambda: new.comparisons.filter(status=Status.DONE).exists(), ENDS, "a comparison that is done")
    judging.click()
    expect(page.get_by_role("heading", name="Warmer gardens")).to_be_visible()
    expect(page.locator("table").first).to_contain_text("CIEDE2000")
    expect(page.locator("figure img").first).to_be_visible()

    page.goto(f"{url}/workshop/models/{new.pk}/")
    if page.get_by_label("Reason").count():
        page.get_by_label("Reason").fill("To see it in the family's own album.")
    page.get_by_role("button", name="Put it into service").click()
    in_use(new)
    assert coloured(album, everything, 3).model_version == new

    page.goto(f"{url}/workshop/models/")
    page.get_by_role("button", name="Go back to").click()
    page.get_by_role("button", name="Go back", exact=True).click()
    in_use(old)
    assert coloured(album, everything, 4).model_version == old


def in_use(version: ModelVersion | None) -> None:
    """The worker colours with it, soon enough."""
    try:
        wait_for(lambda: WorkerState.objects.filter(live_version=version).exists(), NOTICED, "the worker's word")
    except AssertionError as error:
        said = list(WorkerState.objects.values("name", "live_version__name", "refused_version__name", "refusal"))
        raise AssertionError(f"{error}; workers: {said}") from None
