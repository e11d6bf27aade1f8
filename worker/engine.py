"""The live model: loaded once in a worker's child, kept warm, and swapped where another version is made live."""

import logging
import math
import os
import shutil
import tempfile
import threading
import time
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from colorizer import storage
from colorizer.models import ModelVersion, WorkerState
from colorizer.selectors import versions
from colorizer.services import promotion
from ml import networks, pace
from ml.checkpoint import CheckpointError, read_card, shipped
from ml.fetch import encoder_path
from ml.method import DEFAULT_MODEL, LearnedMethod, load_method
from ml.settings import Settings

from . import canary, queues
from .weights import local_weights

logger = logging.getLogger(__name__)
FORGOTTEN_SECONDS = 86_400
TRY_AGAIN = 10.0
"""Seconds until weights are fetched again that could not be: the storage may have been away."""


@dataclass(frozen=True)
class Live:
    version: ModelVersion
    method: LearnedMethod
    seconds: float
    """What the canary took: the first guess of what a photo takes."""

    @cached_property
    def colourfulness(self) -> float:
        """Of the sample photos. Not before it is asked for: a worker that starts has photos waiting."""
        return canary.colour_samples(self.method)


@dataclass(frozen=True)
class Refusal:
    """A version that was put into service, but not taken into use here."""

    version: ModelVersion
    reason: str
    """A code that pages have words for."""
    detail: str
    until: float
    """On the monotonic clock: what may pass is tried again then."""

    @classmethod
    def of(cls, version: ModelVersion, error: Exception) -> "Refusal":
        if isinstance(error, canary.CanaryFailed | CheckpointError):
            return cls(version, error.reason, str(error), math.inf)
        reason = "missing" if isinstance(error, FileNotFoundError) else "broke_off"
        return cls(version, reason, f"{type(error).__name__}: {error}", time.monotonic() + TRY_AGAIN)

    def stands_for(self, version: ModelVersion) -> bool:
        return self.version == version and time.monotonic() < self.until


_live: Live | None = None
_refused: Refusal | None = None
_worker = ""
_started = timezone.now()
_loading = threading.Lock()


def start(*, worker: str) -> None:
    """Get a fresh child ready: an empty work folder, the threads, the live model warm, and its row for the web."""
    global _worker, _started
    _worker, _started = worker, timezone.now()
    _own_work_folder(worker)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    _register_shipped()
    _start_from(_live_version())


def live() -> Live:
    """The live model, loaded. Where a new one does not load or fails the canary, the old one stays.

    May be called from any thread: one loads, beside the model at work, and the others have the new one, too.
    """
    with _loading:
        version = _live_version()
        if _live is None:
            return _start_from(version)
        if _live.version != version and not (_refused and _refused.stands_for(version)):
            return _change_to(version)
        if _live.version == version and _refused:
            return _settle(_live, None)
        return _live


def _start_from(version: ModelVersion) -> Live:
    """Load the first model: the live one, held against the one before it, as when it was put into service.

    Where it is not fit for use, photos are coloured by what came before it.
    """
    earlier = versions.before(version)
    if earlier is not None:
        try:
            _settle(_load(earlier, None), None)
        except Exception:
            logger.exception("The model %s, live before, does not load.", earlier)
    try:
        return _change_to(version)
    except Exception as error:
        shipped = ModelVersion.objects.filter(origin=ModelVersion.Origin.SHIPPED).latest("created_at")
        if shipped == version:
            raise
        return _settle(_load(shipped, None), Refusal.of(version, error))


def _change_to(version: ModelVersion) -> Live:
    """Put `version` in the place of the model at work, if it is fit for it. Raises where there is none at work."""
    try:
        loaded = _load(version, _live)
    except Exception as error:
        if _live is None:
            raise
        logger.exception("The model %s is not fit for use; %s stays.", version, _live.version)
        return _settle(_live, Refusal.of(version, error))
    return _settle(loaded, None)


def _settle(live: Live, refused: Refusal | None) -> Live:
    global _live, _refused
    _live, _refused = live, refused
    announce()
    return live


def _live_version() -> ModelVersion:
    """The live version. Where there is none, the shipped one becomes it; several workers may start at once."""
    if (version := versions.live()) is None:
        _register_shipped()
        version = ModelVersion.objects.get(state=ModelVersion.State.LIVE)
    return version


def _register_shipped() -> None:
    """Make the shipped weights known. New ones take the place of older shipped ones, never of a model trained here."""
    weights = shipped()[DEFAULT_MODEL]
    card = read_card(weights)
    key = storage.weights_key(card["sha256"])
    described = {"name": card["name"], "architecture": card["architecture"]["network"], "card": card}
    try:
        if not storage.models().exists(key):  # a new version's, or lost
            storage.put(storage.models(), key, weights)
        promotion.introduce(sha256=card["sha256"], **described)
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


def _load(version: ModelVersion, beside: Live | None) -> Live:
    """Load a version, and try it: against the one at work, where there is one."""
    with local_weights(version) as weights:
        method = load_method(weights)
    loaded = Live(version, method, canary.go_whole_way(method))
    if beside is not None:
        canary.hold_against(loaded.colourfulness, beside.colourfulness)
    return loaded


def announce() -> None:
    """Tell the web, which cannot ask, what runs here; nothing yet while the first model loads."""
    if (live := _live) is None:
        return
    refused = _refused
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    WorkerState.objects.update_or_create(
        name=_worker,
        defaults={
            "device": torch.cuda.get_device_name() if live.method.device.type == "cuda" else "cpu",
            "version": project["version"],
            "weights_sha256": live.version.sha256,
            "trains": _trains() if "train" in queues.taken() else [],
            "networks": [{"name": live.method.name, "seconds": round(live.seconds, 2)}],
            "live_version": live.version,
            "refused_version": refused.version if refused else None,
            "refusal": f"{refused.reason}: {refused.detail}" if refused else "",
            "started_at": _started,
            "heartbeat_at": timezone.now(),
        },
    )
    logger.info("%s is ready on %s: the canary took %.2f s.", live.method.name, live.method.device, live.seconds)


@cache
def _probe() -> float:
    """Once in a worker's life, see `ml.pace`."""
    return pace.probe(_live.method.device if _live else None)


def _trains() -> list[dict[str, Any]]:
    """The networks that can be taught here, with the defaults of their settings, and how many views a second they may
    learn from (None where nobody has timed one)."""
    found = []
    for name in networks.names():
        usual, encoder = Settings.of(name, minutes=1), networks.find(name).pretrained
        offer = {key: getattr(usual, key) for key in ("batch", "crop", "rate", "augment")}
        has_encoder = not encoder or encoder_path(encoder).is_file()
        offer["pace"] = pace.rough_pace(name, _probe())
        found.append({"name": name, **offer, "encoder": encoder, "has_encoder": has_encoder})
    return found
