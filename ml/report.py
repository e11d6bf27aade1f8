"""The source report's experiment, redone: its network on its three data sets, a GAN and an autoencoder beside it.

Everything can be gone on with: a training goes on from its folder, a network is judged again only where it has
learned since, and the page says how far each is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ml import networks, runs, training
from ml.checkpoint import calibration, read_about, write_json
from ml.data import PhotoRow, digest, evenly, open_photo, read_photos
from ml.devices import fabric_of
from ml.evaluation import Triple, evaluate, squash, through_pipeline, triples
from ml.export import RANDOM, describe_data
from ml.fetch import UNKNOWN
from ml.frechet import Eye
from ml.judgement import judge, network_time
from ml.method import LearnedMethod
from ml.sampler import load_photos
from ml.settings import Settings

SETS = {"1": "nature", "2": "people", "3": "nature and people"}
# The accuracy in percent that the report gives for its sets, in their order.
CLAIMED = {"1": 91.2, "2": 73.0, "3": 89.19}
# Of ten photos of a set one is held out, and another tells when to stop.
_HELD_OUT, _STOP, _OF = 0, 5, 10
RESULTS = "results.json"


@dataclass(frozen=True)
class System:
    """One training of the experiment.

    Attributes:
        name: its folder's, too.
        network: see `ml.networks.names`.
        trained_on: a key of `SETS`.
        title, optimiser, loss: for people.
        claimed: what the report says of its accuracy, in percent; None for what the report did not train.
    """

    name: str
    network: str
    trained_on: str
    title: str
    optimiser: str
    loss: str
    claimed: float | None = None


@dataclass(frozen=True)
class Plan:
    """What decides the experiment.

    Attributes:
        data: a folder whose index.csv has the column report_set.
        run: folder for states, results and pictures; what is in it is gone on with.
        minutes: of training for pix2pix, and as many for the autoencoder, whose colourfulness is held against it.
        epochs, patience: vgg16 ends after so many, or when so many brought nothing.
        adversarial: the discriminator's weight; 0 is the baseline of Nazeri, Ng and Ebrahimi 2018.
        limit: photos a set, for a trial; None for all.
        judged: photos of the training set, and of the val split, that figures are made of.
    """

    data: Path
    run: Path
    minutes: float = 60.0
    epochs: float = 2000
    patience: int = 50
    adversarial: float = 1.0
    limit: int | None = None
    judged: int = 240

    @property
    def systems(self) -> list[System]:
        """What is trained, in this order."""
        own = [
            System(f"vgg16-set{key}", "vgg16", key, f"vgg16, set {key}", "Adam", "MSE", claimed)
            for key, claimed in CLAIMED.items()
        ]
        if self.adversarial:
            loss = f"{self.adversarial:g} x BCE of a 70x70 PatchGAN + 100 x L1"
            other = System("pix2pix-set3", "pix2pix", "3", "pix2pix, set 3", "Adam (0.5, 0.999), two", loss)
        else:
            title = "pix2pix without adversary, set 3"
            other = System("baseline-set3", "pix2pix", "3", title, "Adam (0.5, 0.999)", "100 x L1")
        return [*own, other, System("autoencoder-set3", "autoencoder", "3", "autoencoder, set 3", "Adam", "MSE")]

    def settings(self, system: System) -> Settings:
        """The report's settings for its network; for each of the others its own."""
        given: dict[str, Any] = {"mix": False, "augment": "none"}
        if system.network == "vgg16":
            given |= {"epochs": self.epochs, "patience": self.patience, "validate_every": 0, "cached": True}
        else:
            given["minutes"] = self.minutes
        if system.network == "pix2pix":
            given["adversarial"] = self.adversarial
        return Settings.of(system.network, **given)


@dataclass(frozen=True)
class Split:
    """One of the report's sets: what is learned from, what tells when to stop, and what is held out from both."""

    train: list[PhotoRow]
    stop: list[PhotoRow]
    held_out: list[PhotoRow]


