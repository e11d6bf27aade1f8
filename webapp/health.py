"""Is the process up; can a photo be coloured? For people, load balancers and ``up``."""

import logging
import time
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from colorizer import storage
from colorizer.dispatch import producer
from colorizer.models import WorkerState

WORKER_IS_LIVE_FOR = timedelta(seconds=60)
STORAGE_IS_ASKED_EVERY = 5.0
"""Seconds. Strangers may ask as often as they like; the storage hears of it this often from each process."""

logger = logging.getLogger(__name__)
_storage_said: tuple[float, bool] | None = None


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ok": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """What is there and what is missing, in four words: whoever asks learns no more than that."""
    found = {"database": True, "broker": broker_answers(), "storage": storage_answers(), "worker": False}
    try:
        found["worker"] = worker_lives(since=timezone.now() - WORKER_IS_LIVE_FOR)
    except DatabaseError:
        found["database"] = False
    return JsonResponse({"ok": all(found.values()), **found}, status=200 if all(found.values()) else 503)


def broker_answers() -> bool:
    try:
        with producer.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)
    except OperationalError:
        return False
    return True


def storage_answers() -> bool:
    """Whether the originals' storage answers, asked anew every few seconds."""
    global _storage_said
    now = time.monotonic()
    if _storage_said is None or now - _storage_said[0] > STORAGE_IS_ASKED_EVERY:
        _storage_said = (now, _ask_storage())
    return _storage_said[1]


def _ask_storage() -> bool:
    try:
        storage.originals().exists("readyz")
    except Exception as error:  # each kind of storage has its own
        logger.warning("The storage of the originals does not answer: %s", error)
        return False
    return True


def worker_lives(*, since: datetime) -> bool:
    """Whether a worker gave a sign of life after ``since``."""
    return WorkerState.objects.filter(heartbeat_at__gte=since).exists()
