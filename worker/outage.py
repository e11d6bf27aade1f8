"""Is it the photo's fault, or can nothing be done here at the moment? And the rest that a worker takes then.

Where the store is away or the disk is full, a job that breaks off is not to blame. It goes back uncounted, and its
worker rests until the store answers, so that the queue is not run through in seconds, photo after photo failing.
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from django.core.files.base import ContentFile

from colorizer import storage
from colorizer.stores import Store

SCARCE = 64_000_000
"""With fewer bytes left on a disk, it is full for a photo."""
LONGEST_REST = 60.0
LONGEST_PAUSE = 10.0

logger = logging.getLogger(__name__)


def why_away() -> str:
    """Why no photo at all can be worked on at the moment; empty where one can."""
    try:
        _try_out(storage.results())
        storage.originals().exists(storage.probe_key(uuid4()))
    except Exception as error:  # each store has its own
        return f"The storage does not answer: {type(error).__name__}: {error}"
    folders = [Path(tempfile.gettempdir()), *filter(None, map(_folder, (storage.results(), storage.originals())))]
    full = [str(folder) for folder in folders if folder.exists() and shutil.disk_usage(folder).free < SCARCE]
    return f"The disk is full: {full[0]}" if full else ""


def rest(*, until: Callable[[], bool]) -> None:
    """Wait until work is possible, for a minute at most, or `until` is true."""
    deadline, pause = time.monotonic() + LONGEST_REST, 0.5
    while not until() and time.monotonic() + pause < deadline:
        time.sleep(pause)
        if not why_away():
            return
        pause = min(2 * pause, LONGEST_PAUSE)


def _try_out(results: Store) -> None:
    key = storage.probe_key(uuid4())
    stored = results.save(key, ContentFile(b"Is there room?"))
    try:
        results.size(stored)
    finally:
        results.delete(stored)


def _folder(store: Store) -> Path | None:
    try:
        return Path(store.path(""))
    except NotImplementedError:
        return None
