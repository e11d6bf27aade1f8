"""Trainings as pages show them: what can be taught, on which photos, how long it takes, and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as site
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .. import words
from ..models import DatasetVersion, FrozenItem, Status, Training, WorkerState
from . import datasets

DULL = 15.0
"""Photos of less colourfulness teach dullness and are left out, as `ml.data` does."""
LINES = 100
CROP = 128
"""Of a network that names none."""


EVENTS: dict[str, str | Promise] = {
    "begun": _("Begun."),
    "slice": _("Worker %(worker)s took it up on %(device)s, with %(photos)s photos to learn from."),
    "left_out": _("%(n)s photos could not be read and were left out."),
    "state_lost": _("What was learned so far is lost; it begins anew."),
    "went_on": _("A slice is done, at step %(step)s."),
    "made_way": _("It made way for photos that wait, at step %(step)s."),
    "worker_stopped": _("The worker was stopped; what it had learned was kept, at step %(step)s."),
    "pause_asked": _("Someone asked for a pause."),
    "rests": _("It rests, at step %(step)s."),
    "resumed": _("It goes on."),
    "cancel_asked": _("Someone cancelled it."),
    "calibrated": _("Its vividness was set on %(photos)s photos."),
    "done": _("Done: the model “%(model)s” can be compared with the live one."),
    "same_again": _("Done, but what came out is exactly the model “%(model)s”, which is here already."),
}
"""The lines of a training's log."""

BROKE_OFF: dict[str, str | Promise] = {
    "crashed": _("A slice broke off: its worker was lost."),
    "no_memory": _("The machine's memory is too small for these settings; a smaller batch needs less."),
    "timed_out": _("A slice took far longer than it may."),
    "storage": _("A file could not be read or written."),
    "internal": _("Something went wrong on our side."),
}
"""Why a slice broke off, of what may be over the next time."""

SETTINGS: dict[str, str | Promise] = {
    "minutes": _("Minutes"),
    "epochs": _("Epochs"),
    "steps": _("Steps"),
    "photos": _("Photos at most"),
    "rate": _("Learning rate"),
    "batch": _("Batch"),
    "crop": _("Pixels of a view"),
    "augment": _("Augmentation"),
}
"""The settings that a page tells of."""


@dataclass(frozen=True)
class Estimate:
    """How long a training takes.

    Attributes:
        photos_per_second: as ``measured_on`` showed, or, where that is None, a rough guess from how fast the worker is;
            None where the end is a time.
    """

    seconds: float | None
    photos_per_second: float | None = None
    measured_on: Training | None = None


def photos_of(version: DatasetVersion, *, with_dull: bool = False) -> QuerySet[FrozenItem]:
    """What can be learned from: what is still there, is in no benchmark or near one, and is colourful enough."""
    photos = datasets.usable_items(version)
    return photos if with_dull else photos.filter(Q(colourfulness=None) | Q(colourfulness__gte=DULL))


def offers() -> dict[str, dict[str, Any]]:
    """The networks that a worker which lives can teach, by name."""
    since = timezone.now() - timedelta(seconds=site.HEIRLOOM_LEASE_SECONDS)
    found: dict[str, dict[str, Any]] = {}
    for trains in WorkerState.objects.filter(heartbeat_at__gte=since).values_list("trains", flat=True):
        for offer in trains:
            known = found.setdefault(offer["name"], offer)
            known["has_encoder"] = known.get("has_encoder") or offer.get("has_encoder")
    return dict(sorted(found.items()))


def offer_of(*, network: str) -> dict[str, Any] | None:
    return offers().get(network)


def estimate(*, network: str, settings: dict[str, Any], photos: int) -> Estimate:
    """From what the end is, and from how fast the latest training of the network was, scaled by the views' size; before
    the first, from the pace that the worker offers."""
    photos = min(photos, settings.get("photos") or photos)
    ends = [60 * settings["minutes"]] if settings.get("minutes") else []
    views = [settings["epochs"] * photos] if settings.get("epochs") else []
    offer = offer_of(network=network) or {}
    if settings.get("steps"):
        views.append(settings["steps"] * (settings.get("batch") or offer.get("batch") or 32))
    latest = Training.objects.filter(network=network, photos_per_second__gt=0).order_by("-changed_at").first()
    usual = offer.get("crop") or CROP
    pace, crop = offer.get("pace"), usual
    if latest and latest.photos_per_second:
        pace, crop = latest.photos_per_second, latest.settings.get("crop") or usual
    if not views or not pace:
        return Estimate(min(ends, default=None))
    pace *= (crop / (settings.get("crop") or usual)) ** 2
    return Estimate(min([*ends, *(each / pace for each in views)]), pace, latest)


def seconds_left(training: Training) -> float | None:
    """Of training, from how far it is; None before anything can be said."""
    if not training.is_open or training.progress <= 0:
        return training.expected_seconds if training.is_open else None
    return training.seconds * (1 - training.progress) / training.progress


@dataclass(frozen=True)
class Line:
    """Of a training's log, in words."""

    at: datetime
    says: str


def log_of(training: Training) -> list[Line]:
    """The latest lines, the latest first."""
    return [
        Line(event.at, str(EVENTS[event.code]) % event.details if event.code in EVENTS else event.code)
        for event in training.events.order_by("-pk")[:LINES]
    ]


def settings_of(training: Training) -> list[tuple[str, object]]:
    """What was chosen, with its name in words."""
    chosen = training.settings
    return [(str(SETTINGS[name]), _plain(chosen[name])) for name in SETTINGS if name in chosen]


def _plain(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value


def trouble_of(training: Training) -> str:
    """Why it failed, or broke off lately, and what to do."""
    if not training.reason or training.status in (Status.DONE, Status.CANCELLED):
        return ""
    if training.reason not in BROKE_OFF:
        return " ".join(words.say(training.reason))
    said = str(BROKE_OFF[training.reason])
    return f"{said} {_once_more()}" if training.status == Status.FAILED else said


def _once_more() -> str:
    return gettext("That was the third time. “Go on” tries again from the last slice.")
