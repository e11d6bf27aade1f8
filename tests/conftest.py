"""What all tests share: a family and its people, photo files, and the real processes of the site."""

import gc
import io
import os
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import skimage
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from PIL import Image
from xdist import is_xdist_controller

from colorizer import dispatch
from colorizer.models import (
    Album,
    Comparison,
    Dataset,
    DatasetVersion,
    Family,
    Membership,
    ModelUpload,
    ModelVersion,
    Promotion,
    Role,
    Training,
    User,
    WorkerState,
)
from tests.proxy import Proxy
from tests.stack import Process, celery, free_port, wait_for
from webapp.stack import broker_command

PASSWORD = "an old box of photos"
SAMPLES = Path(skimage.__file__).parent / "data"


# Until all tests are known, everything that is made stays: there is nothing to collect.
gc.disable()

# No test takes away the power: what is written has to reach the system, not the disk.
os.fsync = lambda _: None  # type: ignore[assignment]

on_disk_alone = pytest.mark.skipif(settings.SERVERS is not None, reason="servers change nothing of it")
on_servers_alone = pytest.mark.skipif(settings.SERVERS is None, reason="it is about the servers: make test runs it")


def pytest_sessionstart(session: pytest.Session) -> None:
    if settings.SERVERS and not is_xdist_controller(session):
        settings.SERVERS.start()


def pytest_unconfigure() -> None:
    shutil.rmtree(settings.DATA, ignore_errors=True)
    if settings.SERVERS:
        settings.SERVERS.stop()
        shutil.rmtree(settings.SERVERS.folder, ignore_errors=True)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Files are not named by what they hold, which may be the time: each process has to call a test the same."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """What processes side by side take as one: a file's tests, those with the real site after all others.

    So a site that runs takes no time from tests that do not want it, and does not write into their database. The
    longest of its files come first, so that both processes end together: the worker's, then the browser's by how many
    tests they have. Before all others comes the one test that takes a third of `make drill`.
    """

    def wants_site(item: pytest.Item) -> bool:
        return "broker" in getattr(item, "fixturenames", ())

    for item in items:  # before pytest-xdist reads the groups
        live = "live" if wants_site(item) else "alone"
        item.add_marker(pytest.mark.xdist_group(f"{item.path} {live}"))
    yield
    tests = Counter(item.path for item in items)

    def turn(item: pytest.Item) -> tuple[bool, bool, bool, int]:
        is_short = item.get_closest_marker("retraining") is None
        is_looked_at = wants_site(item) and item.path.parent.name != "worker"
        return is_short, wants_site(item), is_looked_at, -tests[item.path] if is_looked_at else 0

    items.sort(key=turn)  # after pytest-django has put what uses a database first


def pytest_collection_finish() -> None:
    """What is there by now stays to the end, and need not be gone through again and again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """Test processes side by side have a folder each, and in it a database of the name that their children know."""


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The server's one database is the tests' own: other processes reach it by the same address."""
    return settings.SERVERS is not None


@pytest.fixture(autouse=True)
def _speak_english_again() -> Iterator[None]:
    """A request leaves its language behind in this thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _try_the_broker_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test before this one may have found no broker, which would then not be tried for a while."""
    monkeypatch.setattr(dispatch, "_away_until", float("-inf"))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A way to the S3 store on which faults can happen."""
    with Proxy(settings.SERVERS.store.port) as proxy:
        yield proxy


def store_at(endpoint: str, **options: Any) -> Any:
    """The storage `results` on S3, reached at another address."""
    from colorizer.stores.objects import ObjectStore

    return ObjectStore(**settings.STORAGES["results"]["OPTIONS"] | {"endpoint_url": endpoint} | options)


# --- People -------------------------------------------------------------------------------------------------------


@pytest.fixture
def data_dir() -> Path:
    """The folder that holds the state of the tests and of the processes they start."""
    return Path(settings.DATA)


@pytest.fixture
def family(db: None) -> Family:
    return Family.objects.create(name="Lindqvist")


def member(family: Family, role: Role) -> User:
    user = User.objects.create_user(email=f"{role}-{family.pk}@example.org", password=PASSWORD)
    Membership.objects.create(family=family, user=user, role=role)
    return user


@pytest.fixture
def owner(family: Family) -> User:
    return member(family, Role.OWNER)


@pytest.fixture
def editor(family: Family) -> User:
    return member(family, Role.EDITOR)


@pytest.fixture
def viewer(family: Family) -> User:
    return member(family, Role.VIEWER)


@pytest.fixture
def stranger(db: None) -> User:
    """Owner of another family: signed in, and yet nobody here."""
    return member(Family.objects.create(name="Okafor"), Role.OWNER)


@pytest.fixture
def album(family: Family) -> Album:
    return Album.objects.create(family=family, title="Summers at the lake")


# --- Photo files --------------------------------------------------------------------------------------------------

PhotoFile = Callable[..., SimpleUploadedFile]


