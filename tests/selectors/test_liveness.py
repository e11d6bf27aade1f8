"""A worker or scheduler that answers and does nothing is known as unwell."""

import socket
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from colorizer.models import Album, Coloring, Original, Photo, Queue, SchedulerState, Status, User, WorkerState
from colorizer.selectors import liveness
from tests.conftest import Stack, on_disk_alone
from tests.stack import Process, wait_for
from webapp.management.commands.health import trouble_of_web
from worker.app import app

HOST = "here"


def ago(seconds: float) -> dict[str, object]:
    return {"heartbeat_at": timezone.now() - timedelta(seconds=seconds)}


@pytest.fixture
def warm(db: None, settings: object) -> WorkerState:
    """A worker that has been there for an hour and gives signs of life."""
    settings.HEIRLOOM_LEASE_SECONDS = 60  # type: ignore[attr-defined]
    return WorkerState.objects.create(name=f"worker@{HOST}", started_at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def photo(album: Album, owner: User) -> Photo:
    original = Original.objects.create(
        family=album.family, uploaded_by=owner, sha256="0" * 64, key="a", name="a.jpg", format="jpeg", size=1,
        status=Status.DONE, changed_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    return Photo.objects.create(original=original, album=album)


def waiting(photo: Photo, seconds: float) -> Coloring:
    """A colouring whose message was sent so long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    return Coloring.objects.create(photo=photo, changed_at=then, sent_at=then)


def test_a_worker_with_nothing_to_do_is_well(warm: WorkerState) -> None:
    assert liveness.trouble_of_worker(host=HOST) is None


@pytest.mark.django_db
def test_a_worker_that_never_spoke_is_not_well() -> None:
    assert "has announced itself" in str(liveness.trouble_of_worker(host=HOST))


def test_a_worker_without_a_sign_of_life_is_not_well(warm: WorkerState) -> None:
    WorkerState.objects.update(**ago(90))
    assert "no sign of life for 90 s" in str(liveness.trouble_of_worker(host=HOST))


def test_a_worker_that_lives_and_leaves_a_job_lying_is_not_well(warm: WorkerState, photo: Photo) -> None:
    waiting(photo, 150)
    assert "lives but takes no job" in str(liveness.trouble_of_worker(host=HOST))


def test_a_job_that_came_a_moment_ago_is_no_ones_fault(warm: WorkerState, photo: Photo) -> None:
    waiting(photo, 20)
    assert liveness.trouble_of_worker(host=HOST) is None


def test_a_worker_that_has_only_just_started_gets_its_time(warm: WorkerState, photo: Photo) -> None:
    waiting(photo, 150)
    WorkerState.objects.update(started_at=timezone.now() - timedelta(seconds=20))
    assert liveness.trouble_of_worker(host=HOST) is None


@pytest.mark.parametrize(
    ("status", "changed", "beat", "well"),
    [
        (Status.RUNNING, 400, 5, True),  # a photo that takes long
        (Status.RUNNING, 400, 90, False),  # a claim that its owner has forgotten
        (Status.DONE, 60, 60, True),
        (Status.DONE, 400, 400, False),
    ],
)
def test_a_worker_is_well_behind_a_long_queue_as_long_as_it_works(
    warm: WorkerState, photo: Photo, status: str, changed: float, beat: float, well: bool
) -> None:
    other = Photo.objects.create(original=photo.original, album=photo.album, page=2)
    waiting(other, 150)
    changed_at = timezone.now() - timedelta(seconds=changed)
    Coloring.objects.create(photo=photo, status=status, lease_owner=f"{HOST}/1/2", changed_at=changed_at, **ago(beat))
    assert (liveness.trouble_of_worker(host=HOST) is None) is well


def test_anothers_work_is_no_excuse(warm: WorkerState, photo: Photo) -> None:
    other = Photo.objects.create(original=photo.original, album=photo.album, page=2)
    waiting(other, 150)
    Coloring.objects.create(photo=photo, status=Status.RUNNING, lease_owner="elsewhere/1/2", **ago(1))
    assert liveness.trouble_of_worker(host=HOST)


@pytest.mark.django_db
def test_a_scheduler_is_well_as_long_as_it_makes_its_rounds() -> None:
    assert "has made a round yet" in str(liveness.trouble_of_scheduler(host=HOST))
    state = SchedulerState.objects.create(name=f"scheduler@{HOST}")
    assert liveness.trouble_of_scheduler(host=HOST) is None
    state.round_at -= timedelta(seconds=100)
    state.save()
    assert "has not looked after the queue for 100 s" in str(liveness.trouble_of_scheduler(host=HOST))


@pytest.mark.django_db
def test_the_oldest_that_waits_is_known_with_its_age(photo: Photo) -> None:
    assert liveness.oldest_waiting() is None
    job = waiting(photo, 300)
    oldest = liveness.oldest_waiting()
    assert oldest is not None
    assert (oldest.job, oldest.sent, round(oldest.seconds, -1)) == (job, True, 300)


@pytest.mark.django_db
def test_the_command_says_what_is_wrong_and_ends_with_an_error(settings: object) -> None:
    with pytest.raises(CommandError, match="No worker on nowhere has announced itself"):
        call_command("health", "worker", "--host", "nowhere")


def test_a_web_process_that_is_not_there_is_said() -> None:
    assert "does not answer" in str(trouble_of_web("http://127.0.0.1:9"))


# --- For real -----------------------------------------------------------------------------------------------------


@pytest.mark.worker
def test_web_worker_and_scheduler_that_run_are_well(live_stack: Stack) -> None:
    for what in ("web", "worker", "scheduler"):
        said = StringIO()
        wait_for(lambda what=what: SchedulerState.objects.exists() or what != "scheduler")  # type: ignore[misc]
        call_command("health", what, "--url", live_stack.url, stdout=said)
        assert said.getvalue() == f"The {what} does its work.\n"


@pytest.mark.long
@on_disk_alone
@pytest.mark.worker
def test_a_worker_that_answers_pings_and_takes_no_job_is_unwell(
    worker_process: object, broker: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colorizer.models import Family
    from colorizer.services import coloring

    monkeypatch.setattr(liveness, "TAKES_WITHIN", timedelta(seconds=2))
    worker_process("deaf")  # type: ignore[operator]
    name = f"deaf@{socket.gethostname()}"
    for queue in Queue.values:
        app.control.cancel_consumer(queue, destination=[name], reply=True)
    assert app.control.ping(destination=[name], timeout=10)
    family = Family.objects.create(name="Lindqvist")
    album = Album.objects.create(family=family, title="Summers")
    original = Original.objects.create(
        family=family, sha256="0" * 64, key="a", name="a.jpg", format="jpeg", size=1, status=Status.DONE
    )
    coloring.request(photo=Photo.objects.create(original=original, album=album))
    trouble = wait_for(lambda: liveness.trouble_of_worker(host=socket.gethostname()), what="that it is noticed")
    assert f"{name} lives but takes no job" in str(trouble)
    assert app.control.ping(destination=[name], timeout=10)
