"""A training on several devices from within a program: torchrun's processes learn, and the program hears of every step.

What is to be learned is a `Lesson`. On one device it is carried out here; on several it is written into a folder, and
torchrun starts a process a device (`python -m ml.spread FOLDER`), each of which carries it out. Their first one says
every step in a line of its standard output, and reads in a line of its standard input what comes then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from lightning_fabric import Fabric
from torch import Tensor

from ml.checkpoint import CheckpointError, read_tensors, write_json, write_tensors
from ml.devices import fabric_of
from ml.sampler import Photos
from ml.settings import Settings
from ml.training import Report, Verdict, train

OnStep = Callable[[Report], Verdict]
_PLAN = "plan.json"
_MARK = "step "
_TOLD: tuple[type[Exception], ...] = (FloatingPointError, CheckpointError, ValueError, OSError)
"""What a process tells of its end, and is raised here."""
_ENDING = 30.0
"""Seconds in which torchrun ends its processes where it was told to."""


@dataclass(frozen=True)
class Lesson:
    """All that `ml.training.train` is to be given but the callback.

    Attributes:
        photos, validation: indexes of photos that `read_photos` reads.
        folder: the run's.
        start: "initial" or "encoder", and its tensors; or nothing.
        data: what the run is to say of its photos.
    """

    settings: Settings
    photos: Path
    validation: Path
    folder: Path
    start: Mapping[str, Mapping[str, Tensor]]
    data: Mapping[str, Any]

    def carry_out(self, fabric: Fabric, on_step: OnStep, urgent: Callable[[], bool] | None = None) -> None:
        """Raises what :func:`ml.training.train` raises."""
        train(
            self.settings,
            read_photos(self.photos),
            self.folder,
            validation=read_photos(self.validation),
            data=self.data,
            fabric=fabric,
            on_step=on_step,
            urgent=urgent,
            **cast(Any, self.start),
        )

    def write(self, folder: Path) -> None:
        """For `read`, in another process."""
        for name, tensors in self.start.items():
            write_tensors(folder / f"{name}.safetensors", dict(tensors))
        paths = {name: str(getattr(self, name)) for name in ("photos", "validation", "folder")}
        plan = {"settings": asdict(self.settings), "data": dict(self.data), "start": list(self.start), **paths}
        write_json(folder / _PLAN, plan)

    @classmethod
    def read(cls, folder: Path) -> Lesson:
        """What `write` wrote."""
        plan = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
        paths = {name: Path(plan[name]) for name in ("photos", "validation", "folder")}
        start = {name: read_tensors(folder / f"{name}.safetensors") for name in plan["start"]}
        return cls(Settings(**plan["settings"]), start=start, data=plan["data"], **paths)


def read_photos(index: Path) -> Photos:
    """Photos out of a file beside ``index``, which says their shapes and categories; their memory is the file's.

    ``index`` is JSON, ``[[[height, width], category], ...]``; the file has its name, ends in ".bin" and holds the
    planes one after the other.
    """
    shapes, categories = zip(*json.loads(index.read_text(encoding="utf-8")), strict=True)
    sizes = [height * width * 3 for height, width in shapes]
    flat = np.memmap(index.with_suffix(".bin"), np.uint8, "r")
    ends = np.cumsum(sizes)
    planes = [flat[end - size : end].reshape(*shape, 3) for end, size, shape in zip(ends, sizes, shapes, strict=True)]
    return Photos(planes, categories)


def carry_out(lesson: Lesson, devices: int, on_step: OnStep, urgent: Callable[[], bool] | None, folder: Path) -> None:
    """Learn on so many devices of this machine: GPUs where there are any, else processes of the processor.

    Args:
        on_step: as :func:`ml.training.train` has it, and called in this process. Where it raises, all ends at once,
            and what was not saved is lost.
        urgent: as :func:`ml.training.train` has it. On several devices it is not asked: they end their step.
        folder: an empty one for what the processes need to know.

    Raises:
        FloatingPointError, ValueError, OSError: as one of the processes did.
        RuntimeError: they ended otherwise before the training did.
    """
    if devices == 1:
        lesson.carry_out(fabric_of(lesson.settings, "auto"), on_step, urgent)
        return
    lesson.write(folder)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(devices)]
    process = subprocess.Popen(
        [*torchrun, "--module", "ml.spread", str(folder), str(devices)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        # A signal for the group of this process is not for them: they end where this one says so, or is no more.
        start_new_session=True,
    )
    try:
        _converse(process, on_step)
    finally:
        _end(process)
    if process.returncode:
        _raise_as(folder)


def _converse(process: subprocess.Popen[str], on_step: OnStep) -> None:
    says, hears = cast(IO[str], process.stdout), cast(IO[str], process.stdin)
    for line in says:
        if line.startswith(_MARK):
            verdict = on_step(Report(**json.loads(line.removeprefix(_MARK))))
            try:
                hears.write(f"{verdict}\n")
                hears.flush()
            except BrokenPipeError:
                break  # it has died, and says why in a file
    process.wait()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(BrokenPipeError):  # a verdict that a dead process never read
            cast(IO[str], pipe).close()


def _raise_as(folder: Path) -> None:
    """Raise what the first of the processes has told of its end."""
    for file in sorted(folder.glob("error-*.json")):
        said = json.loads(file.read_text(encoding="utf-8"))
        kind: type[Exception] = next((kind for kind in _TOLD if kind.__name__ == said["kind"]), RuntimeError)
        raise kind(said["text"])
    raise RuntimeError("one of the processes of a training died without a word")


def _main(folder: Path, devices: int) -> None:
    """One of torchrun's processes."""
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what anything else prints is for the log

    def ask(report: Report) -> Verdict:
        print(_MARK + json.dumps(asdict(report)), file=said, flush=True)
        verdict = sys.stdin.readline().strip()
        if not verdict:
            raise RuntimeError("nobody is there any more to say what comes next")
        return cast(Verdict, verdict)

    try:
        lesson = Lesson.read(folder)
        lesson.carry_out(fabric_of(lesson.settings, "auto", devices), ask)
    except Exception as error:
        kind = next((kind.__name__ for kind in _TOLD if isinstance(error, kind)), "")
        told = {"kind": kind, "text": str(error) if kind else traceback.format_exc()[-4000:]}
        write_json(folder / f"error-{os.environ['RANK']}.json", told)
        raise


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
