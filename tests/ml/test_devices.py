"""One training on several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ml import runs
from ml.devices import fabric_of
from ml.settings import Settings
from tests.ml import shared_run

pytestmark = [pytest.mark.usefixtures("one_thread", "tiny"), pytest.mark.long]


def test_two_processes_make_the_steps_that_one_would(tmp_path: Path) -> None:
    shared_run.train(tmp_path / "one", processes=1)
    done = subprocess.run(
        [sys.executable, "-m", "tests.ml.shared_run", str(tmp_path / "two")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one, two = (runs.read_log(tmp_path / name) for name in ("one", "two"))
    # The first process is asked after each step, and its word ends all.
    assert [entry["step"] for entry in two] == [1, 2, 3]
    for alone, shared in zip(one, two, strict=True):
        said = {name: alone[name] for name in ("loss", "norm", "val_loss") if name in alone}
        assert {name: shared[name] for name in said} == pytest.approx(said, rel=1e-4)
    (made,) = json.loads((tmp_path / "two" / runs.ABOUT).read_text())["made_with"]
    assert made["processes"] == 2
    for name, value in runs.averaged_weights(tmp_path / "one")[0].items():
        torch.testing.assert_close(runs.averaged_weights(tmp_path / "two")[0][name], value, rtol=1e-4, atol=1e-5)


def test_a_mixed_precision_takes_lightness_and_pins_whole() -> None:
    fabric = fabric_of(Settings.of("lite", steps=1, precision="bf16-mixed"))
    heard = fabric.setup_module(Heard())
    fine = torch.tensor([[50.03125]])
    heard(fine)
    assert torch.equal(heard.input, fine)
    assert heard.output.dtype == torch.bfloat16


class Heard(nn.Linear):
    """Keeps what it was given and what it made of it."""

    def __init__(self) -> None:
        super().__init__(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        self.input, self.output = x, super().forward(x)
        return self.output


def test_more_gpus_than_there_are_are_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="there are 1 CUDA devices that torch could use, not 4"):
        fabric_of(Settings.of("lite", steps=1), "cuda", 4)
