"""What a slice leaves behind on its worker's machine."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from colorizer.models import FrozenItem, Status, Training
from ml import checkpoint, networks
from tests.school import frozen
from worker import beside, calibrating, engine, planes, teaching
from worker.lease import Cancelled, Failed, Held, Lost, Stopping


@pytest.fixture
def training(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(teaching, "photos_wait", lambda: False)
    return Training.objects.create(name="Paintings", network="autoencoder", dataset_version=frozen(4), status="running")


def decode(items: list[FrozenItem]) -> None:
    """As a slice does before its first step, and after its last one where that is broken off."""
    planes.photos(items, lambda: None)
    card = {"calibration": checkpoint.calibration(None, 1.0), "preprocessing": {}}
    weights = checkpoint.save(Path(tempfile.mkdtemp()), "made", networks.create("autoencoder"), card)

    def stop() -> None:
        raise Stopping

    with pytest.raises(Stopping):
        calibrating.calibrate(weights, items, stop)


def pixels(folder: Path) -> list[Path]:
    return [*folder.rglob("*.bin"), *folder.rglob("*.photo")]


@pytest.mark.parametrize(
    ("end", "stays"),
    [
        (Status.DONE, False),
        (Status.PAUSED, False),
        (Status.CANCELLED, False),
        (Cancelled(), False),
        (Failed("no_photos", ""), False),
        (Lost(), False),
        (Status.QUEUED, True),
        (Stopping(), True),
    ],
    ids=repr,
)
def test_decoded_photos_stay_for_the_next_slice_and_go_where_none_follows(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Any, stays: bool
) -> None:
    def a_slice(training: Training, *_: Any) -> None:
        decode(list(FrozenItem.objects.all()))
        assert len(pixels(tmp_path)) == 1 + 4
        if isinstance(end, Exception):
            raise end
        training.status = end

    monkeypatch.setattr(teaching, "_slice", a_slice)
    with suppress(Cancelled, Failed, Lost, Stopping):
        teaching.teach(training, Held(training, "w/1", seconds=600))
    assert bool(pixels(tmp_path)) is stays
    calibrating.forget()


def test_decoded_photos_go_with_a_training_that_ends_between_two_slices(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "live", lambda: None)
    decode(list(FrozenItem.objects.all()))
    for status, stays in ((Status.RUNNING, True), (Status.QUEUED, True), (Status.CANCELLED, False)):
        Training.objects.update(status=status)
        beside.look()
        assert bool(pixels(tmp_path)) is stays
