"""What a slice tells of itself while it learns."""

import time
from pathlib import Path

import pytest

from colorizer import dispatch, storage
from colorizer.models import DatasetItem, Training
from colorizer.selectors import datasets as selectors
from colorizer.services import datasets, discarding, jobs
from colorizer.services import training as service
from ml.settings import Settings
from tests.school import QUICK, frozen
from worker.lease import Held
from worker.lesson import Lesson


@pytest.fixture
def training(db: None, monkeypatch: pytest.MonkeyPatch) -> Training:
    """One that a worker has begun."""
    monkeypatch.setattr(dispatch, "send", lambda job: False)
    made = Training.objects.create(name="Paintings", network="autoencoder", dataset_version=frozen(4), queue="train")
    claimed = jobs.claim(model=Training, pk=made.pk, attempt=made.attempt, owner="w/1")
    assert isinstance(claimed, Training)
    return claimed


def lesson(training: Training, folder: Path) -> Lesson:
    (folder / "samples").mkdir()
    how = Settings.of("autoencoder", steps=100, **QUICK)
    known = {"photos": 3, "missing": selectors.missing(training.dataset_version)}
    return Lesson(
        training, Held(training, "w/1", seconds=600), folder, how, **known, device="cpu", began=time.monotonic()
    )


def draw(folder: Path, step: int) -> None:
    (folder / "samples" / f"{step:06}.png").write_bytes(b"a picture")


def shown(training: Training) -> tuple[list[int], list[int]]:
    """The steps that the row names, and those whose pictures lie in the storage."""
    files = storage.models().files(storage.training_key(training.pk, "samples/"))
    return sorted(service.shown_samples(training=training)), sorted(int(Path(file.key).stem) for file in files)


def withdraw_one() -> None:
    datasets.delete_items(items=DatasetItem.objects.filter(pk=DatasetItem.objects.all()[0].pk), by=None)
    discarding.carry_out()


def test_the_pictures_that_a_run_draws_are_shown(training: Training, tmp_path: Path) -> None:
    telling = lesson(training, tmp_path)
    for step in (5, 10):
        draw(tmp_path, step)
        telling.show_samples()
        telling.tell()
    assert shown(training) == ([5, 10], [5, 10])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [0, 1])
def test_once_a_photo_has_gone_the_slice_that_has_read_it_shows_no_more(
    training: Training, tmp_path: Path, before: int
) -> None:
    telling = lesson(training, tmp_path)
    for step in range(before):
        draw(tmp_path, step)
        telling.show_samples()
    withdraw_one()
    for step in (5, 10):
        draw(tmp_path, step)
        telling.show_samples()
        telling.tell()
        assert shown(training) == ([], [])


def test_the_next_slice_has_not_read_it_and_shows_its_pictures(training: Training, tmp_path: Path) -> None:
    withdraw_one()
    telling = lesson(training, tmp_path)
    draw(tmp_path, 5)
    telling.show_samples()
    assert shown(training) == ([5], [5])
