"""Figures for a monitor, read from our own tables: what waits, what was done in the last hour, what failed, and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, DurationField, ExpressionWrapper, F, FloatField, Min, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from .. import dispatch
from ..models import Job, SchedulerState, Status, WorkerState

HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=5)
STAGES = ("fetching", "reading", "colouring", "joining", "writing", "copies", "storing")
"""The stages that workers measure, in their order."""
ENDED = (Status.DONE, Status.FAILED, Status.CANCELLED)


@dataclass
class Metric:
    """One figure, for each set of labels. All are gauges: what a table says now, not what a process has counted."""

    name: str
    help: str
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> None:
        if value is not None:
            self.samples.append((labels, value))


def collect() -> Iterator[Metric]:
    """All figures, in two queries for each kind of job and two more, whatever the number of families."""
    now = timezone.now()
    yield from _queue(now)
    yield from _ended(now)
    yield from _processes(now)


def _kind(model: type[Job]) -> str:
    return dispatch.TASKS[model].removeprefix("heirloom.")


def _queue(now: datetime) -> Iterator[Metric]:
    open_jobs = Metric("heirloom_open_jobs", "Jobs that wait or are worked on.")
    oldest = Metric("heirloom_queue_oldest_seconds", "How long the oldest job has been waiting; 0 where none waits.")
    for model in dispatch.TASKS:
        rows = model._default_manager.filter(status__in=Job.OPEN)
        age = 0.0
        for row in rows.values("status", "queue").annotate(count=Count("pk"), since=Min("changed_at")).order_by():
            open_jobs.add(row["count"], kind=_kind(model), status=row["status"], queue=row["queue"])
            if row["status"] == Status.QUEUED:
                age = max(age, (now - row["since"]).total_seconds())
        oldest.add(age, kind=_kind(model))
    yield from (open_jobs, oldest)


def _ended(now: datetime) -> Iterator[Metric]:
    ended = Metric("heirloom_ended_jobs", "Jobs that ended within the window, by how they ended.")
    failed = Metric("heirloom_failed_jobs", "Jobs that failed within the last hour, by reason.")
    took = Metric("heirloom_job_seconds", "Mean seconds of the jobs done in the last hour, from claim to end.")
    waited = Metric(
        "heirloom_job_wait_seconds", "Mean seconds from a job's making to its claim, done in the last hour."
    )
    stages = Metric("heirloom_stage_seconds", "Mean seconds of each stage of the jobs done in the last hour.")
    for model in dispatch.TASKS:
        kind = _kind(model)
        counts: Counter[tuple[str, str]] = Counter()
        for row in _rows(model, now):
            counts[row["status"], "1h"] += row["hour"]
            counts[row["status"], "5m"] += row["minutes"]
            if row["status"] == Status.FAILED:
                failed.add(row["hour"], kind=kind, reason=row["why"] or "unknown")
            if row["status"] == Status.DONE:
                took.add(row["took"].total_seconds() if row["took"] else None, kind=kind)
                waited.add(row["waited"].total_seconds() if row["waited"] else None, kind=kind)
                for stage in STAGES:
                    stages.add(row[stage], kind=kind, stage=stage)
        for status in ENDED:
            for window in ("5m", "1h"):
                ended.add(counts[status, window], kind=kind, status=status, window=window)
    yield from (ended, failed, took, waited, stages)


def _rows(model: type[Job], now: datetime) -> list[dict[str, Any]]:
    """What ended in the last hour. A reason counts where it is the last word: a job that was tried again keeps it."""
    since = now - HOUR
    rows: Any = model._default_manager.filter(changed_at__gte=since, finished_at__gte=since, status__in=ENDED)
    means = {
        "hour": Count("pk"),
        "minutes": Count("pk", filter=Q(finished_at__gte=now - MINUTES)),
        "took": Avg(ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())),
        "waited": Avg(ExpressionWrapper(F("started_at") - F("created_at"), output_field=DurationField())),
        **{stage: Avg(Cast(KT(f"stage_seconds__{stage}"), FloatField())) for stage in STAGES},
    }
    return list(rows.annotate(why=_reason()).values("status", "why").annotate(**means).order_by())


def _reason() -> Any:
    return Case(When(status=Status.FAILED, then=F("reason")), default=Value(""))


def _processes(now: datetime) -> Iterator[Metric]:
    workers = Metric("heirloom_worker_heartbeat_seconds", "Seconds since the worker's last sign of life.")
    for worker in WorkerState.objects.order_by("name"):
        labels = {"worker": worker.name, "device": worker.device, "version": worker.version}
        workers.add((now - worker.heartbeat_at).total_seconds(), **labels, weights=worker.weights_sha256[:12])
    rounds = Metric("heirloom_scheduler_round_seconds", "Seconds since the scheduler last looked after the queue.")
    for scheduler in SchedulerState.objects.order_by("name"):
        rounds.add((now - scheduler.round_at).total_seconds(), scheduler=scheduler.name)
    yield from (workers, rounds)
