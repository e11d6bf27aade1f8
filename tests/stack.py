"""Real processes for tests: each is ended by who started it, and by the kernel where the tests are killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from webapp.tied import PARENT

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
SLOWEST = 60.0
"""Seconds that nothing here should ever take; a machine that is busy with other work takes some of them."""


def wait_for(condition: Callable[[], T], timeout: float = SLOWEST, what: str = "") -> T:
    """What `condition` gives as soon as it is true. Fails where that takes longer than `timeout`."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or condition} did not come true in {timeout} s; the last answer was {found!r}")
        time.sleep(0.05)
    return found


def done(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` gives, in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Process:
    """A command that runs beside the tests, its output in a log of its own."""

    def __init__(
        self, name: str, *command: str, logs: Path | None = None, environment: dict[str, str] | None = None
    ) -> None:
        logs = logs or Path(settings.DATA, "logs")
        logs.mkdir(exist_ok=True)
        self.log = logs / f"{name}.log"
        self._earlier = self.log.stat().st_size if self.log.exists() else 0
        fixed = {PARENT: str(os.getpid()), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webapp.tied", "KILL", *command],
                env=os.environ | (environment or {}) | fixed,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def pid(self) -> int:
        return self.process.pid

    def when(self, condition: Callable[[], object]) -> "Process":
        """Itself, once `condition` says that it is ready. One that never is, is ended, and the error holds its log."""
        try:
            wait_for(lambda: self.has_ended or condition(), what=self.log.name)
            assert not self.has_ended
        except BaseException as error:
            self.kill()
            error.add_note(self.log.read_text(errors="replace")[-4000:])
            raise
        return self

    def children(self) -> list[int]:
        """The processes that it started and that still run."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def kill(self) -> None:
        """As if the machine had lost it."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout: float = SLOWEST, *, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and wait until it has; its exit status."""
        if not self.has_ended:
            self.process.send_signal(by)
        return self.process.wait(timeout)

    def said(self, text: str) -> bool:
        """Since it was started; its log may hold what others of its name have said."""
        return text.encode() in self.log.read_bytes()[self._earlier :]


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on, each another."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def celery(app: str, name: str, *options: str) -> Process:
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-n", f"{name}@%h", "--loglevel", "INFO"]
    return Process(name, *command, "--without-gossip", "--without-mingle", *options)
