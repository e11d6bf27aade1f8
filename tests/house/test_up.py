"""`manage.py up`, for real: it starts everything, keeps it running, and leaves nothing behind."""

import http.cookiejar
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

from tests.stack import free_port, wait_for
from webapp import stack

pytestmark = pytest.mark.worker

PARTS = ("valkey-server", "uvicorn", "worker.app", "worker.housekeeping", "supervisord")
SOON = 15.0


class Site:
    """One `up` on a data folder of its own."""

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.log = data.with_suffix(".log")
        kept = ("PATH", "HOME", "LANG")
        self.env = {name: os.environ[name] for name in kept if name in os.environ} | {"HEIRLOOM_DATA": str(data)}
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def running(self) -> dict[int, str]:
        """Every process on this machine that was started for this data folder, by its command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"HEIRLOOM_DATA={self.data}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        # One that has ended and waits to be noticed has no command line.
        return {pid: command for pid, command in found.items() if command}

    def part(self, name: str) -> int | None:
        """The process that runs a part: the one that supervisor started, not a child of it."""
        supervisor = next((pid for pid, command in self.running().items() if "supervisord" in command), None)
        for pid, command in self.running().items():
            if name in command and " webapp.tied " not in command and parent(pid) == supervisor:
                return pid
        return None

    def wait_until_all_parts_run(self) -> None:
        parts = [name for name in PARTS if name != "supervisord"]
        wait_for(lambda: all(self.part(name) for name in parts), what=f"all parts: {self.output}")

    def wait_until_ready(self) -> None:
        wait_for(lambda: "is ready" in self.output or self.process.poll() is not None, timeout=120, what=self.output)
        assert self.process.poll() is None, self.output

    def wait_until_nothing_runs(self) -> None:
        deadline = time.monotonic() + SOON
        while (left := self.running()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == {}, (self.data / "logs" / "supervisor.log").read_text()[-2000:]

    def ask(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


def parent(pid: int) -> int:
    try:
        return int(re.search(r"PPid:\t(\d+)", Path(f"/proc/{pid}/status").read_text())[1])  # type: ignore[index]
    except OSError:
        return 0


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="heirloom-up-"))
    yield folder
    shutil.rmtree(folder)
    folder.with_suffix(".log").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def site(data: Path) -> Iterator[Site]:
    """The site, started once for the tests that leave it running."""
    site = Site(data)
    site.wait_until_ready()
    yield site
    site.end()
    site.wait_until_nothing_runs()


def rows(data: Path, table: str) -> int:
    with sqlite3.connect(data / "heirloom.sqlite3") as database:
        count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    database.close()
    return count


def test_a_sample_photo_is_in_colour_when_up_says_that_it_is_ready(site: Site) -> None:
    assert rows(site.data, "colorizer_photo WHERE shown_id IS NOT NULL") >= 1
    assert site.ask("/healthz") == 200
    assert site.ask("/readyz") == 200


def test_the_sign_in_that_it_prints_works(site: Site) -> None:
    email = re.search(r"Sign in as:\s+(\S+)", site.output)
    password = re.search(r"Password:\s+(\S+)", site.output)
    assert email
    assert password
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = f"http://127.0.0.1:{site.port}/accounts/login/"
    browser.open(page).close()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"login": email[1], "password": password[1], "csrfmiddlewaretoken": token}
    request = urllib.request.Request(page, urllib.parse.urlencode(form).encode(), {"Referer": page})
    with browser.open(request) as answer:
        assert answer.url == f"http://127.0.0.1:{site.port}/"
        assert "A sample album" in answer.read().decode()


def test_secrets_are_readable_by_their_owner_alone(site: Site) -> None:
    for name in ("demo-password", "secret-key"):
        assert (site.data / name).stat().st_mode & 0o077 == 0
    assert site.data.stat().st_mode & 0o077 == 0
    for name in ("heirloom.sqlite3", "up.lock", "supervisor.conf", "work/web"):
        assert (site.data / name).stat().st_mode & 0o077 == 0


def test_a_second_up_on_the_same_data_folder_refuses(site: Site) -> None:
    command = [sys.executable, "manage.py", "up", "--port", str(free_port())]
    second = subprocess.run(
        command, cwd=settings.BASE_DIR, env=site.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert "runs already on the data folder" in second.stderr
    assert site.ask("/healthz") == 200


@pytest.mark.parametrize("name", [name for name in PARTS if name != "supervisord"])
def test_a_part_that_is_killed_is_started_again(site: Site, name: str) -> None:
    before = wait_for(lambda: site.part(name))
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: site.part(name) not in (None, before), what=f"{name} again")
    wait_for(lambda: site.ask("/readyz") == 200, what="ready again")


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site = Site(tmp_path / "data", port)
        assert site.process.wait(60) == 1
        assert f"Port {port} is used by another program" in site.output
        assert taken.fileno() > 0


def test_kill_9_of_up_leaves_nothing_and_the_next_start_finds_everything(site: Site) -> None:
    photos, password = rows(site.data, "colorizer_photo"), (site.data / "demo-password").read_text()
    site.process.kill()
    site.process.wait()
    site.wait_until_nothing_runs()

    left = site.data / "work" / "web" / "half.upload.jpg"
    left.touch()
    again = Site(site.data)
    again.wait_until_ready()
    assert rows(site.data, "colorizer_photo") == photos
    assert password in again.output
    assert not left.exists()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0
        assert again.running() == {}
        assert bystander.poll() is None
        bystander.kill()


def test_kill_9_of_supervisor_leaves_nothing(data: Path) -> None:
    site = Site(data)
    site.wait_until_all_parts_run()
    supervisor = next(pid for pid, command in site.running().items() if "supervisord" in command)
    os.kill(supervisor, signal.SIGKILL)
    site.wait_until_nothing_runs()
    assert site.process.wait(30) == 1
    assert "The process manager ended by itself" in site.output
    assert "is ready" not in site.output


@pytest.mark.long
def test_a_part_that_dies_at_once_is_started_again_after_a_pause_that_grows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    times = tmp_path / "times"
    command = ["sh", "-c", f"date +%s.%N >> {times}; exit 1"]
    monkeypatch.setattr(stack, "parts", lambda port: [stack.Part("faulty", command, 10, 5)])
    running = stack.Stack(free_port())
    try:
        wait_for(lambda: times.exists() and len(times.read_text().split()) >= 4, what="four starts")
    finally:
        running.stop()
    starts = [float(word) for word in times.read_text().split()]
    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses[0] + 0.5 < pauses[2]  # a busy machine may blur one from the next
