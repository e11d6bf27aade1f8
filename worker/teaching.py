"""What `train` does: one slice of a training, from the state that the one before left to a state for the next."""

import gc
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from django.conf import settings

from colorizer import storage
from colorizer.models import FrozenItem, Split, Training
from colorizer.selectors import datasets
from colorizer.selectors import trainings as selectors
from colorizer.services import training as service
from ml import checkpoint, networks, spread
from ml.data import PhotoRow, evenly
from ml.export import RANDOM, ancestor, describe_data, export
from ml.fetch import encoder_path, origin_of
from ml.runs import ABOUT, STATE
from ml.settings import Settings

from . import calibrating, planes
from .guard import Guard
from .lease import Cancelled, Failed, Held, Lost, Stopping
from .lesson import Lesson
from .patience import patiently
from .queues import photos_wait
from .weights import local_weights

HELD_OUT = 10
"""Where a version has no validation photos, one in so many is kept for it."""
CALIBRATED_ON = 24
LOADING, CALIBRATING = "loading", "calibrating"
OF_THE_SITE = ("photos",)
"""Settings that are not `ml`'s."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pupils:
    """Who is learned from, and who is held out."""

    train: list[FrozenItem]
    val: list[FrozenItem]


def teach(training: Training, held: Held) -> None:
    if photos_wait():
        raise Stopping
    began = time.monotonic()
    gc.freeze()  # what is here before need not be looked through for what the slice leaves behind
    try:
        with _photos_for_the_next_slice(training), TemporaryDirectory() as folder:
            _slice(training, held, Path(folder), began)
    except Cancelled:
        service.forget_state(training=training)
        raise
    finally:
        gc.collect()
        gc.unfreeze()
        Guard.measure_anew()


@contextmanager
def _photos_for_the_next_slice(training: Training) -> Iterator[None]:
    """What was decoded of them lies here for the slice that follows, and goes where none does."""
    try:
        yield
    except (Cancelled, Failed, Lost):
        calibrating.forget_photos()
        raise
    if not training.is_open:
        calibrating.forget_photos()


def _slice(training: Training, held: Held, folder: Path, began: float) -> None:
    missing = datasets.missing(training.dataset_version)
    pupils = _pupils(training)
    how = settings_of(training)
    _fetch_state(training, folder)
    service.begin_slice(training=training)
    with _refusals(), TemporaryDirectory() as between:
        devices = settings.HEIRLOOM_TRAIN_DEVICES
        known = {"photos": len(pupils.train), "missing": missing}
        lesson = Lesson(training, held, folder, how, **known, device=_device(devices), began=began)
        learned, held_out = (planes.photos(items, lambda: lesson.heed(LOADING)) for items in (pupils.train, pupils.val))
        planes.keep_alone(learned, held_out)
        worker, read = held.owner.partition("/")[0], planes.count(learned)
        service.note(training, "slice", worker=worker, device=_device(devices), photos=read)
        if (lost := len(pupils.train) - read) and not training.slice:
            service.note(training, "left_out", n=lost)
        start, origin = _start(training)
        data = _about_data(training, pupils, origin)
        spread.carry_out(
            spread.Lesson(how, learned, held_out, folder, start, data),
            devices,
            lesson,
            lesson.is_urgent,
            folder=Path(between),
        )
    lesson.finish_telling()
    if not lesson.why:
        with suppress(Stopping):
            return _export(training, held, folder, pupils, lesson)
    made = _keep_state(training, held, folder, lesson)
    if not patiently(lambda: service.end_slice(training=training, owner=held.owner, made=made, why=lesson.why)):
        raise Lost


def _device(count: int) -> str:
    """What is learned on, as a page names it."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return name if count == 1 else f"{count} x {name}"


@contextmanager
def _refusals() -> Iterator[None]:
    """What `ml` cannot do however often it is tried."""
    try:
        yield
    except FloatingPointError as error:
        raise Failed("loss_lost", str(error)) from error
    except checkpoint.CheckpointError as error:
        raise Failed("bad_weights", str(error)) from error
    except ValueError as error:
        raise Failed("bad_settings", str(error)) from error


def settings_of(training: Training) -> Settings:
    """As `ml` takes them. Raises Failed where a network knows no such settings."""
    given = {key: value for key, value in training.settings.items() if key not in OF_THE_SITE}
    try:
        return Settings.of(training.network, **{"save_minutes": 1.0, **given, "seed": training.seed})
    except (ValueError, TypeError) as error:
        raise Failed("bad_settings", str(error)) from error


