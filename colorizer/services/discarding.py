"""Files that have to go for good: noted in the transaction that ends their rows, deleted once it is committed.

What a storage keeps a while longer, since it is away or refuses, is tried again every hour, until it is gone.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.core.files.storage import Storage, storages
from django.db.models import F

from ..models import Discard

MODELS, ORIGINALS, RESULTS = "models", "originals", "results"
AT_ONCE = 20.0
"""Seconds that a page may take over it. Housekeeping does the rest."""
MOST_FAILURES = 5
"""So many files that a storage keeps, and it is left alone until the next time: it may be away."""
_BATCH = 500

logger = logging.getLogger(__name__)


def note(*, originals: Iterable[str] = (), results: Iterable[str] = (), models: Iterable[str] = ()) -> None:
    """Call it inside the transaction that deletes the rows."""
    for name, keys in ((ORIGINALS, originals), (RESULTS, results), (MODELS, models)):
        rows = (Discard(storage=name, key=key) for key in keys)
        Discard.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)


def carry_out(*, seconds: float = float("inf")) -> None:
    """Delete what is noted, originals first; stop after ``seconds``, and where a storage fails often."""
    deadline = time.monotonic() + seconds
    for name in (ORIGINALS, RESULTS, MODELS):
        # What has failed least comes first: no file bars the way of the others, in this run or the next.
        waiting = Discard.objects.filter(storage=name).order_by("failures", "pk")
        failed: list[int] = []
        while _goes_on(failed, deadline) and (rows := list(waiting.exclude(pk__in=failed)[:_BATCH])):
            _delete_some(rows, failed, deadline)


def _goes_on(failed: list[int], deadline: float) -> bool:
    return len(failed) < MOST_FAILURES and time.monotonic() <= deadline


def _delete_some(rows: Iterable[Discard], failed: list[int], deadline: float) -> None:
    """Delete the files of ``rows``; those that their storage keeps go into ``failed``, and wait for the next run."""
    done: list[int] = []
    try:
        for row in rows:
            if not _goes_on(failed, deadline):
                return
            try:
                _delete(storages[row.storage], row.key)
                done.append(row.pk)
            except OSError as error:
                logger.warning("A file could not be deleted yet; it is tried again: %s", type(error).__name__)
                failed.append(row.pk)
                Discard.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
    finally:
        Discard.objects.filter(pk__in=done).delete()


def _delete(store: Storage, key: str) -> None:
    """On a disk, with the folder that it leaves empty: folders are named by ids, and ids go too."""
    store.delete(key)
    with suppress(NotImplementedError, OSError):  # there are no folders, or it is not empty
        Path(store.path(key)).parent.rmdir()
