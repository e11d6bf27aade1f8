"""``manage.py up``: the whole site on this machine, in the foreground."""

import shutil
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.utils import timezone

from colorizer.services import demo
from webapp import secrets
from webapp.health import worker_lives
from webapp.stack import HOST, Busy, Stack, check_port, only_one, wait_for_former

STILL_WAITING = 15


class Stopped(BaseException):
    """Someone asked for the end."""


class Command(BaseCommand):
    help = "Start web, worker, scheduler and broker, with a demo family at the first start; Ctrl-C stops them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a terminal that closes is no reason to stop.
            if asked != signal.SIGHUP or signal.getsignal(asked) != signal.SIG_IGN:
                signal.signal(asked, _stop)
        try:
            with only_one(settings.DATA):
                wait_for_former(self.stdout.write)
                check_port(port)
                self._run(port)
        except Busy as busy:
            raise CommandError(str(busy)) from None
        except Stopped:
            self.stdout.write("Stopped.")

    def _run(self, port: int) -> None:
        self.stdout.write(f"Heirloom keeps everything in {settings.DATA}")
        self.stdout.write("Preparing the database and the pages …")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        shutil.rmtree(settings.FILE_UPLOAD_TEMP_DIR)
        settings.FILE_UPLOAD_TEMP_DIR.mkdir()
        self.stdout.write("Starting broker, web, worker and scheduler …")
        stack = Stack(port)
        try:
            self._make_ready(stack, port)
            stack.process.wait()
            raise _ended_by_itself()
        finally:
            self._end(stack)

    def _make_ready(self, stack: Stack, port: int) -> None:
        started = timezone.now()
        self._wait(stack, stack.answers, "Waiting for the broker and the pages")
        password = secrets.kept(settings.DATA / "demo-password", length=9)
        if not (settings.DATA / "demo-made").exists():
            self.stdout.write("Making the demo family and its sample album …")
            demo.create(password=password, folder=settings.BASE_DIR / "samples")
            (settings.DATA / "demo-made").touch()
        self._wait(stack, lambda: worker_lives(since=started), "Waiting for the worker, which loads the model")
        self._wait(stack, demo.is_coloured, "Waiting for the first sample photo in colour")
        opens = demo.opens(password=password)
        self.stdout.write(f"\n  Heirloom is ready:  http://{HOST}:{port}/")
        if opens:
            self.stdout.write(f"  Sign in as:         {demo.EMAIL}")
            self.stdout.write(f"  Password:           {password}")
        self.stdout.write("  Ctrl-C stops it; the next start finds everything as it was.\n")

    def _wait(self, stack: Stack, ready: Callable[[], bool], what: str) -> None:
        """Until ``ready``. Says what it waits for, and where to look when that takes long.

        Raises CommandError where supervisor is gone.
        """
        self.stdout.write(f"{what} …")
        began = said = time.monotonic()
        while stack.runs and not ready():
            if time.monotonic() - said > STILL_WAITING:
                said = time.monotonic()
                self.stdout.write(f"  … still, after {said - began:.0f} s; details are in {settings.DATA}/logs")
            time.sleep(0.2)
        if not stack.runs:
            raise _ended_by_itself()

    def _end(self, stack: Stack) -> None:
        """Stop everything in order; a second Ctrl-C does it at once."""
        if stack.runs:
            self.stdout.write("\nStopping …")
        try:
            stack.stop()
        except Stopped:
            stack.kill()


def _ended_by_itself() -> CommandError:
    return CommandError(f"The process manager ended by itself; {settings.DATA}/logs/supervisor.log says more.")


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped
