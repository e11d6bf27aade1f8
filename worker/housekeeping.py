"""The scheduler: a worker of its own, without torch, that looks after the queue. Two of it at once do no harm.

``celery -A worker.housekeeping worker --beat`` starts it.
"""

import logging
import os
import socket
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

from celery import Celery, signals
from celery.platforms import set_pdeathsig
from django.conf import settings
from django.utils import timezone
from kombu import Queue
from kombu.exceptions import OperationalError

from . import transport

if TYPE_CHECKING:
    from colorizer.services.reaping import Reaper

    from .watchdog import Rounds

QUEUE = "housekeeping"
LOOK_AFTER_QUEUE, EMPTY_TRASH = "heirloom.look-after-queue", "heirloom.empty-trash"
SWEEP_RESULTS = "heirloom.sweep-results"
FORGOTTEN = timedelta(days=1)
TRASH_EVERY = timedelta(hours=1)
SWEEP_EVERY = timedelta(days=1)
WORKER = os.getpid()
STARTED = timezone.now()

logger = logging.getLogger(__name__)
transport.install()
app = Celery("heirloom-housekeeping")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_queues=[Queue(QUEUE, routing_key=QUEUE)],
    task_default_queue=QUEUE,
    worker_pool="threads",
    beat_schedule={
        "look after the queue": {
            "task": LOOK_AFTER_QUEUE,
            "schedule": settings.HEIRLOOM_HOUSEKEEPING_SECONDS,
            # What a scheduler that stood still has missed is not made up for.
            "options": {"expires": settings.HEIRLOOM_HOUSEKEEPING_SECONDS},
        },
        "empty the trash": {"task": EMPTY_TRASH, "schedule": TRASH_EVERY},
        "sweep the results": {"task": SWEEP_RESULTS, "schedule": SWEEP_EVERY},
    },
)


def look_after_queue() -> None:
    """End the claims of dead workers, and send what the broker has lost or never had."""
    from colorizer import dispatch
    from colorizer.models import WorkerState
    from colorizer.services import jobs

    _rounds().begin()
    if count := _reaper().look():
        logger.warning("%s jobs had lost their worker.", count)
    WorkerState.objects.filter(heartbeat_at__lt=timezone.now() - FORGOTTEN).delete()
    try:
        waiting = jobs.unsent()
    except OperationalError as error:
        logger.warning("The broker does not answer: %s", error)
        return
    for job in waiting:
        if not dispatch.send(job):
            return
    note_round()


def note_round() -> None:
    """The sign of life. The clock ticked, the broker carried, a thread worked and the database took it all."""
    from colorizer.models import SchedulerState

    now = timezone.now()
    SchedulerState.objects.filter(round_at__lt=now - FORGOTTEN).delete()
    name = f"scheduler@{socket.gethostname()}"
    SchedulerState.objects.update_or_create(name=name, defaults={"started_at": STARTED, "round_at": now})


@cache
def _reaper() -> "Reaper":
    from colorizer.services.reaping import Reaper

    return Reaper()


@cache
def _rounds() -> "Rounds":
    from .watchdog import Rounds

    return Rounds()


def empty_trash() -> None:
    from colorizer import limits
    from colorizer.services import audit, devices, discarding, trash

    trash.purge_expired()
    discarding.carry_out()
    audit.forget_old()
    limits.forget_old()
    devices.forget_old()


def sweep_results() -> None:
    """Delete files that belong to no row: left by workers that were killed, or by deletions that were broken off."""
    from colorizer import storage
    from colorizer.findings import GRACE
    from colorizer.services import reconciling

    if count := storage.forget_half_written(before=timezone.now() - GRACE):
        logger.info("%s files that were never whole were deleted.", count)
    if count := reconciling.sweep_results():
        logger.info("%s files that belonged to nothing were deleted.", count)


app.task(look_after_queue, name=LOOK_AFTER_QUEUE)
app.task(empty_trash, name=EMPTY_TRASH)
app.task(sweep_results, name=SWEEP_RESULTS)


def clean_up_first(**_: Any) -> None:
    """The clock counts from its start alone: on a machine that is off every night, its hour would seldom come."""
    app.send_task(EMPTY_TRASH)
    app.send_task(SWEEP_RESULTS)


def watch_rounds(**how: Any) -> None:
    _rounds().watch(**how)


def end_with_parent(**_: Any) -> None:
    """The clock is a process of its own, forked; it must not tick on where its worker was killed."""
    set_pdeathsig("SIGKILL")
    if os.getppid() != WORKER:  # killed before the kernel knew
        os._exit(1)


signals.worker_ready.connect(clean_up_first)
signals.worker_ready.connect(watch_rounds)
signals.beat_embedded_init.connect(end_with_parent)
