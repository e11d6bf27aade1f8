"""What a worker's child looks after beside its work: which model is live, and that nothing lies here that is over."""

import logging
import threading

from django.db import close_old_connections, connection

from colorizer.models import Training

from . import calibrating, engine, lease, planes

EVERY = 2.0
"""Seconds between two looks."""

logger = logging.getLogger(__name__)


def begin() -> None:
    """From now on, in a thread of its own."""
    threading.Thread(target=_go_on, name="beside", daemon=True).start()


def look() -> None:
    """Take into use what was made live, so that the next photo need not wait for it; forget what is over."""
    engine.live()
    if planes.are_here() and lease.at_work.acquire(blocking=False):
        try:
            # A training that ended between two of its slices had none left to tidy up after it.
            if not Training.objects.filter(status__in=Training.OPEN).exists():
                calibrating.forget_photos()
        finally:
            lease.at_work.release()


def _go_on() -> None:
    pause = threading.Event()
    while True:
        pause.wait(EVERY)
        try:
            close_old_connections()
            look()
        except Exception as error:  # the database may be away; the model at work stays
            logger.warning("What goes on beside the work could not be looked after: %s", error)
            connection.close()
