"""A family whose rows real workers see, and photos that are uploaded as the site does it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from colorizer.models import Album, Coloring, Family, Job, Original, Photo, Status, User
from colorizer.services import intake
from tests.conftest import make_photo
from tests.stack import Process, wait_for

J = TypeVar("J", Original, Coloring)
LARGE = (3200, 2400)
"""Pixels of a photo that takes long enough to be caught while it is worked on."""


@pytest.fixture
def family(shared_database: None) -> Family:
    return Family.objects.create(name="Lindqvist")


Upload = Callable[..., Photo]


@pytest.fixture
def upload(broker: Process, album: Album, editor: User) -> Upload:
    """Upload a photo; every one another file."""
    count = 0

    def take(name: str = "lake.jpg", position: int = 1, **how: object) -> Photo:
        nonlocal count
        count += 1
        file = make_photo(name, seed=count, **how)  # type: ignore[arg-type]
        return intake.accept(into=album, user=editor, upload=file, position=position)

    return take


def coloring_with(status: Status, photo: Photo) -> Coloring:
    """The photo's colouring as soon as it has this status."""
    return _with(status, photo, lambda: photo.colorings.filter(status=status).first())


def original_with(status: Status, photo: Photo) -> Original:
    """The photo's original as soon as its preparing has this status."""
    return _with(status, photo, lambda: Original.objects.filter(pk=photo.original_id, status=status).first())


def _with(status: Status, photo: Photo, look: Callable[[], J | None]) -> J:
    try:
        found = wait_for(look, what=f"a job that is {status}")
    except AssertionError as error:
        rows = [*Original.objects.filter(photos=photo), *photo.colorings.all()]
        raise AssertionError(f"{error}: {[(type(row).__name__, vars(row)) for row in rows]}") from None
    assert found is not None
    return found


def caught(photo: Photo, attempt: int = 1) -> Coloring:
    """The photo's colouring while it runs: the child that works on it is made to stand still."""

    def catch() -> Coloring | None:
        coloring = photo.colorings.filter(status=Status.RUNNING, attempt=attempt).first()
        if coloring is None:
            return None
        os.kill(child_of(coloring), signal.SIGSTOP)
        coloring.refresh_from_db()
        assert coloring.status == Status.RUNNING, "It was done before it could be caught: make the photo larger."
        return coloring

    coloring = wait_for(catch, what="a colouring that runs")
    assert coloring is not None
    return coloring


def child_of(job: Job) -> int:
    """The process that holds the job's lease."""
    return int(job.lease_owner.rsplit("/", 1)[-1])


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def busy_elsewhere(worker: Process) -> Iterator[None]:
    """The worker's children stand still: at most the next message leaves the queue, and nothing is worked on."""
    children = worker.children()
    for child in children:
        os.kill(child, signal.SIGSTOP)
    try:
        yield
    finally:
        for child in children:
            os.kill(child, signal.SIGCONT)
