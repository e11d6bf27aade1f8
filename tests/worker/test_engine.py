"""The live model in a worker: there at the first start, swapped for a better one, never for a broken one."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from colorizer import storage
from colorizer.models import ModelVersion, WorkerState
from ml import checkpoint
from worker import engine, lease

MakeVersion = Callable[..., ModelVersion]


@pytest.fixture(autouse=True)
def _fresh(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a child that has just begun."""
    for name, value in {"_live": None, "_refused": None, "_worker": "worker@here"}.items():
        monkeypatch.setattr(engine, name, value)
    # It moves the whole process's temporary files; this process has the tests' own.
    monkeypatch.setattr(engine, "_own_work_folder", lambda worker: None)


@pytest.fixture
def version(tmp_path: Path) -> MakeVersion:
    """A version like the shipped one, the bias of its bins moved by `shift`, stored as a promotion would."""

    def make(name: str, shift: float, spoilt: bool = False) -> ModelVersion:
        network, card = checkpoint.load(checkpoint.shipped()["lite"])
        with torch.no_grad():
            network.get_parameter("classify.bias").add_(shift)
            if spoilt:  # the root of a negative variance is no number
                network.get_buffer("rise4.mix.1.running_var").fill_(-1)
        weights = checkpoint.save(tmp_path, name, network, card)
        card = checkpoint.read_card(weights)
        storage.put(storage.models(), storage.weights_key(card["sha256"]), weights)
        known = {"name": name, "architecture": "lite", "sha256": card["sha256"], "card": card}
        return ModelVersion.objects.create(**known)

    return make


def go_live(version: ModelVersion) -> None:
    ModelVersion.objects.filter(state=ModelVersion.State.LIVE).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(state=ModelVersion.State.LIVE)


def test_the_first_start_makes_the_shipped_model_live_once() -> None:
    first = engine.live()
    card = checkpoint.read_card(checkpoint.shipped()["lite"])
    assert engine.live() is first
    live = ModelVersion.objects.get()
    assert (live.state, live.sha256, live.name) == (ModelVersion.State.LIVE, card["sha256"], "lite")
    said = WorkerState.objects.get(name="worker@here")
    assert said.weights_sha256 == live.sha256
    assert said.device
    assert said.networks[0]["seconds"] > 0


def test_a_worker_that_was_forgotten_announces_itself_again() -> None:
    lease.beat(worker="worker@here", announce=engine.announce)
    assert not WorkerState.objects.exists()
    sha256 = engine.live().version.sha256
    WorkerState.objects.all().delete()
    lease.beat(worker="worker@here", announce=engine.announce)
    assert WorkerState.objects.get(name="worker@here").weights_sha256 == sha256


def test_weights_that_came_with_an_update_take_the_place_of_older_shipped_ones() -> None:
    older = ModelVersion.objects.create(
        name="old", sha256="0" * 64, state=ModelVersion.State.LIVE, origin=ModelVersion.Origin.SHIPPED
    )
    engine.start(worker="worker@here")
    older.refresh_from_db()
    assert older.state == ModelVersion.State.RETIRED
    assert engine.live().version.origin == ModelVersion.Origin.SHIPPED


def test_weights_that_came_with_an_update_leave_a_model_trained_here_live(version: MakeVersion) -> None:
    own = version("own", 0.01)
    go_live(own)
    engine.start(worker="worker@here")
    assert engine.live().version == own
    assert ModelVersion.objects.get(origin=ModelVersion.Origin.SHIPPED).state == ModelVersion.State.CANDIDATE


def test_a_model_made_live_is_swapped_in_before_the_next_photo(version: MakeVersion) -> None:
    before = engine.live()
    better = version("better", 0.01)
    go_live(better)
    assert engine.live().version == better
    assert engine.live().method is not before.method
    assert WorkerState.objects.get().weights_sha256 == better.sha256


def test_a_model_that_fails_the_canary_leaves_the_old_one_at_work(
    version: MakeVersion, caplog: pytest.LogCaptureFixture
) -> None:
    before = engine.live()
    go_live(version("broken", 0.01, spoilt=True))
    assert engine.live() is before
    assert engine.live() is before
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [engine.CanaryFailed]


def test_what_containers_that_are_gone_left_behind_is_removed(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * engine.FORGOTTEN_SECONDS
    WorkerState.objects.create(name="worker@known")
    for name in ("worker@known", "worker@gone", "worker@new", "web"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.jpg").touch()
        if name != "worker@new":
            os.utime(tmp_path / name, (long_ago, long_ago))
    engine._remove_forgotten_folders(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"worker@known", "worker@new", "web"}
