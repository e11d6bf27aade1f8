"""What a scheduler says of itself."""

import pytest

from colorizer.models import SchedulerState
from tests.stack import Process, wait_for

pytestmark = pytest.mark.worker


def test_a_scheduler_writes_down_every_round_it_has_made(scheduler: Process, shared_database: None) -> None:
    first = wait_for(SchedulerState.objects.filter(name__startswith="scheduler@").first, what="a first round")
    assert first is not None
    again = SchedulerState.objects.filter(pk=first.pk, round_at__gt=first.round_at)
    wait_for(again.exists, what="the next round")
    assert again.get().started_at == first.started_at
