"""What worker and scheduler say of themselves."""

import pytest

from colorizer.models import SchedulerState, Status
from tests.house.test_logs import lines_of
from tests.stack import Process, wait_for

from .conftest import Upload, coloring_with

pytestmark = pytest.mark.worker


def test_a_scheduler_writes_down_every_round_it_has_made(scheduler: Process, shared_database: None) -> None:
    first = wait_for(SchedulerState.objects.filter(name__startswith="scheduler@").first, what="a first round")
    assert first is not None
    again = SchedulerState.objects.filter(pk=first.pk, round_at__gt=first.round_at)
    wait_for(again.exists, what="the next round")
    assert again.get().started_at == first.started_at


def test_a_workers_lines_name_the_job_and_never_the_file(worker: Process, upload: Upload) -> None:
    job = coloring_with(Status.DONE, upload("grandma-at-the-lake-1931.jpg"))

    def told() -> set[str]:
        return {line["logger"] for line in lines_of(worker.log) if line.get("job") == job.message_id}

    wait_for(lambda: told() >= {"celery.worker.strategy", "celery.app.trace"}, what="lines of parent and child")
    assert not worker.said("grandma-at-the-lake")
