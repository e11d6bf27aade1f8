"""``manage.py backup``: all that cannot be made again, in one archive."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from django.core.management import BaseCommand, CommandError, CommandParser

from colorizer.findings import UNREACHABLE
from colorizer.management.ending import in_order
from colorizer.services import backup
from colorizer.services.backup import Made


class Command(BaseCommand):
    help = (
        "Write one archive with the database, the originals and the models, while the site runs. It holds the photos "
        "of all families, their names and addresses: keep it as safe as the site itself. Exit code 1: it was written, "
        "but originals are missing or changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help='where to, such as heirloom-2026-11-24.tar; "-" is the standard output')
        parser.add_argument(
            "--with-results",
            action="store_true",
            help="with the coloured photos and small copies, too, which a restore else makes again",
        )

    def handle(self, *args: Any, file: str, with_results: bool, **options: Any) -> None:
        try:
            with in_order(), _stdout() if file == "-" else _private(Path(file)) as out:
                made = backup.write(out=out, with_results=with_results)
        except UNREACHABLE as error:
            raise CommandError(f"No backup was made: {error}", returncode=2) from error
        self._say(made)
        if made.lost or made.changed:
            sys.exit(1)

    def _say(self, made: Made) -> None:
        files = ", ".join(f"{count:,} {name}" for name, count in made.files.items()) or "no files"
        self.stderr.write(f"The archive holds {sum(made.rows.values()):,} rows and {files}; {made.bytes:,} bytes.")
        if made.deleted:
            self.stderr.write(f"{len(made.deleted):,} originals were deleted by their families meanwhile.")
        for ids, what in ((made.lost, "is MISSING from the storage"), (made.changed, "is NOT what was uploaded")):
            for id in ids:
                self.stderr.write(f"The file of {id} {what}. Look at an earlier backup before you delete it.")


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone, that has its name once it is whole and on the disk."""
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:  # noqa: PTH123 - of its own rights
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    if sys.stdout.isatty():
        raise CommandError("An archive is nothing to look at: lead it into a file or another program.")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
