"""Trains the tiny network on two CPU processes: `python -m tests.ml.shared_run FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import networks, training
from ml.devices import fabric_of
from ml.sampler import Photos
from ml.settings import Settings
from tests.ml.tiny import Tiny


class Certain(Tiny):
    """Without dropout, which falls otherwise in each process."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout.p = 0.0


def train(folder: Path, processes: int) -> None:
    """Train on six photos of noise that no share of a batch has alike, and tell after every step."""
    networks._registry["tiny"] = Certain
    rng = np.random.default_rng(0)
    planes = [(rng.integers(0, 64, (24, 24, 3)) + 30 * i).astype(np.uint8) for i in range(6)]
    settings = Settings.of("tiny", steps=4, validate_every=2, rate=0.05, schedule="plateau", plateau=1, patience=9)
    photos = Photos(planes, ["portrait"] * 6)
    asked: list[Any] = []
    fabric = fabric_of(settings, devices=processes)
    torch.set_num_threads(1)
    training.train(
        settings,
        photos,
        folder,
        validation=photos,
        fabric=fabric,
        on_step=lambda report: "stop" if asked.append(report.step) or len(asked) == 3 else "continue",
    )


if __name__ == "__main__":
    train(Path(sys.argv[1]), processes=2)
