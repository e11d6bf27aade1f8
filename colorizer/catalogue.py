"""A storage's listing kept on disk, so that a million files and as many rows can be held against each other."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from .stores import Stored
from .work import work_folder

BATCH = 500
"""Keys asked for at once. SQLite allows 999 in one question on the oldest systems."""


class Catalogue:
    """The files of one listing. Each is ticked off as its row is met; what is left at the end belongs to no row.

    Use it in ``with``: its own file, in the data folder's work folder, is deleted at the end.
    """

    def __init__(self, files: Iterable[Stored]) -> None:
        self._folder = TemporaryDirectory(prefix="catalogue-", dir=work_folder())
        self._files = sqlite3.connect(Path(self._folder.name, "files"), isolation_level=None)
        self._files.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
            "CREATE TABLE files "
            "(key TEXT PRIMARY KEY, size INTEGER, changed REAL, met INTEGER DEFAULT 0) WITHOUT ROWID"
        )
        rows = ((file.key, file.size, file.changed_at.timestamp()) for file in files)
        while batch := list(islice(rows, 10_000)):
            self._files.execute("BEGIN")
            self._files.executemany("INSERT OR REPLACE INTO files (key, size, changed) VALUES (?, ?, ?)", batch)
            self._files.execute("COMMIT")

    def __enter__(self) -> "Catalogue":
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()
        self._folder.cleanup()

    def __len__(self) -> int:
        found: int = self._files.execute("SELECT COUNT(*) FROM files").fetchone()[0]
        return found

    def tick_off(self, keys: Iterable[str]) -> dict[str, int]:
        """Those of ``keys`` that are there, each with its size in bytes."""
        found: dict[str, int] = {}
        wanted = iter(keys)
        while batch := list(islice(wanted, BATCH)):
            marks = ", ".join("?" * len(batch))
            found |= dict(self._files.execute(f"SELECT key, size FROM files WHERE key IN ({marks})", batch))  # noqa: S608 - question marks only
            self._files.execute(f"UPDATE files SET met = 1 WHERE key IN ({marks})", batch)  # noqa: S608
        return found

    def left(self) -> Iterator[list[Stored]]:
        """The files that were not ticked off, in batches."""
        last = ""
        while rows := self._files.execute(
            "SELECT key, size, changed FROM files WHERE met = 0 AND key > ? ORDER BY key LIMIT ?", (last, BATCH)
        ).fetchall():
            last = rows[-1][0]
            yield [Stored(key, size, datetime.fromtimestamp(changed, UTC)) for key, size, changed in rows]
