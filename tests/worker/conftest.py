"""A family whose rows real workers see, and photos that are uploaded as the site does it."""

from collections.abc import Callable, Iterator

import pytest

from colorizer.models import Album, Coloring, Family, Original, Photo, Status, User
from colorizer.services import intake
from tests.conftest import make_photo, start_worker
from tests.stack import Process, wait_for


@pytest.fixture
def family(shared_database: None) -> Family:
    return Family.objects.create(name="Lindqvist")


@pytest.fixture(scope="package")
def _warm_worker(_shared_database: None, broker: Process) -> Iterator[Process]:
    process = start_worker()
    yield process
    process.stop()


@pytest.fixture
def worker(_warm_worker: Process, shared_database: None) -> Process:
    """The worker that the tests share which harm none."""
    return _warm_worker


Upload = Callable[..., Photo]


@pytest.fixture
def upload(broker: Process, album: Album, editor: User) -> Upload:
    """Upload a photo; every one another file."""
    count = 0

    def take(name: str = "lake.jpg", position: int = 1, **how: object) -> Photo:
        nonlocal count
        count += 1
        file = make_photo(name, seed=count, **how)  # type: ignore[arg-type]
        return intake.accept(album=album, user=editor, upload=file, position=position)

    return take


def coloring_of(photo: Photo) -> Coloring | None:
    return photo.colorings.first()


def coloring_with(status: Status, photo: Photo) -> Coloring:
    """The photo's colouring as soon as it has this status."""

    def found() -> Coloring | None:
        return photo.colorings.filter(status=status).first()

    return wait_for(found, what=f"a colouring that is {status}; {_history(photo)}")  # type: ignore[return-value]


def original_with(status: Status, photo: Photo) -> Original:
    def found() -> Original | None:
        return Original.objects.filter(pk=photo.original_id, status=status).first()

    return wait_for(found, what=f"an original that is {status}; {_history(photo)}")  # type: ignore[return-value]


def _history(photo: Photo) -> str:
    rows = [*Original.objects.filter(photos=photo), *photo.colorings.all()]
    return "; ".join(f"{type(row).__name__} {row.status} {row.attempt} {row.failures} {row.detail}" for row in rows)