def _pupils(training: Training) -> Pupils:
    """The version's photos that are still there, some of them held out. Raises Failed where too few are left."""
    here = list(selectors.photos_of(training.dataset_version))
    val = [item for item in here if item.split == Split.VAL]
    learned = [item for item in here if item.split == Split.TRAIN]
    if not val and len(learned) > 1:
        count = max(1, len(learned) // HELD_OUT)
        val, learned = learned[:count], learned[count:]  # by their hashes: always the same, and of no kind
    if not learned or not val:
        raise Failed("no_photos", f"{len(learned)} photos to learn from, {len(val)} to validate on")
    most = min(training.settings.get("photos") or len(learned), len(learned))
    return Pupils([learned[i * len(learned) // most] for i in range(most)], val)


def _fetch_state(training: Training, folder: Path) -> None:
    """The state that the slice before has left. Where it is lost, as after a restore, all begins anew."""
    if not training.state_key:
        return
    try:
        for key, name in ((training.state_key, STATE), (service.about_key(training.state_key), ABOUT)):
            with storage.local_copy(storage.models(), key) as stored:
                shutil.copyfile(stored, folder / name)
    except FileNotFoundError:
        (folder / STATE).unlink(missing_ok=True)
        training.step, training.progress, training.seconds = 0, 0.0, 0.0
        service.note(training, "state_lost")


def _start(training: Training) -> tuple[dict[str, Any], dict[str, Any]]:
    """The weights to begin with, as `ml.training.train` takes them, and what the card says of them."""
    if version := training.start_version:
        with local_weights(version) as weights:
            network, card = checkpoint.load(weights)
        return {"initial": network.state_dict()}, ancestor(card) | {"name": version.name}
    name = networks.find(training.network).pretrained
    if not name:
        return {}, {"name": RANDOM}
    file = encoder_path(name)
    if not file.is_file():
        raise Failed("no_encoder", f"There is no encoder at {file}: run python -m ml fetch {name} there.")
    return {"encoder": checkpoint.read_tensors(file)}, origin_of(file)


def _about_data(training: Training, pupils: Pupils, origin: dict[str, Any]) -> dict[str, Any]:
    version = training.dataset_version
    frozen = {"dataset": version.dataset.name, "version": version.number, "sha256": version.sha256}
    rows: list[PhotoRow] = [planes.row_of(item, item.sha256) for item in pupils.train]
    return describe_data(rows, (), origin, settings_of(training).mix) | {"frozen": frozen, "held_out": len(pupils.val)}


def _keep_state(training: Training, held: Held, folder: Path, lesson: Lesson) -> service.Slice:
    """The state into the storage, under a key of its own: until the row names it, the former one counts."""
    held.confirm()
    key = storage.training_key(training.pk, f"{training.attempt}.safetensors")
    storage.put_all(storage.models(), {service.about_key(key): folder / ABOUT, key: folder / STATE})
    return service.Slice(key, lesson.step, lesson.progress, lesson.seconds)


def _export(training: Training, held: Held, folder: Path, pupils: Pupils, lesson: Lesson) -> None:
    """The finished weights with their card into the storage, as a candidate. Raises Stopping as `Lesson.heed` does."""
    weights = export(folder, folder / "model", "model")
    _calibrate(training, weights, pupils.val, lesson)
    card = checkpoint.read_card(weights) | {"name": training.name}
    held.confirm()
    storage.put(storage.models(), storage.weights_key(card["sha256"]), weights)
    made = service.Slice("", lesson.step, 1.0, lesson.seconds)
    how = {"sha256": card["sha256"], "card": card}
    if not patiently(lambda: service.complete(training=training, owner=held.owner, made=made, **how)):
        raise Lost


def _calibrate(training: Training, weights: Path, val: Sequence[FrozenItem], lesson: Lesson) -> None:
    """Set the default vividness on some of the photos held out; where that fails, it stays as the network has it."""
    some = evenly(val, CALIBRATED_ON)
    try:
        calibrating.calibrate(weights, some, lambda: lesson.heed(CALIBRATING))
    except (ValueError, OSError) as error:
        logger.warning("The vividness of %s was not set: %s", training.name, error)
    else:
        service.note(training, "calibrated", photos=len(some))
