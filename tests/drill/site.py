"""The parts of a site, kept running as supervisor keeps them, and killed by the drill."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack import ROOT, Process, free_port, wait_for

HASTY = {
    "HEIRLOOM_LEASE_SECONDS": "8",
    "HEIRLOOM_HEARTBEAT_SECONDS": "1",
    "HEIRLOOM_HOUSEKEEPING_SECONDS": "1",
    "HEIRLOOM_RESEND_SECONDS": "10",
    "HEIRLOOM_STANDSTILL_SECONDS": "20",
    "HEIRLOOM_PHOTO_MEMORY_MB": "400",
}
"""A site that loses patience sooner than a family's, so that the drill is over in minutes."""


@dataclass
class Part:
    """One process of the site. Where it ends, it is started anew a second later, unless it is held down."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: Process | None = None
    is_held_down: bool = False
    starts: int = 0

    def start(self) -> None:
        self.process = Process(self.name, *self.command, environment=self.environment)
        self.starts += 1

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def children(self) -> list[int]:
        assert self.process
        return self.process.children()

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        self.is_held_down = True
        if self.process and not self.process.has_ended:
            with suppress(subprocess.TimeoutExpired):
                self.process.stop(timeout=20)
            self.process.kill()

    def said(self, text: str) -> int:
        """How often its log says so."""
        assert self.process
        return self.process.log.read_text(errors="replace").count(text)


class Site:
    """Web, workers, scheduler and, where it is the site's own, the broker."""

    def __init__(self, *, workers: int, worker_environment: dict[str, str]) -> None:
        from webapp.stack import parts

        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.parts: dict[str, Part] = {}
        for part in parts(self.port):
            if part.name != "worker":
                self.parts[part.name] = Part(part.name, part.command)
                continue
            for number in range(1, workers + 1):
                name = f"worker-{number}"
                command = [word.replace("worker@", f"{name}@") for word in part.command]
                self.parts[name] = Part(name, command, dict(worker_environment))
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        from django.conf import settings

        (settings.DATA / "broker").mkdir(exist_ok=True)
        for command in ("migrate", "collectstatic"):
            manage(command, "--noinput", "--verbosity", "0")
        for part in self.parts.values():
            part.start()
        self._keeper.start()
        self.wait_until_well()

    def __getitem__(self, name: str) -> Part:
        return self.parts[name]

    @property
    def workers(self) -> list[Part]:
        return [part for name, part in self.parts.items() if name.startswith("worker")]

    def wait_until_well(self) -> None:
        wait_for(lambda: answers(self.port), what="the web")
        wait_for(self._all_beat, what="the heartbeats of all workers")

    def stop(self) -> None:
        self._over.set()
        for part in reversed(self.parts.values()):
            part.stop()

    def _keep(self) -> None:
        while not self._over.wait(0.2):
            for part in self.parts.values():
                if not part.is_held_down and part.process and part.process.has_ended:
                    time.sleep(1)
                    part.start()

    def _all_beat(self) -> bool:
        from colorizer.models import WorkerState

        fresh = [name for name, part in self.parts.items() if part in self.workers]
        seen = {state.name: state.heartbeat_at for state in WorkerState.objects.all()}
        time.sleep(0.5)
        now = {state.name: state.heartbeat_at for state in WorkerState.objects.all()}
        return all(any(key.startswith(f"{name}@") and now[key] != seen.get(key) for key in now) for name in fresh)


def manage(*words: str) -> None:
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, check=True)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(seconds: float) -> None:
    """An outage lasts as long as it lasts."""
    threading.Event().wait(seconds)


@contextmanager
def standing_still(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """`folder` on a disk of its own, where mounting is allowed; says whether it is."""
    folder.mkdir(exist_ok=True)
    options = f"size={megabytes}m,mode=0700"
    mount = shutil.which("mount")
    is_mounted = (
        bool(mount) and os.geteuid() == 0 and _quietly(str(mount), "-t", "tmpfs", "-o", options, "tmpfs", folder)
    )
    try:
        yield is_mounted
    finally:
        if is_mounted:
            _quietly("umount", "--lazy", folder)  # our own database connection may still be open there


def _quietly(*command: str | Path) -> bool:
    return subprocess.run([*map(str, command)], capture_output=True, check=False).returncode == 0
