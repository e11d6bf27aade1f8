"""A model's vividness is set once, however often that is broken off."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from colorizer.models import FrozenItem
from ml import calibration, checkpoint, networks
from tests.school import frozen
from worker import calibrating
from worker.lease import Stopping


@pytest.fixture
def items(db: None) -> list[FrozenItem]:
    return list(FrozenItem.objects.filter(version=frozen(3)))


@pytest.fixture
def model(tmp_path: Path) -> Callable[[int], Path]:
    """Weights of a network that knows nothing, others for each seed; their folder is made anew."""

    def make(seed: int) -> Path:
        network = networks.create("autoencoder")
        for number, weight in enumerate(network.parameters(), seed):
            weight.data.fill_(0.001 * (number % 7 - 2))
        card = {"calibration": checkpoint.calibration(None, 1.0), "preprocessing": {}}
        shutil.rmtree(tmp_path / str(seed), ignore_errors=True)
        return checkpoint.save(tmp_path / str(seed), "made", network, card)

    return make


def said(weights: Path) -> Any:
    return checkpoint.load(weights)[1]["calibration"]


def stop_after(calls: int) -> Callable[[], None]:
    left = iter(range(calls))

    def heed() -> None:
        if next(left, None) is None:
            raise Stopping

    return heed


def test_what_was_broken_off_goes_on_where_it_was(
    model: Callable[[int], Path], items: list[FrozenItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = said(model(1))
    weights = model(1)
    calibrating.calibrate(weights, items, lambda: None)
    straight = said(weights)
    assert straight != before
    assert straight["photos"] == len(items)

    sampled = []
    sample = calibration._sample
    monkeypatch.setattr(calibration, "_sample", lambda *given: sampled.append(1) or sample(*given))
    for calls in (0, 3, 2):
        weights = model(1)  # as a slice exports it anew
        with pytest.raises(Stopping):
            calibrating.calibrate(weights, items, stop_after(calls))
        assert said(weights) == before
    weights = model(1)
    calibrating.calibrate(weights, items, lambda: None)
    assert said(weights) == straight
    assert len(sampled) == len(items)


def test_another_model_begins_at_its_own_beginning(model: Callable[[int], Path], items: list[FrozenItem]) -> None:
    with pytest.raises(Stopping):
        calibrating.calibrate(model(1), items, stop_after(3))
    weights = model(2)
    calibrating.calibrate(weights, items, lambda: None)
    found = said(weights)
    weights = model(2)
    calibrating.calibrate(weights, items, lambda: None)
    assert said(weights) == found
    assert calibrating._begun is None


def test_where_it_fails_the_model_stays_as_it_was(model: Callable[[int], Path], db: None) -> None:
    weights = model(1)
    grey = list(FrozenItem.objects.filter(version=frozen(2, grey=True)))
    with pytest.raises(ValueError, match="no colour"):
        calibrating.calibrate(weights, grey, lambda: None)
    assert said(weights) == said(model(1))
    assert calibrating._begun is None
