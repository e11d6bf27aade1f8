"""``manage.py setup``: database and storage as this version needs them, before web, worker and scheduler start."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from webapp import setup


class Command(BaseCommand):
    help = "Wait for database and storage, apply migrations, and make the buckets that are missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wait", type=float, default=60, help="Seconds to wait for each.")

    def handle(self, *args: Any, wait: float, **options: Any) -> None:
        try:
            setup.run(seconds=wait, say=self.stdout.write)
        except setup.NotReady as error:
            raise CommandError(str(error)) from None
