"""A run's folder: ``about.json``, ``state.safetensors``, ``log.jsonl``, ``losses.svg`` and ``samples``.

The state is everything that a resume needs, and the result so far, in one file that is replaced as a whole.
``about.json`` says with what code, data, seed and settings the run was made, a line for each time it was taken up.
"""

from __future__ import annotations

import json
import math
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ml import software
from ml.checkpoint import read_about, read_tensors, write_json, write_tensors
from ml.objectives import Objective, part
from ml.schedule import Schedule
from ml.settings import Settings

STATE = "state.safetensors"
LOG = "log.jsonl"
ABOUT = "about.json"


@dataclass
class Run:
    """All that changes while a network is trained, and the folder that keeps it.

    ``elapsed``, ``drawn``: seconds of learning so far, and when the last samples were drawn. ``best``: the averaged
    weights of the best validation, where the run is to end with those.
    """

    folder: Path
    settings: Settings
    objective: Objective
    averaged: nn.Module
    schedule: Schedule
    step: int = 0
    elapsed: float = 0.0
    drawn: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)

    def save(self) -> None:
        """Write the state."""
        tensors = self.objective.state_dict()
        tensors |= {f"averaged.{k}": v for k, v in self.averaged.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        about = {
            "step": self.step,
            "elapsed": round(self.elapsed, 1),
            "done": self.schedule.done(self.step, self.elapsed),
            "drawn": round(self.drawn, 1),
            "schedule": self.schedule.state(),
            "settings": asdict(self.settings),
        }
        write_tensors(self.folder / STATE, tensors, about)

    def restore(self) -> None:
        """Take over the folder's state, where it holds one.

        Raises ValueError where it belongs to other settings.
        """
        if not (self.folder / STATE).is_file():
            return
        about = read_about(self.folder / STATE)
        if not self.settings.same_course(about["settings"]):
            raise ValueError(f"{self.folder} holds a training with other settings; give it a folder of its own")
        tensors = read_tensors(self.folder / STATE)
        self.objective.load_state_dict(tensors)
        self.averaged.load_state_dict(part(tensors, "averaged."))
        self.best = part(tensors, "best.") if self.settings.patience else {}
        self.step, self.elapsed, self.drawn = about["step"], about["elapsed"], about.get("drawn", 0.0)
        self.schedule.load(about.get("schedule", {}))
        if self.settings.patience and not self.best:
            # It was not asked for before: the best of what is to come counts.
            self.schedule.best = math.inf

    def rewind_log(self) -> None:
        """Drop what the log tells of after the state: those steps are about to be made again."""
        entries = [entry for entry in read_log(self.folder) if entry["step"] <= self.step]
        lines = "".join(json.dumps(entry) + "\n" for entry in entries)
        (self.folder / LOG).write_text(lines, encoding="utf-8")

    def sign(self, data: Mapping[str, Any], processes: int, device: str) -> None:
        """Write down with what this run is made, from this step on."""
        file = self.folder / ABOUT
        earlier = json.loads(file.read_text(encoding="utf-8"))["made_with"] if file.is_file() else []
        now = {"from_step": self.step, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        with_what = {**code(), "device": device, "processes": processes, "threads": torch.get_num_threads()}
        about = {"settings": asdict(self.settings), "data": dict(data), "made_with": [*earlier, {**now, **with_what}]}
        write_json(file, about)


def check_data(folder: Path, data: Mapping[str, Any]) -> None:
    """Raise ValueError where a folder's training learns from other photos than ``data`` says, or began otherwise."""
    file = folder / ABOUT
    if not (folder / STATE).is_file() or not file.is_file():
        return
    then = json.loads(file.read_text(encoding="utf-8"))["data"]
    for name, what in (("index_sha256", "on other photos"), ("started_from", "from another start")):
        if name in then and then[name] != data.get(name):
            raise ValueError(f"{folder} holds a training {what}; give it a folder of its own")


def code() -> dict[str, str]:
    """Which code runs: our version, the commit where the code lies in a git repository, torch's and Python's."""
    here = Path(__file__).parent

    def git(*command: str) -> str:
        try:
            done = subprocess.run(["git", *command], cwd=here, capture_output=True, text=True, check=False)  # noqa: S607
        except OSError:
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "HEAD") + (" with changes" if git("status", "--porcelain", "--", ".") else "")
    versions = {"torch": str(torch.__version__), "python": platform.python_version()}
    return {"software": software(), **({"commit": commit} if commit else {}), **versions}


def read_log(folder: Path) -> list[dict[str, Any]]:
    """A run's log, an entry a step; of a line that was cut off by a kill nothing is left."""
    file = folder / LOG
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def averaged_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The result so far of the training in ``folder``: averaged weights, and what its state says beside the tensors.

    Those of the best validation, where the run ends with those. Raises FileNotFoundError where nothing was saved yet.
    """
    about = read_about(folder / STATE)
    tensors = read_tensors(folder / STATE)
    return part(tensors, "best.") or part(tensors, "averaged."), about
