"""Teaching a network: begun through one door, paused, resumed and cancelled; and what its worker found.

A training is done in slices. Between two of them it waits in the queue like any job, its state in the storage, so that
photos come first and any worker may take the next slice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from .. import dispatch, storage, words
from ..models import (
    Action,
    DatasetItem,
    DatasetVersion,
    FrozenItem,
    ModelVersion,
    Queue,
    Status,
    Training,
    TrainingEvent,
    TrainingPoint,
    User,
)
from ..selectors import datasets
from ..selectors import trainings as selectors
from . import audit, comparing, discarding, jobs

FROM_A_MODEL = 0.3
"""A network that has learned already goes on at so many times the rate of one that begins."""


class Preset(models.TextChoices):
    QUICK = "quick", _("Quick look")
    OVERNIGHT = "overnight", _("Overnight")
    OWN = "own", _("As I say below")


PRESETS: dict[str, dict[str, Any]] = {
    Preset.QUICK: {"minutes": 10.0},
    Preset.OVERNIGHT: {"minutes": 480.0},
    Preset.OWN: {},
}
SHORT_MINUTES = 30
"""Up to so long one may stay and watch."""
OFTEN = {"save_minutes": 0.5, "validate_every": 25}
"""How a short training shows what it has learned: new pictures, and a look at the photos held out."""


class CannotTrain(Exception):
    """Nothing was started. ``code`` says why, ``details`` fill in its words."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @property
    def message(self) -> str:
        return " ".join(words.say(self.code, **self.details))


@dataclass(frozen=True)
class Slice:
    """What a slice leaves behind: the key of its state, where that lies, and how far the training is."""

    state_key: str
    step: int
    progress: float
    seconds: float


def start(
    *,
    by: User | None,
    name: str,
    version: DatasetVersion,
    network: str,
    start: str = Training.Start.MODEL,
    preset: str = Preset.OWN,
    settings: dict[str, Any] | None = None,
    seed: int = 1,
) -> Training:
    """Begin to teach ``network`` on a frozen version. The only way that a training comes to be.

    ``settings``: of `ml.settings`, over the preset's; and ``photos``, at most so many. Raises CannotTrain.
    """
    chosen, begins_with = _checked(version, network, start, preset, settings or {})
    estimate = selectors.estimate(network=network, settings=chosen, photos=selectors.photos_of(version).count())
    with transaction.atomic():
        training = Training.objects.create(
            name=name,
            dataset_version=version,
            network=network,
            start=start,
            start_version=begins_with,
            settings=chosen,
            seed=seed,
            queue=Queue.TRAIN,
            created_by=by,
            expected_seconds=estimate.seconds,
        )
        note(training, "begun")
        audit.record(action=Action.TRAINING_STARTED, actor=by, object_id=training.pk)
        dispatch.after_commit(training)
    return training


def estimate(
    *,
    version: DatasetVersion,
    network: str,
    start: str = Training.Start.MODEL,
    preset: str = Preset.OWN,
    settings: dict[str, Any] | None = None,
    **_named: Any,
) -> selectors.Estimate:
    """How long one that began so would take. Raises CannotTrain where it could not begin."""
    chosen, _begins_with = _checked(version, network, start, preset, settings or {})
    return selectors.estimate(network=network, settings=chosen, photos=selectors.photos_of(version).count())


def pause(*, training: Training, by: User | None) -> None:
    """Let it rest: at once where it waits, else as soon as its worker looks, which keeps what it has learned."""
    with transaction.atomic():
        # First the wish, so that a slice which ends in this moment is followed by none.
        if not _open(training).update(pause_requested=True):
            return
        if jobs.pause(job=_fresh(training)):
            Training.objects.filter(pk=training.pk).update(pause_requested=False)
        note(training, "pause_asked")
        audit.record(action=Action.TRAINING_PAUSED, actor=by, object_id=training.pk)


def resume(*, training: Training, by: User | None) -> None:
    """Go on with one that rests, or failed, from where it was."""
    with transaction.atomic():
        Training.objects.filter(pk=training.pk).update(pause_requested=False)
        if jobs.resume(job=_fresh(training)):
            note(training, "resumed")
            audit.record(action=Action.TRAINING_RESUMED, actor=by, object_id=training.pk)


