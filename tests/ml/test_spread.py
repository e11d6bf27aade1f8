"""A training on several processes, started and heard from within a program."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml import runs, spread
from ml.settings import Settings
from ml.training import Report, Verdict

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.long]
STEPS = 4


def kept(folder: Path) -> Path:
    """Six photos of noise in a file, that no share of a batch has alike."""
    rng = np.random.default_rng(0)
    planes = [(rng.integers(0, 64, (40, 48, 3)) + 30 * i).astype(np.uint8) for i in range(6)]
    index = folder / "photos.json"
    index.write_text(json.dumps([[plane.shape[:2], "portrait"] for plane in planes]))
    index.with_suffix(".bin").write_bytes(b"".join(plane.tobytes() for plane in planes))
    return index


def test_an_answer_that_a_dead_process_never_read_hides_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.wait()
    assert process.stdin
    process.stdin.write("continue\n")
    spread._end(process)
    assert process.stdin.closed


@pytest.fixture
def lesson_of(tmp_path: Path) -> Callable[..., spread.Lesson]:
    """For a run in a folder of this name, of a network that the site offers."""

    def make(name: str, **given: Any) -> spread.Lesson:
        photos = kept(tmp_path)
        said = {"steps": STEPS, "crop": 32, "batch": 4, "validate_every": 2, "warm_up": 1} | given
        (tmp_path / name).mkdir(exist_ok=True)
        return spread.Lesson(Settings.of("autoencoder", **said), photos, photos, tmp_path / name, {}, {"photos": 6})

    return make


def learn(lesson: spread.Lesson, devices: int, verdicts: dict[int, Verdict] | None = None) -> list[int]:
    """The steps that were told of; ``verdicts`` by step."""
    told: list[int] = []

    def on_step(report: Report) -> Verdict:
        told.append(report.step)
        return (verdicts or {}).get(report.step, "continue")

    between = lesson.folder.parent / f"between-{devices}-{lesson.folder.name}-{verdicts is None}"
    between.mkdir()
    spread.carry_out(lesson, devices, on_step, None, between)
    return told


def test_two_processes_learn_what_one_would_though_they_paused_between(
    lesson_of: Callable[..., spread.Lesson],
) -> None:
    one, two = lesson_of("one"), lesson_of("two")
    assert learn(one, 1) == [1, 2, 3, 4]
    assert learn(two, 2, {2: "pause"}) == [1, 2]
    assert learn(two, 2) == [3, 4]
    for alone, shared in zip(runs.read_log(one.folder), runs.read_log(two.folder), strict=True):
        said = {name: alone[name] for name in ("loss", "val_loss") if name in alone}
        assert {name: shared[name] for name in said} == pytest.approx(said, rel=1e-4)
    assert [made["processes"] for made in json.loads((two.folder / runs.ABOUT).read_text())["made_with"]] == [2, 2]
    shared_weights = runs.averaged_weights(two.folder)[0]
    for name, value in runs.averaged_weights(one.folder)[0].items():
        # Adam moves a weight with next to no gradient by the sign of rounding: a few part, all together do not.
        apart = torch.linalg.vector_norm((shared_weights[name] - value).float())
        assert apart <= 0.01 * one.settings.rate * value.numel() ** 0.5, name


def test_what_ends_them_is_raised_here_and_none_is_left(lesson_of: Callable[..., spread.Lesson]) -> None:
    lesson = lesson_of("bad")
    with pytest.raises(ValueError, match="no multiple"):
        learn(replace(lesson, settings=replace(lesson.settings, crop=33)), 2)

    class Enough(Exception):
        pass

    def on_step(report: Report) -> Verdict:
        raise Enough

    between = lesson.folder / "between"
    between.mkdir()
    with pytest.raises(Enough):
        spread.carry_out(lesson, 2, on_step, None, between)
    assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if str(between).encode() in _read(each)]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
