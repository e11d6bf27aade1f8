"""The broker, what waits in the queue, and who works it off."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

from django.db.models import Count
from django.utils import timezone
from kombu.exceptions import OperationalError

from colorizer import dispatch, storage, words
from colorizer.models import ModelVersion, Status
from colorizer.selectors import liveness

from .finding import Finding, brief, fail, ok, warn

LONG, TOO_LONG = timedelta(minutes=10), timedelta(hours=1)
UNSENT = timedelta(minutes=2)
DAY = timedelta(days=1)
BLOCK = 1 << 20


def broker() -> Iterator[Finding]:
    began, key, advice = time.monotonic(), f"heirloom-doctor-{uuid4()}", "Start Valkey, or correct CELERY_BROKER_URL."
    try:
        with dispatch.producer.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
            client = connection.channel().client
            client.set(key, "here", ex=60)
            is_there = client.getdel(key) == b"here"
            took = (time.monotonic() - began) * 1000
            about = client.info()
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except Exception as error:
        says = "It does not answer" if isinstance(error, OperationalError) else "It does not do its work"
        yield fail("broker", f"{says}: {brief(error)}", advice)
        return
    name = f"Valkey {about['valkey_version']}" if "valkey_version" in about else f"Redis {about.get('redis_version')}"
    if not is_there:
        yield fail("broker", "It forgets what it was given.", advice)
    elif policy != "noeviction":
        says = f"{name} drops messages when its memory is full (maxmemory-policy {policy})."
        yield warn("broker", says, "Set maxmemory-policy to noeviction.")
    elif not about.get("aof_enabled"):
        says = f"{name} keeps messages in memory alone: after its restart photos wait until they are sent again."
        yield warn("broker", says, "Start it with --appendonly yes.")
    else:
        waiting = dispatch.waiting()
        yield ok("broker", f"{name} answers in {took:.0f} ms and keeps its messages on disk; {waiting} are waiting.")


def waiting() -> Iterator[Finding]:
    oldest = liveness.oldest_waiting()
    if oldest is None:
        yield ok("queue", "Nothing is waiting.")
        return
    age = timedelta(seconds=oldest.seconds)
    says = f"The oldest job has been waiting for {_in_words(age)}."
    if not oldest.sent and age > UNSENT and oldest.job.queue != "bulk":
        says += " It was never sent to the broker."
        yield fail("queue", says, "Look at broker and scheduler: the scheduler sends what was not sent.")
    elif age > TOO_LONG:
        yield fail("queue", says, "Look at the workers below, or start more of them.")
    elif age > LONG:
        yield warn("queue", says, "If this lasts, start more workers: docs/deployment.md says how.")
    else:
        yield ok("queue", says)


def failures() -> Iterator[Finding]:
    """What failed in the last day through no fault of the photo."""
    since = timezone.now() - DAY
    found: Counter[str] = Counter()
    for model in dispatch.TASKS:
        rows = model._default_manager.filter(status=Status.FAILED, changed_at__gte=since, reason__in=words.PASSING)
        for reason, count in rows.values_list("reason").annotate(count=Count("pk")).order_by():
            found[reason] += count
    if not found:
        yield ok("failures", "No job failed in the last day through a fault of the site.")
        return
    says = ", ".join(f"{count} x {reason}" for reason, count in sorted(found.items()))
    yield warn("failures", f"Failed in the last day: {says}.", "The worker's log says more, by the job's id.")


def workers() -> Iterator[Finding]:
    live = liveness.live_workers()
    if not live:
        yield fail("worker", "No worker gives a sign of life: no photo is coloured.", "Start one, and look at its log.")
    for worker in live:
        host = worker.name.rpartition("@")[2]
        if trouble := liveness.trouble_of_worker(host=host):
            yield fail("worker", trouble, "Start it anew, and look at its log.")
        else:
            seconds = (timezone.now() - worker.heartbeat_at).total_seconds()
            yield ok("worker", f"{worker.name} gave a sign of life {seconds:.0f} s ago.")
        device = "no GPU, colours on the CPU" if worker.device == "cpu" else worker.device
        yield ok("gpu", f"{worker.name}: {device}.")


def scheduler() -> Iterator[Finding]:
    last = liveness.last_round()
    if last is None or timezone.now() - last > liveness.ROUNDS_WITHIN:
        says = f"No scheduler has looked after the queue since {last:%Y-%m-%d %H:%M} UTC." if last else "There is none."
        yield fail("scheduler", says, "Start it: without it lost jobs stay lost, and the trash is never emptied.")
    else:
        yield ok("scheduler", f"It looked after the queue {(timezone.now() - last).total_seconds():.0f} s ago.")


def weights() -> Iterator[Finding]:
    """The live model's weights against the hash that its row holds, and against what workers say they run."""
    version = ModelVersion.objects.filter(state=ModelVersion.State.LIVE).first()
    if version is None:
        yield warn("weights", "No model is live yet.", "The first worker to start puts the shipped one into service.")
        return
    key, name = storage.weights_key(version.sha256), f"{version.name} ({version.sha256[:12]})"
    try:
        with storage.models().open(key) as file:
            digest = hashlib.sha256()
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        yield fail("weights", f"{name} cannot be read: {brief(error)}", "Restore the storage of the models.")
        return
    if digest.hexdigest() != version.sha256:
        yield fail("weights", f"{name} is not what it was: its hash differs.", "Restore the storage of the models.")
    else:
        yield ok("weights", f"{name} is in service, and its hash is right.")
    for worker in liveness.live_workers():
        if worker.weights_sha256 != version.sha256:
            says = f"{worker.name} runs other weights ({worker.weights_sha256[:12]})."
            yield warn("weights", says, "It takes the live ones before its next photo, or its log says why not.")


def _in_words(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
