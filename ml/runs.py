"""A run's folder: ``state.safetensors``, ``log.jsonl``.

The state is everything that a resume needs, and the averaged weights, which are the result, in one file that is
replaced as a whole.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ml.checkpoint import read_about, read_tensors, write_tensors
from ml.objectives import Objective, part
from ml.settings import Settings

STATE = "state.safetensors"
LOG = "log.jsonl"


def save(folder: Path, settings: Settings, objective: Objective, averaged: nn.Module, progress: dict[str, Any]) -> None:
    """Write the state. ``progress``: what the loop itself remembers, as JSON: step, elapsed seconds."""
    tensors = objective.state_dict() | {f"averaged.{k}": v for k, v in averaged.state_dict().items()}
    write_tensors(folder / STATE, tensors, {**progress, "settings": asdict(settings)})


def restore(folder: Path, settings: Settings, objective: Objective, averaged: nn.Module) -> dict[str, Any] | None:
    """Take over the state and return its progress; None where the folder holds none.

    Drops what the log tells of after it: those steps are about to be made again. Raises ValueError where the
    state belongs to other settings.
    """
    if not (folder / STATE).is_file():
        return None
    about = read_about(folder / STATE)
    if about.pop("settings") != asdict(settings):
        raise ValueError(f"{folder} holds a training with other settings; give it a folder of its own")
    tensors = read_tensors(folder / STATE)
    objective.load_state_dict(tensors)
    averaged.load_state_dict(part(tensors, "averaged."))
    _rewind(folder / LOG, about["step"])
    return about


def averaged_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The result so far of the training in ``folder``: averaged weights, and its step, elapsed seconds and settings.

    Raises FileNotFoundError where nothing was saved yet.
    """
    about = read_about(folder / STATE)
    return part(read_tensors(folder / STATE), "averaged."), about


def _rewind(log: Path, step: int) -> None:
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.is_file() else []
    log.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")
