"""Candidate against live model: who is judged, on what, and what the site makes of it."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from .. import dispatch, gate, storage
from ..models import (
    Action,
    Comparison,
    ComparisonPhoto,
    DatasetItem,
    DatasetVersion,
    FrozenItem,
    ModelVersion,
    Queue,
    User,
    Vote,
)
from ..selectors import benchmarks
from . import audit, discarding, jobs

LIVE, CANDIDATE = "live", "candidate"
"""The two in all figures, beside the controls "grey" and "mean_ab"."""


def begin(
    candidate: ModelVersion, *, benchmark: DatasetVersion | None = None, by: User | None = None
) -> Comparison | None:
    """Have ``candidate`` and the live model judged; the comparison that is open already where there is one.

    Args:
        candidate: any version but the live one. A training calls this with the version that came out of it.
        benchmark: what both are judged on; left out, the latest that is fit for it.
        by: who asked for it; nobody where a training ended.

    Returns:
        None where there is nothing to judge with: no live model but this one, or no benchmark of
        `gate.FEWEST` photos.
    """
    live = ModelVersion.objects.filter(state=ModelVersion.State.LIVE).first()
    benchmark = benchmark or benchmarks.latest()
    if live is None or live == candidate or benchmark is None or not benchmarks.is_enough(benchmark):
        return None
    chosen = {"candidate": candidate, "live": live, "benchmark": benchmark}
    try:
        with transaction.atomic():
            comparison = Comparison.objects.create(**chosen, queue=Queue.TRAIN, created_by=by)
            audit.record(action=Action.COMPARISON_STARTED, actor=by, object_id=comparison.pk)
            dispatch.after_commit(comparison)
    except IntegrityError:
        return _under_way(**chosen)
    return comparison


def note_photo(
    *, comparison: Comparison, item: FrozenItem, figures: dict[str, Any], difference: float, **keys: str
) -> None:
    """A photo was judged, and its pictures lie in the storage. They go again where the photo has gone meanwhile."""
    known = {"figures": figures, "difference": difference} | keys
    with transaction.atomic():
        # Locked: who deletes it later finds the pictures.
        if item.item_id and DatasetItem.objects.select_for_update().filter(pk=item.item_id).exists():
            ComparisonPhoto.objects.update_or_create(comparison=comparison, item=item, defaults=known)
        else:
            discarding.note(results=keys.values())
            transaction.on_commit(partial(discarding.carry_out, seconds=discarding.AT_ONCE))


def note_figures(*, comparison: Comparison, **figures: Any) -> None:
    """What is known already of the whole, for the next slice."""
    comparison.figures |= figures
    Comparison.objects.filter(pk=comparison.pk).update(figures=comparison.figures)


def complete(*, comparison: Comparison, owner: str, figures: dict[str, Any], canary: str) -> bool:
    """All photos are judged: what the gate says of it. False where the lease was lost, and then nothing is written.

    Args:
        figures: of the whole set and its groups, see `ml.comparison.gather`.
        canary: why the candidate fails on the sample photos; empty where it does not.
    """
    photos = comparison.photos.count()
    said = gate.ask(_of(figures, CANDIDATE), _of(figures, LIVE), photos=photos, canary=canary)
    with transaction.atomic():
        if not jobs.finish(job=comparison, owner=owner, figures=figures, gate=said):
            return False
        for photo in comparison.photos.all():
            photo.figures = _in_short(photo.figures)
            photo.save(update_fields=["figures"])
    return True


def retry(*, comparison: Comparison) -> Comparison:
    """Go on with one that broke off, from the photos that it has; the one that is under way instead, where there is."""
    try:
        jobs.resume(job=comparison)
    except IntegrityError:
        chosen = {"candidate": comparison.candidate, "live": comparison.live, "benchmark": comparison.benchmark}
        if other := _under_way(**chosen):
            return other
        raise
    return comparison


def delete(*, comparison: Comparison) -> None:
    """Take it away with all its pictures; what is still judged is called off. Promotions that it led to stay."""
    with transaction.atomic():
        keys = _pictures(comparison.photos.all())
        discarding.note(results=[*keys, storage.comparison_key(comparison.pk, "survey.json")])
        comparison.delete()
    discarding.carry_out(seconds=discarding.AT_ONCE)


def forget_photos(*, items: Iterable[DatasetItem]) -> None:
    """These photos go, and with them what comparisons show of them. Called in the transaction that deletes them."""
    photos = ComparisonPhoto.objects.filter(item__item__in=list(items))
    discarding.note(results=_pictures(photos))
    photos.delete()


def vote(*, photo: ComparisonPhoto, voter: User, choice: str) -> Vote:
    """Which of the two ``voter`` finds better; the first word counts."""
    return Vote.objects.get_or_create(photo=photo, voter=voter, defaults={"choice": Vote.Choice(choice)})[0]


def _under_way(**chosen: Model) -> Comparison | None:
    return Comparison.objects.filter(**chosen, status__in=Comparison.OPEN).first()


def _pictures(photos: QuerySet[ComparisonPhoto]) -> list[str]:
    keys = photos.values_list("input_key", "live_key", "candidate_key", "truth_key")
    return [key for each in keys for key in each if key]


def _of(figures: dict[str, Any], who: str) -> dict[str, Any]:
    """What the gate asks of one of the two."""
    everything = figures["groups"]["all"]
    worst = figures["skin_tones"].get(who, {}).get("worst_against_mean")
    return {"model": everything[who], "grey": everything["grey"], "worst_band": worst}


def _in_short(figures: dict[str, Any]) -> dict[str, Any]:
    """Of all that was known of a photo, what its page shows."""
    found = figures.get("groups", {}).get("all", {}).get("figures")
    return {who: found[who] for who in (LIVE, CANDIDATE)} if found else figures
