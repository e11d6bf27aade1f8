"""``manage.py health web|worker|scheduler``: whether the one that runs here does its work. For containers."""

import json
import socket
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from colorizer.selectors.liveness import trouble_of_scheduler, trouble_of_worker

SECONDS = 8
NEEDED_BY_WEB = ("database", "broker", "storage")
"""Without a worker pages still answer and uploads are taken."""


class Command(BaseCommand):
    help = "Say whether the process that runs on this machine or in this container does its work; exit 1 where not."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own form

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("web", "worker", "scheduler"))
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="Where the web process listens.")
        parser.add_argument("--host", default=socket.gethostname(), help="The name of the machine that it runs on.")

    def handle(self, *args: Any, what: str, url: str, host: str, **options: Any) -> None:
        try:
            if what == "web":
                trouble = trouble_of_web(url)
            else:
                trouble = {"worker": trouble_of_worker, "scheduler": trouble_of_scheduler}[what](host=host)
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}") from None
        if trouble:
            raise CommandError(trouble)
        self.stdout.write(f"The {what} does its work.")


def trouble_of_web(url: str) -> str | None:
    """What is wrong with the web process at ``url``; None where it answers and reaches what its pages need."""
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    request = urllib.request.Request(f"{url}/readyz", headers={"Host": host})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 503:
                return f"The web process answers with {error.code}."
            found = json.load(error)
    except OSError as error:
        return f"The web process does not answer: {error}"
    missing = [name for name in NEEDED_BY_WEB if not found.get(name)]
    return f"The web process does not reach: {', '.join(missing)}." if missing else None