def make_photo(
    name: str = "lake.jpg", *, size: tuple[int, int] = (640, 480), colour: bool = False, seed: int = 0, pages: int = 1
) -> SimpleUploadedFile:
    """A photo as an upload, in the format of its name's ending; another `seed` or size, another file."""
    with Image.open(SAMPLES / ("astronaut.png" if colour else "camera.png")) as source:
        picture = source.convert("RGB" if colour else "L").resize(size)
    sheets = []
    for page in range(pages):
        sheet = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if page % 2 else picture.copy()
        for place, value in enumerate((seed % 32, seed // 32)):  # in steps that JPEG does not round away
            sheet.paste((8 * value,) * len(sheet.getbands()), (16 * place, 0, 16 * place + 16, 16))
        sheets.append(sheet)
    data = io.BytesIO()
    format = {"jpg": "JPEG", "tif": "TIFF"}.get(name.rsplit(".", 1)[-1], name.rsplit(".", 1)[-1].upper())
    more: dict[str, Any] = {"save_all": True, "append_images": sheets[1:]} if pages > 1 else {}
    sheets[0].save(data, format, **more)
    return SimpleUploadedFile(name, data.getvalue())


@pytest.fixture
def photo_file() -> PhotoFile:
    return make_photo


# --- Real processes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def broker() -> Iterator[Process]:
    """A real, empty broker on the socket that the settings name."""
    Path(settings.DATA, "broker").mkdir(exist_ok=True)
    process = start_broker()
    yield process
    process.stop()


def start_broker() -> Process:
    process = Process("broker", *broker_command(settings.DATA))

    def answers() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(settings.BROKER_SOCKET)) == 0

    return process.when(answers)


@pytest.fixture(scope="session")
def _shared_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        # pytest-django makes the database only where one of the chosen tests asks for it by its own fixtures.
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture
def shared_database(_shared_database: None) -> Iterator[None]:
    """The database as other processes see it: what a test writes is committed, and deleted when the test is over."""
    yield
    wait_for(_emptied, what="a database without families")


def _emptied() -> bool:
    try:
        with transaction.atomic():
            Family.objects.all().delete()
            User.objects.all().delete()
            for model in (Promotion, ModelUpload, Comparison, Training, DatasetVersion, Dataset):
                model.objects.all().delete()  # type: ignore[attr-defined]
            ModelVersion.objects.exclude(origin=ModelVersion.Origin.SHIPPED).delete()
    except IntegrityError:  # a worker has just added a row to what is deleted
        return False
    return True


def start_worker(name: str) -> Process:
    """A real worker that has its model loaded."""
    began = timezone.now()
    process = celery("worker.app", name)
    ready = WorkerState.objects.filter(name__startswith=f"{name}@", started_at__gte=began)
    return process.when(ready.exists)


class WarmWorker:
    """A worker that outlives one test: to start one takes seconds."""

    process: Process | None = None

    def running(self) -> Process:
        if self.process is None or self.process.has_ended:
            self.process = start_worker("worker")
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()


@pytest.fixture(scope="session")
def _warm_worker(_shared_database: None, broker: Process) -> Iterator[WarmWorker]:
    warm = WarmWorker()
    yield warm
    warm.stop()


@pytest.fixture
def worker(_warm_worker: WarmWorker, scheduler: Process, shared_database: None) -> Process:
    """The worker that those tests share which leave it alive, and the scheduler beside it."""
    return _warm_worker.running()


StartWorker = Callable[[str], Process]


@pytest.fixture
def next_worker(_warm_worker: WarmWorker) -> Callable[[], Process]:
    """In place of the shared worker, which the test has ended, another; it is shared from now on."""
    return _warm_worker.running


@pytest.fixture
def worker_process(_warm_worker: WarmWorker, shared_database: None) -> Iterator[StartWorker]:
    """Start workers for one test alone: no other runs beside them, and what is left of them is ended after it."""
    _warm_worker.stop()
    started: list[Process] = []

    def start(name: str) -> Process:
        started.append(start_worker(name))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def scheduler(_shared_database: None, broker: Process) -> Iterator[Process]:
    process = celery("worker.housekeeping", "scheduler", "--beat")
    yield process.when(lambda: process.said("ready."))
    process.stop()


@dataclass(frozen=True)
class Stack:
    """The whole site, running."""

    url: str
    web: Process


@pytest.fixture(scope="session")
def _live_stack(_shared_database: None, broker: Process) -> Iterator[Stack]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    collect = Process("collectstatic", sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    assert collect.process.wait() == 0, collect.log.read_text()
    web = Process("web", *command)
    web.when(lambda: _listens(port))
    yield Stack(f"http://127.0.0.1:{port}", web)
    web.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def live_stack(_live_stack: Stack, worker: Process) -> Stack:
    """Broker, worker, scheduler and web on the tests' own database: make rows in it, then look at `url`."""
    return _live_stack
