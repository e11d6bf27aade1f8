"""From one machine to another, by the commands alone: SQLite and the disk to the same, and to PostgreSQL and S3."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from colorizer import storage
from colorizer.models import Photo, Status, User
from tests.conftest import PASSWORD, on_disk_alone
from tests.houses import House
from tests.servers import running
from tests.stack import Process, wait_for
from webapp.stack import broker_command

from .conftest import Upload, coloring_with

pytestmark = [pytest.mark.worker, pytest.mark.long, on_disk_alone]

SHOWN = ["200 text/html", "200 image/jpeg", "200 image/jpeg"]


@pytest.fixture
def here() -> House:
    """Where the tests themselves are at home."""
    return House(Path(os.environ["HEIRLOOM_DATA"]))


@pytest.fixture
def photo(worker: Process, editor: User, upload: Upload) -> Photo:
    # The site itself does not take the hashes that make the other tests quick.
    User.objects.filter(pk=editor.pk).update(
        password=PBKDF2PasswordHasher().encode(PASSWORD, salt="0123456789abcdefghijkl")
    )
    photo = upload("lake.jpg")
    coloring_with(Status.DONE, photo)
    photo.refresh_from_db()
    return photo


@pytest.fixture
def folder() -> Iterator[Path]:
    """A path that is short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="house-") as folder:
        yield Path(folder)


def test_a_house_moves_to_another_folder_with_all_that_is_in_it(
    here: House, photo: Photo, editor: User, folder: Path
) -> None:
    file = folder / "heirloom.tar"
    made = here.manage("backup", str(file), "--with-results")
    assert made.returncode == 0, made.stderr.decode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [file]

    there = House(folder / "there")
    said = there.restored(str(file))

    assert "All checksums match" in said
    assert there.verified() == []
    assert there.visited(editor) == SHOWN
    again = there.manage("restore", str(file))
    assert again.returncode == 1
    assert b"not empty" in again.stderr
    assert there.verified() == []


def test_a_house_moves_to_postgresql_and_s3_and_colours_its_photos_anew(
    here: House, photo: Photo, editor: User, folder: Path
) -> None:
    made = here.manage("backup", "-")
    assert made.returncode == 0, made.stderr.decode()
    with running() as servers:
        there = House(folder / "there", **servers.environment())

        said = there.restored("-", stdin=made.stdout)

        assert re.search(r"6 coloured photos and small copies are queued", said)
        assert servers.store.keys("originals/") == [f"originals/{photo.original.key}"]
        (there.data / "broker").mkdir()
        (there.data / "logs").mkdir()
        how = {"logs": there.data / "logs", "environment": there.environment}
        celery = [sys.executable, "-m", "celery", "-A"]
        command = broker_command(there.data)
        command[command.index("--unixsocket") + 1] = str(there.data / "broker.sock")
        parts = [
            Process("broker", *command, **how),
            Process("worker", *celery, "worker.app", "worker", "-n", "worker@%h", **how),
            Process("scheduler", *celery, "worker.housekeeping", "worker", "-n", "scheduler@%h", "--beat", **how),
        ]
        try:
            key = f"results/{storage.full_key(photo.colorings.get())}"
            wait_for(lambda: key in servers.store.keys("results/"), what="the colours, made again")
            wait_for(lambda: there.visited(editor) == SHOWN, what="the photo in colour")
        finally:
            for part in reversed(parts):
                part.stop()
        assert there.verified() == []
