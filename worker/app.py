"""The Celery application of the workers that colour photos, made from the site's settings.

``celery -A worker.app worker`` starts one: a parent that talks to the broker, a child that loads the model and works.
Only the child imports torch.
"""

import os
from typing import Any

# Before torch and NumPy are imported anywhere: threads that have nothing to do sleep, so that the web has the cores.
# NumPy's cannot, and what it is given is small.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

from celery import Celery, signals

from . import transport

transport.install()
app = Celery("heirloom", include=["worker.tasks"])
app.config_from_object("django.conf:settings", namespace="CELERY")


def say_queues(instance: Any, **_: Any) -> None:
    """The parent knows which queues it takes from; its children hear of it through the environment."""
    from . import queues

    queues.say_taken(instance.app.amqp.queues.consume_from)


def start_child(sender: str, **_: Any) -> None:
    """A fresh child begins: warm up before the first photo comes."""
    from . import beside, engine, lease

    lease.start(worker=sender, announce=engine.announce)
    engine.start(worker=sender)
    beside.begin()


def tell_children(**_: Any) -> None:
    """The parent was told to stop and would wait for the photo at hand: let the child hand it back instead."""
    from . import lease

    lease.stop_children()


def note_crash(sender: Any, exception: BaseException, args: list[Any], **_: Any) -> None:
    """The child died over a job, or was ended at the hard time limit: no need to wait for its lease to end."""
    from . import lease

    lease.bury(task=sender.name, error=exception, args=args)


def watch(**how: Any) -> None:
    """The parent takes messages: see that it goes on doing so."""
    from . import watchdog

    watchdog.watch_consumer(**how)


signals.celeryd_after_setup.connect(say_queues)
signals.worker_ready.connect(watch)
signals.worker_process_init.connect(start_child)
signals.worker_shutting_down.connect(tell_children)
signals.task_failure.connect(note_crash)
