"""The door to the queue: task names, and sending a job's id once its row is committed.

Imports no task: a producer needs the broker's address, nothing more.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial

from celery import Celery
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from kombu.exceptions import OperationalError

from .models import Coloring, Comparison, DatasetItem, Job, ModelUpload, Original, Queue, Status, Training

PREPARE = "heirloom.prepare"
COLORIZE = "heirloom.colorize"
COMPARE = "heirloom.compare"
MEASURE = "heirloom.measure"
TRAIN = "heirloom.train"
EXAMINE = "heirloom.examine"
TASKS: dict[type[Job], str] = {
    Original: PREPARE,
    Coloring: COLORIZE,
    DatasetItem: MEASURE,
    Comparison: COMPARE,
    Training: TRAIN,
    ModelUpload: EXAMINE,
}
FOR_FAMILIES = (Queue.INTERACTIVE, Queue.BULK)
"""The queues that someone's photos wait in; a slice of a training makes way for them."""
BULK_AHEAD = 20
"""So many jobs of the bulk are in the queue at once: enough that no worker waits for one, few enough to be fair."""

logger = logging.getLogger(__name__)
producer = Celery("heirloom-producer", set_as_current=False)
producer.config_from_object("django.conf:settings", namespace="CELERY")
# Who sends has someone waiting for an answer, and housekeeping sends later what the broker did not take now.
producer.conf.broker_transport_options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "socket_timeout": 1}
LEFT_ALONE = 10.0
"""Seconds that requests do not try a broker which did not answer: a hundred uploads do not each wait for it."""
_away_until = float("-inf")


def after_commit(job: Job) -> None:
    """Send ``job`` to its queue once the transaction at hand is committed; at once where there is none.

    Bulk is not sent here: housekeeping and workers keep a few of it in the queue, from each family in turn.
    """
    if job.queue != Queue.BULK:
        transaction.on_commit(partial(send_unless_away, job))


def send_unless_away(job: Job) -> bool:
    """Send ``job``, unless the broker did not answer a moment ago: housekeeping sends it later. Whether it was sent."""
    return time.monotonic() >= _away_until and send(job)


def send(job: Job) -> bool:
    """Send the id of ``job``, and note when. Whether the broker took it: if not, housekeeping sends it later."""
    from .services.jobs import note_sent

    global _away_until
    try:
        producer.send_task(
            TASKS[type(job)],
            args=job.message_args,
            task_id=job.message_id,
            queue=job.queue,
            ignore_result=True,
        )
    except OperationalError as error:
        logger.warning("The broker did not take %s: %s", job.message_id, error)
        _away_until = time.monotonic() + LEFT_ALONE
        return False
    _away_until = float("-inf")
    note_sent(job)
    return True


def bulk_ahead() -> int:
    """How many jobs of the bulk are in the queue, of BULK_AHEAD."""
    return count(Q(status=Status.QUEUED, queue=Queue.BULK, sent_at__isnull=False))


def count(where: Q) -> int:
    """How many jobs of all kinds there are of which this is true."""
    return sum(jobs._default_manager.filter(where).count() for jobs in TASKS)


def waiting(queues: Sequence[str] = Queue.values) -> int:
    """How many messages the broker holds for the workers. Raises OperationalError where it does not answer."""
    with producer.connection_for_read() as connection:
        try:
            client = connection.channel().client
            client.ping()
            return sum(int(client.llen(queue)) for queue in queues)
        except connection.connection_errors as error:
            raise OperationalError(str(error)) from error