def report_sets(rows: Sequence[PhotoRow], limit: int | None = None) -> dict[str, Split]:
    """The three sets by number. The third is the other two together, so no photo is held out here and learned there.

    ``limit``: photos of each of the first two, spread evenly. Raises ValueError where one has under ten photos.
    """
    splits: dict[str, Split] = {}
    for key in ("1", "2"):
        members = evenly([row for row in rows if row.report_set == key], limit or None)
        if len(members) < _OF:
            raise ValueError(f"report_set {key} has {len(members)} photos; the experiment needs {_OF} at least")
        parts = {part: [r for i, r in enumerate(members) if i % _OF == part] for part in (_HELD_OUT, _STOP)}
        train = [r for i, r in enumerate(members) if i % _OF not in parts]
        splits[key] = Split(train, parts[_STOP], parts[_HELD_OUT])
    first, second = splits["1"], splits["2"]
    splits["3"] = Split(first.train + second.train, first.stop + second.stop, first.held_out + second.held_out)
    return splits


def train(
    plan: Plan,
    encoder: Mapping[str, Tensor],
    on_step: Callable[[System, training.Report], None],
    accelerator: str = "cpu",
    tell: Callable[[str], None] = lambda sentence: None,
    origin: Mapping[str, Any] | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Train every system as far as the plan says; goes on from what the run's folder holds.

    ``encoder``: VGG-16's convolutions, as `ml.fetch` gives them; ``accelerator``: see `ml.devices.fabric_of`;
    ``tell``: hears of photos that cannot be read, which are left out; ``origin``: what `ml.fetch.origin_of` says of the
    encoder; ``is_stopped``: asked after every step whether to save and return.
    """
    sets = report_sets(read_photos(plan.data, "train"), plan.limit)
    for system in plan.systems:
        split, settings = sets[system.trained_on], plan.settings(system)
        begins = dict(origin or {"name": UNKNOWN}) if _is_frozen(system) else {"name": RANDOM}
        data = describe_data(split.train, (), begins, settings.mix)
        data |= {"report_set": system.trained_on, "index_sha256": digest(split.train), "held_out": len(split.stop)}
        runs.check_data(plan.run / system.name, data)
        if _end(plan, system, len(split.train)):
            continue

        def go_on(report: training.Report, system: System = system) -> training.Verdict:
            on_step(system, report)
            return "pause" if is_stopped() else "continue"

        training.train(
            settings,
            load_photos(plan.data, split.train, tell),
            plan.run / system.name,
            validation=load_photos(plan.data, split.stop, tell),
            encoder=encoder if _is_frozen(system) else None,
            data=data,
            fabric=fabric_of(settings, accelerator),
            on_step=go_on,
        )
        if is_stopped():
            return


def _is_frozen(system: System) -> bool:
    """Whether it begins with VGG-16's convolutions, and keeps them."""
    return networks.find(system.network).pretrained == "vgg16"


def results(plan: Plan, eye: Eye | None, tell: Callable[[str], None]) -> dict[str, Any]:
    """Judge every system that has learned something; also kept as ``results.json`` in the run's folder.

    Returns ``{"sets": {key: counts}, "systems": {name: {"training", "on_training", "on_held_out": {key: figures},
    "on_val", "network_time_256"}}}``; figures as `ml.evaluation.evaluate`, "on_val" as `Judgement.as_json`, the time
    as `ml.judgement.network_time`. What was judged otherwise before is judged again.
    """
    sets = report_sets(read_photos(plan.data, "train"), plan.limit)
    val = evenly(read_photos(plan.data, "val"), plan.judged)
    file = plan.run / RESULTS
    known = json.loads(file.read_text(encoding="utf-8"))["systems"] if file.is_file() else {}
    found: dict[str, Any] = {
        "sets": {
            k: {"photos": len(s.train + s.stop + s.held_out), "learned": len(s.train), "held_out": len(s.held_out)}
            for k, s in sets.items()
        },
        "judged": plan.judged,
        "systems": {},
    }
    for system in plan.systems:
        split = sets[system.trained_on]
        history = _history(plan, system, len(split.train))
        if history is None:
            tell(f"{system.title} has not begun")
            continue
        before = known.get(system.name, {})
        judged_by = {"training": history, "judged": plan.judged, "with_eye": eye is not None}
        if before.items() >= judged_by.items():
            found["systems"][system.name] = before
            continue
        tell(f"judging {system.title} after {history['epochs']:.1f} epochs")
        method = trained_method(plan, system)
        colour = through_pipeline(method)
        learned = triples(plan.data, evenly(split.train, plan.judged), colour, tell)
        held = {key: triples(plan.data, sets[key].held_out, colour, tell) for key in ("1", "2")}
        held["3"] = held["1"] + held["2"]
        found["systems"][system.name] = {
            **judged_by,
            "on_training": evaluate(learned),
            "on_held_out": {key: evaluate(photos) for key, photos in held.items()},
            "on_val": judge(plan.data, val, colour, eye=eye).as_json(),
            "network_time_256": network_time(method),
        }
        write_json(file, found)
    write_json(file, found)
    return found


def trained_method(plan: Plan, system: System) -> LearnedMethod:
    """A trained system with its averaged or best weights so far. No calibration lifts its colours."""
    weights, _ = runs.averaged_weights(plan.run / system.name)
    network = networks.create(system.network)
    network.load_state_dict(weights)
    card = {"name": system.name, "calibration": calibration(None, 1.0)}
    return LearnedMethod(network.eval(), card)


def grid(plan: Plan, photos: Sequence[Image.Image]) -> tuple[list[str], list[list[Triple]]]:
    """Column titles of the trained systems, and for each photo its triple by each of them."""
    trained = [s for s in plan.systems if (plan.run / s.name / runs.STATE).is_file()]
    colours = [through_pipeline(trained_method(plan, system)) for system in trained]
    made = []
    for photo in photos:
        grey = photo.convert("L")
        made.append([Triple(squash(photo), squash(grey), squash(colour(grey))) for colour in colours])
    return [s.title for s in trained], made


def shown_photos(plan: Plan, count: int = 6) -> list[Image.Image]:
    """Held-out photos of both sets, for the run's own grid."""
    sets = report_sets(read_photos(plan.data, "train"), plan.limit)
    chosen = [row for key in ("1", "2") for row in evenly(sets[key].held_out, count // 2)]
    return [open_photo(plan.data / row.path) for row in chosen]


SHIPPED_CREDIT = (
    "Photos: Eileen Collins (NASA, public domain), the cat Chelsea (Stefan van der Walt, CC0) and a cup of coffee "
    "(Rachel Michetti, CC0), all from scikit-image. No network has learned from them."
)
RUN_CREDIT = "Photos: held out from the photo pack's sets 1 and 2. They stay with the run."


def shipped_photos() -> list[Image.Image]:
    """Photos that may stand in the repository: scikit-image's astronaut, cat and coffee."""
    from skimage import data

    makers: tuple[Callable[[], Any], ...] = (data.astronaut, data.chelsea, data.coffee)
    return [Image.fromarray(np.asarray(make())) for make in makers]


def _history(plan: Plan, system: System, photos: int) -> dict[str, Any] | None:
    """How far a training is, and why it ended; None before its first state."""
    folder = plan.run / system.name
    if not (folder / runs.STATE).is_file():
        return None
    _, about = runs.averaged_weights(folder)
    settings = about["settings"]
    signed = json.loads((folder / runs.ABOUT).read_text(encoding="utf-8"))
    return {
        "photos": photos,
        "steps": about["step"],
        "epochs": about["step"] * settings["batch"] / photos,
        "minutes": about["elapsed"] / 60,
        "ended": _end(plan, system, photos) or "still in training",
        "weights": sum(p.numel() for p in networks.create(system.network).parameters()),
        "rate": settings["rate"],
        "batch": settings["batch"],
        "view": f"{settings['crop']} px, {settings['views']}",
        "started_from": signed["data"].get("started_from", {"name": UNKNOWN})["name"],
    }


def _end(plan: Plan, system: System, photos: int) -> str:
    """What has ended a training; empty where nothing has."""
    if not (plan.run / system.name / runs.STATE).is_file():
        return ""
    about, settings = read_about(plan.run / system.name / runs.STATE), plan.settings(system)
    if settings.patience and about["schedule"]["since_best"] >= settings.patience:
        return f"not improved for {settings.patience} epochs"
    if settings.epochs and about["step"] * settings.batch >= settings.epochs * photos:
        return f"all {settings.epochs:g} epochs"
    if settings.minutes and about["elapsed"] >= 60 * settings.minutes:
        return f"{settings.minutes:g} minutes"
    return ""