def cancel(*, training: Training, by: User | None) -> None:
    """End it for good; nothing comes out of it."""
    with transaction.atomic():
        if training.status in (Status.DONE, Status.FAILED, Status.CANCELLED):
            return
        jobs.cancel(job=_fresh(training))
        note(training, "cancel_asked")
        audit.record(action=Action.TRAINING_CANCELLED, actor=by, object_id=training.pk)
    if _fresh(training).status == Status.CANCELLED:
        forget_state(training=training)


# --- What the worker says -----------------------------------------------------------------------------------------


def note(training: Training, code: str, **details: object) -> None:
    """A line in the training's log; pages say ``code`` in words."""
    TrainingEvent.objects.create(training=training, code=code, details=details)


def begin_slice(*, training: Training) -> None:
    """What a slice that broke off had told of steps after the state is about to be made again."""
    training.points.filter(step__gt=training.step).delete()


def note_progress(
    *,
    training: Training,
    owner: str,
    stage: str,
    progress: float,
    points: Iterable[TrainingPoint] = (),
    **fields: Any,
) -> jobs.Lease:
    """Write how far it is, new ``points`` of its curves, and hear whether to go on; then also whether to rest."""
    with transaction.atomic():
        percent = int(100 * progress)
        lease = jobs.note_progress(job=training, owner=owner, stage=stage, percent=percent, progress=progress, **fields)
        if lease is jobs.Lease.HELD:
            TrainingPoint.objects.bulk_create(points, ignore_conflicts=True)
    return lease


def wants_rest(*, training: Training) -> bool:
    return Training.objects.filter(pk=training.pk, pause_requested=True).exists()


def end_slice(*, training: Training, owner: str, made: Slice, why: str) -> bool:
    """Keep what a slice made; the next one waits in the queue, or for someone who resumes it. False: lease lost."""
    former = training.state_key
    found = {"state_key": made.state_key, "step": made.step, "progress": made.progress, "seconds": made.seconds}
    found |= {"slice": training.slice + 1}
    with transaction.atomic():
        rests = wants_rest(training=training)
        fields = found | ({"pause_requested": False} if rests else {})
        if not (jobs.rest if rests else jobs.hand_on)(job=training, owner=owner, **fields):
            return False
        wanted = training.status != Status.CANCELLED
        if wanted:
            note(
                training,
                "rests" if rests else "went_on" if why == "rests" else why,
                slice=found["slice"],
                step=made.step,
            )
    if wanted:
        _forget(former)
    else:
        forget_state(training=training)
    return True


def complete(*, training: Training, owner: str, made: Slice, sha256: str, card: dict[str, Any]) -> bool:
    """It is done, its weights lie in the storage: they are a candidate now. False: lease lost, nothing is written."""
    with transaction.atomic():
        version, is_new = ModelVersion.objects.get_or_create(
            sha256=sha256,
            defaults={
                "name": training.name,
                "architecture": training.network,
                "card": card,
                "origin": ModelVersion.Origin.TRAINING,
                "created_by": training.created_by,
            },
        )
        result = version if is_new or not Training.objects.filter(model_version=version).exists() else None
        found = {"step": made.step, "progress": 1.0, "seconds": made.seconds, "slice": training.slice + 1}
        if not jobs.finish(job=training, owner=owner, model_version=result, state_key="", **found):
            transaction.set_rollback(True)
            return False
        note(training, "done" if result else "same_again", step=made.step, model=version.name)
        comparing.begin(version)
    forget_state(training=training)
    return True


def forget_state(*, training: Training) -> None:
    """Delete what it kept between two slices, and what killed workers left of it; the pictures it showed stay."""
    store, folder = storage.models(), storage.training_key(training.pk, "")
    for file in list(store.files(folder)):
        if not file.key.startswith(f"{folder}samples/"):
            store.delete(file.key)
    Training.objects.filter(pk=training.pk).update(state_key="")


