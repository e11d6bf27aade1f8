"""The live model in a worker: there at the first start, swapped for a better one, never for a broken one."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from colorizer import storage
from colorizer.models import ModelVersion, WorkerState
from colorizer.services import promotion
from ml import checkpoint
from tests.conftest import on_disk_alone
from tests.weights import version_of, weights_like_shipped
from worker import canary, engine, lease

MakeVersion = Callable[..., ModelVersion]


@pytest.fixture(autouse=True)
def _fresh(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a child that has just begun."""
    for name, value in {"_live": None, "_refused": None, "_worker": "worker@here"}.items():
        monkeypatch.setattr(engine, name, value)
    # It moves the whole process's temporary files; this process has the tests' own.
    monkeypatch.setattr(engine, "_own_work_folder", lambda worker: None)
    monkeypatch.setattr(canary, "FULL_SIZE", (400, 300))  # the trial itself is as it is; it need not be large


@pytest.fixture
def version(tmp_path: Path) -> MakeVersion:
    return lambda name, shift, **how: version_of(weights_like_shipped(tmp_path, name, shift=shift, **how))


def go_live(version: ModelVersion) -> None:
    promotion.promote(version=version, by=None, reason="for a test")


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


@on_disk_alone
def test_a_model_that_fails_the_canary_leaves_the_old_one_at_work_and_the_worker_says_so(
    version: MakeVersion, caplog: pytest.LogCaptureFixture
) -> None:
    before = engine.live()
    broken = version("broken", 0.01, spoilt=True)
    go_live(broken)
    assert engine.live() is before
    assert engine.live() is before
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [canary.CanaryFailed]
    said = WorkerState.objects.get()
    assert (said.live_version, said.refused_version) == (before.version, broken)
    assert said.refusal.startswith("no_numbers: ")
    promotion.roll_back(by=None)
    assert engine.live() is before
    said.refresh_from_db()
    assert (said.refused_version, said.refusal) == (None, "")


@on_disk_alone
@pytest.mark.parametrize(("gain", "reason"), [(0.3, "dull"), (9.0, "loud")])
def test_a_model_far_from_the_colours_of_the_one_at_work_is_not_taken(
    version: MakeVersion, gain: float, reason: str
) -> None:
    before = engine.live()
    go_live(version(reason, 0.01, gain=gain))
    assert engine.live() is before
    assert WorkerState.objects.get().refusal.startswith(f"{reason}: ")


@on_disk_alone
def test_a_worker_that_starts_beside_a_broken_live_model_colours_with_the_one_before(
    version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = engine.live().version
    broken = version("broken", 0.01, spoilt=True)
    go_live(broken)
    monkeypatch.setattr(engine, "_live", None)
    engine.start(worker="worker@here")
    said = WorkerState.objects.get()
    assert (said.live_version, said.refused_version) == (good, broken)


def test_weights_that_could_not_be_fetched_are_tried_again(
    version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = engine.live()
    late = version("late", 0.01)
    key = storage.weights_key(late.sha256)
    with storage.models().open(key) as file:
        content = file.read()
    storage.models().delete(key)
    go_live(late)
    assert engine.live() is before
    assert WorkerState.objects.get().refusal.startswith("missing: ")
    storage.models().replace(key, ContentFile(content))
    assert engine.live() is before
    later = time.monotonic() + engine.TRY_AGAIN
    monkeypatch.setattr(engine.time, "monotonic", lambda: later)
    assert engine.live().version == late
    assert WorkerState.objects.get().refusal == ""


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
