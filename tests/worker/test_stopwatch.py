"""Every moment of a job belongs to one stage."""

from worker.stopwatch import Stopwatch


def test_each_stage_has_its_seconds_and_one_entered_again_goes_on() -> None:
    times = iter([100.0, 100.5, 102.5, 103.0, 104.0, 104.25])
    clock = Stopwatch(now=lambda: next(times))
    for stage in ("reading", "copies", "reading", "storing"):
        clock.enter(stage)
    assert clock.seconds() == {"fetching": 0.5, "reading": 3.0, "copies": 0.5, "storing": 0.25}
