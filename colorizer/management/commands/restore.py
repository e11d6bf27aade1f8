"""``manage.py restore``: an archive of ``backup`` into an empty system."""

import sys
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command

from colorizer.archive import Unfit
from colorizer.findings import UNREACHABLE
from colorizer.management.ending import in_order
from colorizer.services import restoring
from colorizer.services.restoring import Restored
from colorizer.tarball import Damaged


class Command(BaseCommand):
    help = (
        "Take an archive of backup into an empty system, whatever its database and storage are: all of it, or nothing. "
        "Restore only archives that you trust: who is admin is in them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help='the archive; "-" is the standard input')

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            call_command("setup", wait=10, stdout=StringIO())
            with in_order(), nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as source:
                restored = restoring.restore(source=source)
        except Unfit as error:
            raise CommandError(str(error)) from None
        except Damaged as error:
            raise CommandError(f"{error} Nothing was restored.") from None
        except UNREACHABLE as error:
            raise CommandError(f"Nothing was restored: {error}", returncode=2) from error
        # The first start makes a demo family where there is none yet; here, there are families.
        (settings.DATA / "demo-made").touch()
        self._say(restored)

    def _say(self, restored: Restored) -> None:
        files = ", ".join(f"{count:,} {name}" for name, count in restored.files.items()) or "no files"
        rows = sum(restored.rows.values())
        self.stdout.write(f"Restored {rows:,} rows and {files}, of {restored.header.made_at:.16}. All checksums match.")
        for absent in restored.absent:
            if absent["why"] != "deleted":
                self.stdout.write(f"The backup already had it so: the file of {absent['id']} was {absent['why']}.")
        if restored.queued:
            self.stdout.write(f"{restored.queued:,} coloured photos and small copies are queued to be made again.")
        self.stdout.write(
            "Everyone signs in anew, with the password they had. Start the site, then run: manage.py verify"
        )
