"""Is the process up; can a photo be coloured? For people, load balancers and ``up``."""

from datetime import datetime, timedelta

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from colorizer.dispatch import producer
from colorizer.models import WorkerState

WORKER_IS_LIVE_FOR = timedelta(seconds=60)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ok": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    found = {"database": True, "broker": broker_answers(), "worker": False}
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


def worker_lives(*, since: datetime) -> bool:
    """Whether a worker gave a sign of life after ``since``."""
    return WorkerState.objects.filter(heartbeat_at__gte=since).exists()
