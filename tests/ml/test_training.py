"""The training loop, on two dozen made-up photos."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ml import checkpoint, curves, networks, runs, training
from ml.objectives.regression import Regression
from ml.rate_range import find_rate, steepest
from ml.sampler import Photos
from ml.schedule import Schedule
from ml.settings import Settings
from tests.ml.tiny import Tiny

pytestmark = pytest.mark.usefixtures("one_thread", "tiny")


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


def run(folder: Path, photos: Photos, network: str = "tiny", **changes: Any) -> torch.nn.Module:
    heard = {name: changes.pop(name) for name in ("on_step", "urgent") if name in changes}
    settings = Settings.of(network, **{"steps": 10, **changes})
    return training.train(settings, photos, folder, validation=photos, **heard)


def logged(folder: Path, name: str = "loss") -> list[Any]:
    return [entry[name] for entry in runs.read_log(folder) if name in entry]


@pytest.mark.parametrize(
    ("network", "changes"), [("lite", {"batch": 2, "crop": 32, "warm_up": 2}), ("tiny", {"schedule": "plateau"})]
)
def test_a_paused_training_goes_on_as_if_it_had_not_been(
    tmp_path: Path, photos: Photos, network: str, changes: dict[str, Any]
) -> None:
    changes |= {"steps": 4, "validate_every": 1, "patience": 100, "plateau": 1}
    straight = run(tmp_path / "straight", photos, network, **changes)
    run(tmp_path / "halves", photos, network, on_step=lambda r: "pause" if r.step == 2 else "continue", **changes)
    assert len(logged(tmp_path / "halves")) == 2
    resumed = run(tmp_path / "halves", photos, network, **changes)
    for name in ("loss", "norm", "val_loss", "val_explained"):
        assert logged(tmp_path / "straight", name) == logged(tmp_path / "halves", name)
    for name, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_step_that_is_broken_off_on_its_way_there_or_back_never_was(tmp_path: Path, photos: Photos) -> None:
    changes: dict[str, Any] = {"batch": 2, "crop": 32, "warm_up": 2, "steps": 3, "validate_every": 1}
    asked: list[bool] = []
    straight = run(tmp_path / "straight", photos, "lite", urgent=lambda: bool(asked.append(False)), **changes)
    of_a_step = len(asked) // 3
    assert of_a_step > 100
    for part in (0.2, 0.45, 0.7, 0.95):
        left = iter(range(int((1 + part) * of_a_step)))
        run(tmp_path / "broken", photos, "lite", urgent=lambda left=left: next(left, None) is None, **changes)
        assert logged(tmp_path / "broken") == logged(tmp_path / "straight")[: len(logged(tmp_path / "broken"))]
        (tmp_path / "broken").rename(tmp_path / f"broken at {part}")
        resumed = run(tmp_path / f"broken at {part}", photos, "lite", **changes)
        for name in ("loss", "norm", "val_loss"):
            assert logged(tmp_path / f"broken at {part}", name) == logged(tmp_path / "straight", name)
        for name, value in straight.state_dict().items():
            assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_step_of_two_optimisers_is_made_whole(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos, "pix2pix", steps=1, batch=1, crop=256, urgent=lambda: True)
    assert len(logged(tmp_path)) == 1


def test_a_seed_gives_the_same_losses_again_and_another_seed_others(tmp_path: Path, photos: Photos) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        run(tmp_path / name, photos, seed=seed, augment="all")
    assert logged(tmp_path / "one") == logged(tmp_path / "again")
    assert logged(tmp_path / "one") != logged(tmp_path / "other")


def test_steps_after_the_last_save_are_made_again_after_a_kill(tmp_path: Path, photos: Photos) -> None:
    def die(report: training.Report) -> training.Verdict:
        if report.step == 5:
            raise KeyboardInterrupt
        return "pause" if report.step == 3 else "continue"

    run(tmp_path / "straight", photos)
    run(tmp_path / "killed", photos, on_step=die)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", photos, on_step=die)
    assert len(logged(tmp_path / "killed")) == 5
    with (tmp_path / "killed" / runs.LOG).open("a") as log:
        log.write('{"step": 6, "lo')
    run(tmp_path / "killed", photos)
    assert logged(tmp_path / "killed", "step") == list(range(1, 11))
    assert logged(tmp_path / "killed") == logged(tmp_path / "straight")


@pytest.mark.parametrize(
    "changes", [{"rate": 0.05}, {"rate": 0.05, "views": "whole", "augment": "none", "cached": True}]
)
def test_the_loss_falls(tmp_path: Path, photos: Photos, changes: dict[str, Any]) -> None:
    run(tmp_path, photos, steps=60, **changes)
    history = logged(tmp_path)
    assert sum(history[-5:]) < 0.7 * sum(history[:5])


def test_cached_features_give_the_losses_that_the_network_itself_would(
    tmp_path: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "plain", photos, views="whole", augment="none")
    asked = []
    features = Tiny.features
    monkeypatch.setattr(Tiny, "features", lambda self, x: asked.append(len(x)) or features(self, x))
    run(tmp_path / "cached", photos, views="whole", augment="none", cached=True)
    # fp16 in memory
    assert logged(tmp_path / "cached") == pytest.approx(logged(tmp_path / "plain"), rel=1e-2)
    assert sum(asked) == 2 * len(photos.planes)
    with pytest.raises(ValueError, match="must always be the same"):
        run(tmp_path, photos, cached=True)
    with pytest.raises(ValueError, match="no frozen features"):
        run(tmp_path, photos, "lite", views="whole", augment="none", cached=True, crop=32)


def test_the_folder_says_with_what_it_was_made_and_holds_nothing_pickled(tmp_path: Path, photos: Photos) -> None:
    averaged = run(tmp_path, photos, steps=2)
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert names == {"about.json", "log.jsonl", "losses.svg", "samples/00000002.png", "state.safetensors"}
    saved, state = runs.averaged_weights(tmp_path)
    assert state["step"] == 2
    assert all(torch.equal(saved[k], v) for k, v in averaged.state_dict().items())
    settings = Settings.of("tiny", steps=5)
    training.train(settings, photos, tmp_path, data={"photos": 24})
    about = json.loads((tmp_path / runs.ABOUT).read_text())
    assert about["data"] == {"photos": 24}
    assert about["settings"]["seed"] == 1
    assert about["settings"]["options"] == {"error": "squared", "weight_decay": 0.0}
    assert [made["from_step"] for made in about["made_with"]] == [0, 2]
    assert about["made_with"][0]["torch"] == torch.__version__
    assert about["made_with"][0]["threads"] == 1
    assert about["made_with"][0]["software"].startswith("Heirloom ")


def test_samples_show_input_output_and_truth_side_by_side(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos, steps=1)
    strip = np.asarray(Image.open(tmp_path / "samples" / "00000001.png")).astype(int)
    assert strip.shape == (6 * 16, 3 * 16, 3)
    spread = strip.max(axis=2) - strip.min(axis=2)
    assert spread[:, :16].max() <= 1
    assert spread[:, 32:].mean() > 20


def test_the_curves_hold_every_figure_and_stay_small(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos)
    drawn = (tmp_path / "losses.svg").read_text()
    assert [f">{name}<" in drawn for name in ("loss", "norm", "val_loss", "val_explained")] == [True] * 4
    with (tmp_path / runs.LOG).open("a") as log:
        log.writelines(json.dumps({"step": step, "loss": 1 / step}) + "\n" for step in range(11, 20_000))
    assert curves.draw(tmp_path).stat().st_size < 20_000


def test_a_figure_of_one_step_alone_is_seen_in_the_curves() -> None:
    svg = curves.plot({"loss": {"loss": [(1, 3.0), (9, 2.0)], "val_loss": [(5, 2.5)]}})
    assert svg.count("<circle") == 1


def test_a_budget_in_minutes_ends_the_training(tmp_path: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 15))
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    run(tmp_path, photos, steps=None, minutes=6.0, validate_every=250)
    assert 1 < len(logged(tmp_path)) < 10
    assert logged(tmp_path, "progress")[-1] > 0.5
    # However short: it says at its end how good it is on photos that it has not seen.
    assert [entry["step"] for entry in runs.read_log(tmp_path) if "val_loss" in entry] == [len(logged(tmp_path))]


def test_epochs_end_the_training_when_every_photo_came_so_often(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos, steps=None, epochs=2, validate_every=0)
    assert logged(tmp_path, "step")[-1] == 2 * 24 / 4
    assert [entry["step"] for entry in runs.read_log(tmp_path) if "val_loss" in entry] == [6, 12]


def test_a_training_ends_when_validation_does_not_improve_and_gives_its_best(tmp_path: Path, photos: Photos) -> None:
    # A rate far too high: soon nothing improves any more.
    best = run(tmp_path, photos, steps=500, validate_every=1, patience=6, rate=3.0, schedule="constant", averaging=0)
    losses = logged(tmp_path, "val_loss")
    assert len(losses) < 500
    assert min(losses) == losses[-7]
    assert all(torch.equal(v, best.state_dict()[k]) for k, v in runs.averaged_weights(tmp_path)[0].items())
    settings = Settings.of("tiny", steps=1, patience=1)
    with pytest.raises(ValueError, match="photos to validate on"):
        training.train(settings, photos, tmp_path)


def test_who_goes_on_without_patience_gets_what_was_learned_since(tmp_path: Path, photos: Photos) -> None:
    patient = run(tmp_path, photos, steps=4, validate_every=1, patience=50)
    assert runs.averaged_weights(tmp_path)[0].keys() == patient.state_dict().keys()
    longer = run(tmp_path, photos, steps=8, validate_every=1)
    kept, about = runs.averaged_weights(tmp_path)
    assert about["step"] == 8
    assert all(torch.equal(v, longer.state_dict()[k]) for k, v in kept.items())
    assert not torch.equal(kept["decode.weight"], patient.state_dict()["decode.weight"])


def test_who_asks_for_patience_later_gets_the_best_of_what_came_then(tmp_path: Path, photos: Photos) -> None:
    how = {"rate": 3.0, "schedule": "constant", "averaging": 0}
    run(tmp_path, photos, steps=4, validate_every=4, **how)
    best = run(tmp_path, photos, steps=8, validate_every=4, patience=9, **how)
    assert all(torch.equal(v, best.state_dict()[k]) for k, v in runs.averaged_weights(tmp_path)[0].items())
    assert "best.decode.weight" in checkpoint.read_tensors(tmp_path / runs.STATE), "whatever came before"


def test_what_another_network_does_meanwhile_breaks_no_step_off(tmp_path: Path, photos: Photos) -> None:
    other, failed = networks.create("tiny").eval(), list[Exception]()

    def beside() -> None:
        try:
            other(torch.zeros(1, 1, 16, 16))
        except Exception as error:
            failed.append(error)

    def urgent() -> bool:
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
        return True

    run(tmp_path, photos, urgent=urgent)
    assert not failed
    assert logged(tmp_path) == []


def test_a_lost_loss_ends_the_training_before_it_spoils_the_weights(
    tmp_path: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, photos, on_step=lambda r: "pause" if r.step == 2 else "continue")
    monkeypatch.setattr(Regression, "losses", lambda *_: {"loss": torch.tensor(float("nan"))})
    with pytest.raises(FloatingPointError, match="step 3"):
        run(tmp_path, photos)
    weights, about = runs.averaged_weights(tmp_path)
    assert about["step"] == 2
    assert all(v.isfinite().all() for v in weights.values())


def test_other_settings_do_not_go_on_with_a_state_but_the_end_may_move(tmp_path: Path, photos: Photos) -> None:
    run(tmp_path, photos, steps=1)
    with pytest.raises(ValueError, match="other settings"):
        run(tmp_path, photos, steps=1, rate=0.5)
    with pytest.raises(ValueError, match="other settings"):
        run(tmp_path, photos, steps=1, error="absolute")
    run(tmp_path, photos, steps=3)
    assert logged(tmp_path, "step") == [1, 2, 3]


def test_a_setting_that_is_younger_than_a_run_had_its_default_in_it() -> None:
    settings = Settings.of("lite", steps=1)
    saved = asdict(settings)
    del saved["cut_mix"], saved["options"]["freeze_norms"]
    assert settings.same_course(saved)
    assert not Settings.of("lite", steps=1, freeze_norms=False).same_course(saved)


def test_a_training_can_start_from_weights(tmp_path: Path, photos: Photos) -> None:
    first = run(tmp_path / "first", photos, "lite", steps=1, crop=32, batch=2)
    first.get_buffer("balance").fill_(0.3)
    first.get_buffer("log_frequency").fill_(-1.0)
    settings = Settings.of("lite", steps=1, crop=32, batch=2, rate=0.0, weight_decay=0.0)
    second = training.train(settings, photos, tmp_path / "second", initial=first.state_dict())
    for (name, a), b in zip(first.named_parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b), name
    assert second.get_buffer("balance") == 0
    assert second.get_buffer("log_frequency").min() < -5


def test_settings_that_make_no_sense_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="steps, epochs or minutes"):
        Settings.of("lite")
    with pytest.raises(ValueError, match=r"no setting rebalence; it has .*rebalance"):
        Settings.of("lite", steps=1, rebalence=0.5)
    with pytest.raises(ValueError, match="schedule must be cosine or plateau or constant"):
        Settings.of("lite", steps=1, schedule="linear")
    with pytest.raises(ValueError, match="rate must be a number, not 'fast'"):
        Settings.of("lite", steps=1, rate="fast")
    with pytest.raises(ValueError, match="mix must be true or false, not 1"):
        Settings.of("lite", steps=1, mix=1)
    with pytest.raises(ValueError, match="batch must be a number, not True"):
        Settings.of("lite", steps=1, batch=True)
    with pytest.raises(ValueError, match="1 or more"):
        Settings.of("lite", steps=1, batch=0)


def test_a_view_that_does_not_fit_the_network_is_refused_in_a_sentence(tmp_path: Path, photos: Photos) -> None:
    with pytest.raises(ValueError, match="crop 18 is no multiple of tiny's 4"):
        run(tmp_path, photos, crop=18)


def test_a_networks_own_defaults_stand_over_ours_and_under_what_is_given() -> None:
    assert Settings.of("tiny", steps=1).crop == 16
    assert Settings.of("tiny", steps=1, crop=32).crop == 32
    assert Settings.of("tiny", steps=1).averaging == 0.999


def test_the_rate_warms_up_and_falls_to_nought() -> None:
    schedule = Schedule(Settings.of("lite", steps=1, warm_up=10), photos=1)
    assert schedule.factor(0, 0.0) == pytest.approx(0.1)
    assert schedule.factor(9, 0.0) == pytest.approx(1)
    assert schedule.factor(99, 0.5) == pytest.approx(0.5)
    assert schedule.factor(99, 1.0) == pytest.approx(0)


def test_the_rate_falls_to_a_tenth_on_each_plateau() -> None:
    schedule = Schedule(Settings.of("tiny", steps=1, warm_up=0, schedule="plateau", plateau=2), photos=1)
    factors = []
    for loss in (5, 4, 4, 4, 4, 3, 3, 3):
        schedule.hear(loss)
        factors.append(schedule.factor(0, 0.9))
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01])


def test_a_sweep_rises_on_a_log_scale_and_leaves_a_training_alone(tmp_path: Path, photos: Photos) -> None:
    sweep = find_rate(Settings.of("tiny", steps=1), photos, tmp_path, lowest=1e-4, highest=10, steps=40)
    ratios = np.diff(np.log(sweep.rates))
    assert ratios == pytest.approx(np.full(len(ratios), math.log(1e5) / 39))
    assert sweep.rates[0] < sweep.rate < sweep.rates[-1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rates.json", "rates.svg"]


def test_the_rate_to_take_is_where_the_loss_falls_fastest() -> None:
    rates = [10.0**i for i in range(-6, 0)]
    assert steepest(rates, [1.0, 1.0, 0.9, 0.4, 0.5, 2.0]) == 1e-4
    with pytest.raises(ValueError, match="too soon"):
        steepest([0.1, 1.0], [1.0, 5.0])
