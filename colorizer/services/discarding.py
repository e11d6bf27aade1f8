"""Files that have to go for good: noted in the transaction that ends their rows, deleted once it is committed.

What a storage that is away keeps a while longer is tried again every hour, until it is gone.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.core.files.storage import Storage, storages

from ..models import Discard

MODELS, ORIGINALS, RESULTS = "models", "originals", "results"
AT_ONCE = 20.0
"""Seconds that a page may take over it. Housekeeping does the rest."""

_BATCH = 500

logger = logging.getLogger(__name__)


def note(*, originals: Iterable[str] = (), results: Iterable[str] = (), models: Iterable[str] = ()) -> None:
    """Call it inside the transaction that deletes the rows."""
    for name, keys in ((ORIGINALS, originals), (RESULTS, results), (MODELS, models)):
        rows = (Discard(storage=name, key=key) for key in keys)
        Discard.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)


def carry_out(*, seconds: float = float("inf")) -> None:
    """Delete what is noted, originals first; stop after ``seconds``, or where a storage does not take it."""
    deadline = time.monotonic() + seconds
    while rows := list(Discard.objects.order_by("storage", "pk")[:_BATCH]):
        done: list[int] = []
        try:
            for row in rows:
                if time.monotonic() > deadline:
                    return
                _delete(storages[row.storage], row.key)
                done.append(row.pk)
        except OSError as error:  # the storage is away, or refuses: the row stays, and is tried again
            logger.warning("A file could not be deleted yet; it is tried again: %s", type(error).__name__)
            return
        finally:
            Discard.objects.filter(pk__in=done).delete()


def _delete(store: Storage, key: str) -> None:
    """On a disk, with the folder that it leaves empty: folders are named by ids, and ids go too."""
    store.delete(key)
    with suppress(NotImplementedError, OSError):  # there are no folders, or it is not empty
        Path(store.path(key)).parent.rmdir()
