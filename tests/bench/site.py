"""One running site to measure: the processes that `up` starts, families that upload to it, and what its rows say."""

import http.client
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer.models import Album, Coloring, Family, Membership, Original, Role, Status, User, WorkerState
from tests.stack import Process, free_port
from webapp.stack import parts

LONGEST = 900.0


@dataclass(frozen=True)
class Member:
    """Someone who is signed in, and an album of theirs."""

    cookies: str
    csrf: str
    album: Album


class Site:
    """Web, worker, scheduler and broker as shipped, on the database and the storage of the environment."""

    def __init__(self) -> None:
        self.port = free_port()
        self.processes: dict[str, Process] = {}

    @property
    def web(self) -> Process:
        return self.processes["web"]

    @property
    def worker_child(self) -> int:
        """The process that holds the model and works; beside it runs one that only counts what it has opened."""
        return max(self.processes["worker"].children(), key=lambda pid: memory(pid, "VmRSS"))

    def start(self) -> None:
        for folder in ("logs", "broker"):
            Path(settings.DATA, folder).mkdir(exist_ok=True)
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        began = timezone.now()
        for part in parts(self.port):
            self.processes[part.name] = Process(part.name, *part.command)
            if part.name == "broker":
                self.processes["broker"].when(settings.BROKER_SOCKET.exists)
        ready = WorkerState.objects.filter(started_at__gte=began)
        self.processes["worker"].when(ready.exists)
        self.web.when(self._answers)
        self.processes["scheduler"].when(lambda: self.processes["scheduler"].said("ready."))

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()

    def _answers(self) -> bool:
        try:
            return self.get("/healthz").status == http.client.OK
        except OSError:
            return False

    def get(self, path: str, cookies: str = "") -> http.client.HTTPResponse:
        """The answer to one request, read to its end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Cookie": cookies, "Cache-Control": "no-cache"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def upload(self, member: Member, data: bytes, *, position: int) -> int:
        """Send one photo as the album page does; the status of the answer."""
        edge = secrets.token_hex(16)
        form = (
            f'--{edge}\r\nContent-Disposition: form-data; name="position"\r\n\r\n{position}\r\n'
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="scan-{position}.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(
            "POST",
            reverse("upload", args=[member.album.pk]),
            body=form + data + f"\r\n--{edge}--\r\n".encode(),
            headers={
                "Content-Type": f"multipart/form-data; boundary={edge}",
                "Cookie": member.cookies,
                "X-CSRFToken": member.csrf,
            },
        )
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status


@contextmanager
def running() -> Iterator[Site]:
    """A site, until it is left; its state stays for who looks at it."""
    site = Site()
    try:
        site.start()
        yield site
    finally:
        site.stop()


def new_member() -> Member:
    """The owner of a new family, signed in, with an empty album."""
    user = User.objects.create_user(f"{secrets.token_hex(6)}@example.org")
    family = Family.objects.create(name="Lindqvist")
    Membership.objects.create(family=family, user=user, role=Role.OWNER)
    album = Album.objects.create(family=family, title="Summers at the lake")
    client = Client()
    client.force_login(user)
    csrf = secrets.token_hex(16)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    return Member(f"{names[0]}={session}; {names[1]}={csrf}", csrf, album)


def wait_until_coloured(album: Album, count: int) -> list[Coloring]:
    """The colourings of ``count`` photos of ``album``, once all are done. Fails where one fails."""

    colorings = Coloring.objects.filter(photo__album=album, status=Status.DONE)
    deadline = time.monotonic() + LONGEST
    while colorings.count() < count:
        failed = Original.objects.filter(photos__album=album, status=Status.FAILED).first()
        assert failed is None, failed and failed.detail
        assert time.monotonic() < deadline
        time.sleep(0.25)  # seldom: who looks takes time from those who work
    return list(colorings.select_related("photo__original"))


def cancel_all() -> None:
    """Leave nothing to do."""
    for model in (Original, Coloring):
        model._default_manager.filter(status__in=model.OPEN).update(status=Status.CANCELLED)


def memory(pid: int, what: str) -> float:
    """Megabytes of a process by the kernel's book: VmRSS now, VmHWM at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(what)


def cpu_seconds(pid: int) -> float:
    """The processor time of a process so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
