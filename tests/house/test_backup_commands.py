"""`manage.py backup` and `manage.py restore`, as they are called on a machine."""

import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import on_disk_alone
from tests.houses import House
from tests.stack import ROOT, SLOWEST, wait_for

pytestmark = on_disk_alone

FOUND = """
import django
django.setup()
from pathlib import Path
from colorizer.services import demo
demo.create(password="a password of some length", folder=Path("samples"))
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="house-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def archive(folder: Path) -> Path:
    """A backup of a house with the demo family in it."""
    here = House(folder / "here")
    assert here.manage("setup").returncode == 0
    assert here.run("-c", FOUND).returncode == 0
    file = folder / "backups" / "heirloom.tar"
    file.parent.mkdir()
    made = here.manage("backup", str(file))
    assert made.returncode == 0, made.stderr.decode()
    return file


def originals(house: House) -> list[Path]:
    return [path for path in (house.data / "originals").rglob("*") if path.is_file()]


def test_the_archive_is_its_owners_alone_and_nothing_lies_beside_it(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert list(archive.parent.iterdir()) == [archive]


def test_what_was_restored_is_whole_and_no_second_archive_is_mixed_with_it(archive: Path, folder: Path) -> None:
    there = House(folder / "there")
    assert "All checksums match" in there.restored(str(archive))
    assert there.verified() == []
    before = originals(there)
    assert len(before) == 9
    again = there.manage("restore", str(archive))
    assert again.returncode == 1
    assert b"not empty" in again.stderr
    assert originals(there) == before
    assert (there.data / "demo-made").exists(), "The first start would make a demo family."


def test_a_damaged_archive_leaves_nothing_and_a_backup_that_fails_no_file(archive: Path, folder: Path) -> None:
    broken = bytearray(archive.read_bytes())
    broken[len(broken) // 2] ^= 1
    there = House(folder / "damaged")
    done = there.manage("restore", "-", stdin=bytes(broken))
    assert done.returncode == 1
    assert b"Nothing was restored" in done.stderr
    assert originals(there) == []
    nowhere = there.manage("backup", str(folder / "missing" / "heirloom.tar"))
    assert nowhere.returncode == 2
    assert b"No backup was made" in nowhere.stderr


@pytest.mark.long
def test_a_restore_that_is_told_to_end_leaves_nothing(archive: Path, folder: Path) -> None:
    there = House(folder / "ended")
    assert there.manage("setup").returncode == 0
    command = [sys.executable, "manage.py", "restore", "-"]
    restore = subprocess.Popen(command, cwd=ROOT, env=there.environment, stdin=subprocess.PIPE)
    assert restore.stdin is not None
    with restore.stdin as stdin:
        stdin.write(archive.read_bytes()[:-100_000])
        stdin.flush()
        wait_for(lambda: originals(there))
        restore.send_signal(signal.SIGTERM)
    # With the end of its input, in case that the signal came just before it began to wait for more.
    assert restore.wait(timeout=SLOWEST) == 128 + signal.SIGTERM
    assert originals(there) == []
    assert "All checksums match" in there.restored(str(archive))
