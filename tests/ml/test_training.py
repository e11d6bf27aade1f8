"""The training loop, on two dozen made-up photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml import runs, training
from ml.objectives import bins
from ml.sampler import Photos
from ml.settings import Settings

pytestmark = pytest.mark.usefixtures("one_thread")
SETTINGS: dict[str, Any] = {"steps": 10, "batch": 2, "crop": 32, "warm_up": 2, "validate_every": 5}


@pytest.fixture(scope="module")
def photos() -> Photos:
    """Photos that can be learned: what is bright is blue, what is dark is orange."""
    rng = np.random.default_rng(0)
    planes = []
    for _ in range(24):
        light = np.kron(rng.integers(20, 235, (6, 8)), np.ones((8, 8))).astype(np.uint8)
        bright = light > 128
        a = np.where(bright, 128 - 5, 128 + 25).astype(np.uint8)
        b = np.where(bright, 128 - 30, 128 + 40).astype(np.uint8)
        planes.append(np.stack([light, a, b], axis=-1))
    return Photos(planes, ["portrait", "food"] * 12)


def run(folder: Path, photos: Photos, **changes: Any) -> torch.nn.Module:
    on_step = changes.pop("on_step", lambda report: "continue")
    settings = Settings.of("lite", **{**SETTINGS, **changes})
    return training.train(settings, photos, folder, validation=photos, on_step=on_step)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_paused_training_goes_on_as_if_it_had_not_been(tmp_path: Path, photos: Photos) -> None:
    straight = run(tmp_path / "straight", photos)
    run(tmp_path / "halves", photos, on_step=lambda r: "pause" if r.step == 5 else "continue")
    assert len(losses(tmp_path / "halves")) == 5
    resumed = run(tmp_path / "halves", photos)
    assert losses(tmp_path / "straight") == losses(tmp_path / "halves")
    for name, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_steps_after_the_last_save_are_made_again(tmp_path: Path, photos: Photos) -> None:
    def die(report: training.Report) -> training.Verdict:
        if report.step == 5:
            raise KeyboardInterrupt
        return "pause" if report.step == 3 else "continue"

    run(tmp_path, photos, on_step=die)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, photos, on_step=die)
    assert len(losses(tmp_path)) == 5
    run(tmp_path, photos)
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 11))


def test_the_loss_falls(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos, steps=30, batch=4, rate=5e-3, freeze_early=False)
    history = losses(tmp_path)
    assert sum(history[-5:]) < 0.8 * sum(history[:5])


def test_the_folder_holds_the_averaged_weights_and_nothing_pickled(tmp_path: Path, photos: Photos) -> None:
    averaged = run(tmp_path, photos, steps=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.jsonl", "state.safetensors"]
    saved, about = runs.averaged_weights(tmp_path)
    assert about["step"] == 2
    assert all(torch.equal(saved[k], v) for k, v in averaged.state_dict().items())


def test_a_budget_in_minutes_ends_the_training(tmp_path: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 15))
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    run(tmp_path, photos, steps=None, minutes=3.0)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert 1 < len(entries) < 10
    assert entries[-1]["progress"] > 0.5


def test_a_lost_loss_ends_the_training_before_it_spoils_the_weights(
    tmp_path: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, photos, on_step=lambda r: "pause" if r.step == 2 else "continue")
    monkeypatch.setattr(bins, "colour_loss", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(FloatingPointError, match="step 3"):
        run(tmp_path, photos)
    weights, about = runs.averaged_weights(tmp_path)
    assert about["step"] == 2
    assert all(v.isfinite().all() for v in weights.values())


def test_other_settings_do_not_go_on_with_a_state(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos, steps=1)
    with pytest.raises(ValueError, match="other settings"):
        run(tmp_path, photos, steps=1, rate=0.5)


def test_a_training_can_start_from_weights(tmp_path: Path, photos: Photos) -> None:
    first = run(tmp_path / "first", photos, steps=3)
    first.get_buffer("balance").fill_(0.3)
    first.get_buffer("log_frequency").fill_(-1.0)
    settings = Settings.of("lite", **{**SETTINGS, "steps": 1, "rate": 0.0, "weight_decay": 0.0})
    second = training.train(settings, photos, tmp_path / "second", initial=first.state_dict())
    for (name, a), b in zip(first.named_parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b), name
    assert second.get_buffer("balance") == 0
    assert second.get_buffer("log_frequency").min() < -5


def test_a_training_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="steps, epochs or minutes"):
        Settings.of("lite")


def test_a_setting_that_no_one_knows_is_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match=r"no setting rebalence; it has .*rebalance"):
        Settings.of("lite", steps=1, rebalence=0.5)


def test_the_rate_warms_up_and_falls_to_nought() -> None:
    settings = Settings.of("lite", steps=1, warm_up=10)
    assert training._schedule(settings, 0.0, 0) == pytest.approx(0.1)
    assert training._schedule(settings, 0.0, 9) == pytest.approx(1)
    assert training._schedule(settings, 0.5, 99) == pytest.approx(0.5)
    assert training._schedule(settings, 1.0, 99) == pytest.approx(0)
