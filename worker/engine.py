"""The live model: loaded once in a worker's child, kept warm, and swapped where another version is made live."""

import logging
import os
import shutil
import tempfile
import time
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvips
import torch
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from colorizer import storage
from colorizer.models import ModelVersion, WorkerState
from ml import networks
from ml.checkpoint import read_card, shipped
from ml.fetch import encoder_path
from ml.method import DEFAULT_MODEL, LearnedMethod, load_method
from ml.pipeline import colorize_file
from ml.settings import Settings

from . import queues
from .weights import local_weights

logger = logging.getLogger(__name__)
CANARY_SIZE = (1600, 1200)
FORGOTTEN_SECONDS = 86_400
L_KEPT = 1.0
"""How far the mean L* of the canary may move; 8-bit rounding alone moves it by less than 0.1."""


class CanaryFailed(Exception):
    """A model that must not be put before a family."""


@dataclass(frozen=True)
class Live:
    version: ModelVersion
    method: LearnedMethod
    seconds: float
    """What the canary took: the first guess of what a photo takes."""


_live: Live | None = None
_refused: ModelVersion | None = None
_worker = ""


def start(*, worker: str) -> None:
    """Get a fresh child ready: an empty work folder, the threads, the live model warm, and its row for the web."""
    global _worker
    _worker = worker
    _own_work_folder(worker)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    _register_shipped()
    live()


def live() -> Live:
    """The live model, loaded. Where a new one does not load or fails the canary, the old one stays."""
    global _live, _refused
    version = _live_version()
    if _live and version in (_live.version, _refused):
        return _live
    try:
        _live = _load(version)
    except Exception:
        if _live is None:
            raise
        _refused = version
        logger.exception("The model %s is not fit for use; %s stays.", version, _live.version)
    else:
        announce()
    return _live


def _live_version() -> ModelVersion:
    """The live version. Where there is none, the shipped one becomes it; several workers may start at once."""
    try:
        return ModelVersion.objects.get(state=ModelVersion.State.LIVE)
    except ModelVersion.DoesNotExist:
        _register_shipped()
        return ModelVersion.objects.get(state=ModelVersion.State.LIVE)


def _register_shipped() -> None:
    """Make the shipped weights known. New ones take the place of older shipped ones, never of a model trained here."""
    weights = shipped()[DEFAULT_MODEL]
    card = read_card(weights)
    key = storage.weights_key(card["sha256"])
    is_known = ModelVersion.objects.filter(sha256=card["sha256"]).exists()
    described = {"name": card["name"], "architecture": card["architecture"]["network"], "card": card}
    live = ModelVersion.objects.filter(state=ModelVersion.State.LIVE)
    try:
        if not storage.models().exists(key):  # a new version's, or lost
            storage.put(storage.models(), key, weights)
        if is_known:
            return
        with transaction.atomic():
            live.filter(origin=ModelVersion.Origin.SHIPPED).update(state=ModelVersion.State.RETIRED)
            state = ModelVersion.State.CANDIDATE if live.exists() else ModelVersion.State.LIVE
            ModelVersion.objects.create(
                sha256=card["sha256"], state=state, origin=ModelVersion.Origin.SHIPPED, **described
            )
    except (FileExistsError, IntegrityError):
        logger.info("Another worker registered the shipped model first.")


def _own_work_folder(worker: str) -> None:
    """Temporary files go where a child that was killed leaves them to be removed by the next."""
    folder = settings.DATA / "work" / worker
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    _remove_forgotten_folders(folder.parent)


def _remove_forgotten_folders(work: Path) -> None:
    """A container that is made anew has another name, and does not come back to what the former one left."""
    known = set(WorkerState.objects.values_list("name", flat=True))
    for folder in work.glob("*@*"):
        with suppress(FileNotFoundError):  # another worker may be clearing up, too
            if folder.name not in known and time.time() - folder.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _load(version: ModelVersion) -> Live:
    with local_weights(version) as weights:
        method = load_method(weights)
        return Live(version, method, _canary(method, weights.parent))


def _canary(method: LearnedMethod, folder: Path) -> float:
    """Colour one photo that holds every lightness; the seconds it took. Raises CanaryFailed."""
    shades = pyvips.Image.grey(*CANARY_SIZE) * 255
    grey = (
        (shades + pyvips.Image.gaussnoise(*CANARY_SIZE, sigma=12).gaussblur(2)).cast("uchar").copy(interpretation="b-w")
    )
    grey.jpegsave(str(folder / "grey.jpg"), Q=95)
    began = time.monotonic()
    field = colorize_file(folder / "grey.jpg", folder / "colour.jpg", method).field
    seconds = time.monotonic() - began
    if not torch.from_numpy(field.ab).isfinite().all():
        raise CanaryFailed("It gives colours that are no numbers.")
    before, after = (_mean_lightness(folder / name) for name in ("grey.jpg", "colour.jpg"))
    if abs(before - after) > L_KEPT:
        raise CanaryFailed(f"It moves the mean lightness from {before:.2f} to {after:.2f}.")
    return seconds


def _mean_lightness(path: Path) -> float:
    picture = pyvips.Image.new_from_file(str(path), access="sequential")
    return float(picture.colourspace("lab")[0].avg())


def announce() -> None:
    """Tell the web, which cannot ask, what runs here; nothing yet while the first model loads."""
    if (live := _live) is None:
        return
    now = timezone.now()
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    WorkerState.objects.update_or_create(
        name=_worker,
        defaults={
            "device": torch.cuda.get_device_name() if live.method.device.type == "cuda" else "cpu",
            "version": project["version"],
            "weights_sha256": live.version.sha256,
            "trains": _trains() if "train" in queues.taken() else [],
            "networks": [{"name": live.method.name, "seconds": round(live.seconds, 2)}],
            "started_at": now,
            "heartbeat_at": now,
        },
    )
    logger.info("%s is ready on %s: the canary took %.2f s.", live.method.name, live.method.device, live.seconds)


def _trains() -> list[dict[str, Any]]:
    """The networks that can be taught here, with the defaults of their settings."""
    found = []
    for name in networks.names():
        usual, encoder = Settings.of(name, minutes=1), networks.find(name).pretrained
        offer = {key: getattr(usual, key) for key in ("batch", "crop", "rate", "augment")}
        has_encoder = not encoder or encoder_path(encoder).is_file()
        found.append({"name": name, **offer, "encoder": encoder, "has_encoder": has_encoder})
    return found
