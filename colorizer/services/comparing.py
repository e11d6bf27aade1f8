"""Candidate against live model: who is judged, on what, and what the site makes of it."""

from django.db import IntegrityError, transaction

from .. import dispatch
from ..models import Action, Comparison, DatasetVersion, ModelVersion, Queue, Status, User
from ..selectors import benchmarks
from . import audit

OPEN = (Status.QUEUED, Status.RUNNING)


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
        `benchmarks.FEWEST` photos.
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
    except IntegrityError:  # it is under way
        return Comparison.objects.filter(**chosen, status__in=OPEN).first()
    return comparison