def forget_samples(*, items: Iterable[DatasetItem]) -> None:
    """Delete the pictures that trainings showed whose photos were among them: ``items`` are about to go.

    Within a transaction: the files go once it is committed, see `services.discarding`.
    """
    taught = FrozenItem.objects.filter(item__in=[item.pk for item in items]).values("version")
    # Locked, also those that show none yet: `note_samples` waits, and then knows that photos have gone.
    showing = Training.objects.select_for_update().filter(dataset_version__in=taught)
    discarding.note(models=[sample_key(training, step) for training in showing for step in training.samples])
    showing.update(samples=[])


def sample_key(training: Training, step: int) -> str:
    return storage.training_key(training.pk, f"samples/{step}.png")


def shown_samples(*, training: Training) -> set[int]:
    """The steps whose pictures are shown; none are once a photo in them has gone."""
    return set(Training.objects.values_list("samples", flat=True).get(pk=training.pk))


def note_samples(*, training: Training, steps: set[int], missing: int) -> set[int]:
    """Show the pictures of ``steps``, which lie in the storage; the steps that are shown.

    None is where the version lacks more photos than ``missing``, as many as before the first of them was read: the
    pictures may show one that has gone, and go too.
    """
    with transaction.atomic():
        row = Training.objects.select_for_update().get(pk=training.pk)
        shown = steps if datasets.missing(row.dataset_version) <= missing else set()
        Training.objects.filter(pk=row.pk).update(samples=sorted(shown))
        if gone := steps - shown:
            discarding.note(models=[sample_key(row, step) for step in gone])
            transaction.on_commit(partial(discarding.carry_out, seconds=discarding.AT_ONCE))
    return shown


def _forget(state_key: str) -> None:
    if state_key:
        for key in (state_key, about_key(state_key)):
            storage.models().delete(key)


def about_key(state_key: str) -> str:
    """Beside a state lies what the run's folder says of itself."""
    return f"{state_key}.json"


def _checked(
    version: DatasetVersion, network: str, start: str, preset: str, settings: dict[str, Any]
) -> tuple[dict[str, Any], ModelVersion | None]:
    """All settings, and the model to begin with. Raises CannotTrain."""
    chosen = {key: value for key, value in (PRESETS[preset] | settings).items() if value is not None}
    if 0 < chosen.get("minutes", 0) <= SHORT_MINUTES:
        chosen = OFTEN | chosen
    offer = selectors.offer_of(network=network)
    if offer is None:
        raise CannotTrain("no_teacher", network=network)
    if not any(chosen.get(end) for end in ("steps", "epochs", "minutes")):
        raise CannotTrain("no_end")
    _check_photos(version)
    begins_with = _model(network) if start == Training.Start.MODEL else None
    if begins_with:
        chosen.setdefault("rate", offer.get("rate", 1e-3) * FROM_A_MODEL)
    elif not offer.get("has_encoder", True):
        raise CannotTrain("no_encoder")
    return chosen, begins_with


def _check_photos(version: DatasetVersion) -> None:
    """Raises CannotTrain where there is nothing to learn from."""
    if version.dataset.kind == version.dataset.Kind.BENCHMARK:
        raise CannotTrain("for_judging")
    if gone := datasets.missing(version):
        raise CannotTrain("photos_gone", n=gone)
    here = selectors.photos_of(version, with_dull=True).count()
    colourful = selectors.photos_of(version).count()
    if here == 0:
        raise CannotTrain("no_photos")
    if here == 1:
        raise CannotTrain("one_photo")
    if colourful < 2:
        raise CannotTrain("all_grey")


def _model(network: str) -> ModelVersion:
    """What a training that starts from a model starts from: the live one. Raises CannotTrain."""
    live = ModelVersion.objects.filter(state=ModelVersion.State.LIVE).first()
    if live is None or live.architecture != network:
        raise CannotTrain("other_network", network=network)
    return live


def _open(training: Training) -> "models.QuerySet[Training]":
    return Training.objects.filter(pk=training.pk, status__in=Training.OPEN)


def _fresh(training: Training) -> Training:
    return Training.objects.get(pk=training.pk)
