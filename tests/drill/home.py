"""The site as `make up` makes it: SQLite, a disk, the embedded broker, one worker."""

import hashlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.files import interlaced_png
from tests.stack import wait_for

from .drill import Drill, chosen
from .family import Family
from .site import HASTY, Site, small_disk, standing_still, wait

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
OUTAGE = 30.0
DEADLY = b"deadly to decoders"
"""A photo with this comment crashes the decoder of a worker that has the drill's hook."""
ROOM = 700
"""Megabytes of the disk that the site is on."""


def worker_killed(drill: Drill) -> None:
    drill.site["worker-1"].kill()


def child_killed(drill: Drill) -> None:
    os.kill(int(drill.running()[0].rsplit("/", 1)[-1]), signal.SIGKILL)


def web_killed(drill: Drill) -> str:
    """In the middle of two uploads: one half sent, one that is being answered."""
    name, data = drill.family.next_photo(side=3000)
    body, headers = drill.family.body(name, data)
    address = urlsplit(drill.family.address)
    head = f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{key}: {value}\r\n" for key, value in headers.items()) + f"Cookie: {drill.family.cookies}\r\n\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0)) as half:
        half.sendall(head.encode() + body[: len(body) // 2])
        drill.site["web"].kill()
        drill.site.wait_until_well()
    return f"the half that was sent came again: {drill.family.upload(name, data)}"


def scheduler_killed(drill: Drill) -> str:
    """And the worker with it: only a scheduler can notice that."""
    drill.site["scheduler"].kill()
    drill.site["worker-1"].kill()
    return "with the worker"


def broker_restarted(drill: Drill) -> None:
    drill.site["broker"].kill()


def broker_emptied(drill: Drill) -> str:
    import redis
    from django.conf import settings

    with redis.Redis(unix_socket_path=str(settings.BROKER_SOCKET)) as broker:
        lost = sum(int(broker.llen(queue)) for queue in ("interactive", "bulk"))
        broker.flushall()
    return f"{lost} messages lost"


def broker_silent(drill: Drill) -> str:
    before = len(drill.family.accepted)
    with standing_still(drill.site["broker"].pid):
        wait(OUTAGE)
        accepted = len(drill.family.accepted) - before
    assert accepted, "nothing was accepted while the broker was away"
    return f"{accepted} accepted meanwhile"


def decoder_crashes(drill: Drill) -> str:
    name, data = drill.family.next_photo()
    deadly = data[:2] + b"\xff\xfe" + (len(DEADLY) + 2).to_bytes(2, "big") + DEADLY + data[2:]
    drill.failing[hashlib.sha256(deadly).hexdigest()] = "crashed"
    drill.family.upload(name, deadly)
    return f"failed after {_ended(deadly, 'crashed')} attempts"


def memory_bomb(drill: Drill) -> str:
    bomb = interlaced_png(12_100)
    drill.failing[hashlib.sha256(bomb).hexdigest()] = "no_memory"
    drill.family.upload("bomb.png", bomb)
    return f"{len(bomb) // 1000} kB that are 440 MB, failed after {_ended(bomb, 'no_memory')} attempt"


def _ended(data: bytes, reason: str) -> int:
    from colorizer.models import Original

    found = Original.objects.filter(sha256=hashlib.sha256(data).hexdigest(), status="failed")
    row = wait_for(found.first, timeout=120, what="the end of a bad photo")
    assert row
    assert row.reason == reason, f"{row.reason}: {row.detail}"
    return row.attempt


def unknown_messages(drill: Drill) -> str:
    """Names, arguments and bodies of a Heirloom that is not this one, and what is no message at all."""
    import redis
    from django.conf import settings

    from colorizer import dispatch
    from colorizer.models import Original, Status

    row = Original.objects.filter(status=Status.DONE).first()
    assert row
    send = dispatch.producer.send_task
    send("heirloom.of-tomorrow", args=[str(row.pk), 1], queue="interactive")
    send(dispatch.PREPARE, args=[str(row.pk), 1, "more"], queue="interactive")
    send(dispatch.PREPARE, args=[], queue="interactive")
    send(dispatch.COLORIZE, args=["no id", 1], queue="interactive")
    send(dispatch.COLORIZE, kwargs={"row": 7}, queue="interactive")
    starts = {name: part.starts for name, part in drill.site.parts.items()}
    with redis.Redis(unix_socket_path=str(settings.BROKER_SOCKET)) as broker:
        (sample,) = broker.lrange("interactive", 0, 0) or [b"{}"]
        for message in (b"no message", b"{}", b"[]", sample.replace(b'"body": "', b'"body": "!!')):
            broker.lpush("interactive", message)
            wait(1)
    wanted = len(drill.family.accepted) + 5
    wait_for(lambda: len(drill.family.accepted) >= wanted, what="photos behind them")
    again = {name: part.starts for name, part in drill.site.parts.items() if part.starts != starts[name]}
    assert not again, f"started again: {again}"
    return "9 of them, no process ended"


def clock_jumps(drill: Drill) -> str | None:
    """Of the worker alone: an hour forward, then two back."""
    worker = drill.site["worker-1"]
    if FAKETIME is None:
        return "LEFT OUT: libfaketime is not installed"
    hand = Path(tempfile.mkdtemp()) / "clock"
    hand.write_text("+0")
    worker.stop()
    before = dict(worker.environment)
    how = {"FAKETIME_TIMESTAMP_FILE": str(hand), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    worker.environment |= {"LD_PRELOAD": str(FAKETIME), **how}
    worker.is_held_down = False
    drill.site.wait_until_well()
    stolen = _taken_from_their_workers()
    for hours in (1, -1):
        drill.busy()
        hand.write_text(f"{hours * 3600:+d}")
        wanted = len(drill.family.accepted) + 5
        wait_for(lambda: len(drill.family.accepted) >= wanted, what="photos under a wrong clock")  # noqa: B023
    taken = _taken_from_their_workers() - stolen
    assert not taken, f"{taken} jobs of a living worker were taken from it"
    worker.stop()
    worker.environment = before
    worker.is_held_down = False
    return "an hour forward and an hour behind"


def _taken_from_their_workers() -> int:
    """How many jobs were ever taken from a worker that gave no sign of life."""
    from colorizer.models import Coloring, Original

    return sum(model.objects.filter(detail__contains="No sign of life").count() for model in (Coloring, Original))


def disk_full(drill: Drill) -> str | None:
    from django.conf import settings

    if not settings.DATA.is_mount():
        return "LEFT OUT: mounting is not allowed here"
    filler = settings.DATA / "filler"
    free = shutil.disk_usage(settings.DATA).free
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while True:
                    if file.write(bytes(size)) < size:
                        break
            except OSError:
                continue
    try:
        name, data = drill.family.next_photo(side=2500)
        status, said = drill.family.try_upload(name, data)
        assert status == 507, (status, said)
        wait(10)
    finally:
        filler.unlink()
    return f"{free / 1e6:.0f} MB filled, the upload was answered: {said['message']!r}"


FAULTS = {
    "worker killed in the middle of a photo": worker_killed,
    "the worker's child killed in the middle of a photo": child_killed,
    "web killed in the middle of an upload": web_killed,
    "scheduler killed": scheduler_killed,
    "broker killed and restarted": broker_restarted,
    "broker emptied": broker_emptied,
    "broker takes connections and says nothing for 30 s": broker_silent,
    "a photo that crashes the decoder": decoder_crashes,
    "a photo that takes too much memory": memory_bomb,
    "messages that this version does not know": unknown_messages,
    "the worker's clock jumps": clock_jumps,
    "disk full": disk_full,
}


def main() -> int:
    faults = chosen(FAULTS, sys.argv[1:])
    if not faults:
        return 0
    with tempfile.TemporaryDirectory(prefix="drill-") as folder, small_disk(Path(folder, "data"), ROOM):
        hooks = Path(__file__).parent / "hooks"
        worker = {"PYTHONPATH": str(hooks), "DRILL_DEADLY": DEADLY.decode()}
        os.environ.update(HASTY, HEIRLOOM_DATA=str(Path(folder, "data")), DJANGO_SETTINGS_MODULE="webapp.settings")
        os.environ["TMPDIR"] = str(Path(folder, "data"))
        import django

        django.setup()
        print("A site on SQLite, a disk and its own broker", flush=True)
        site = Site(workers=1, worker_environment=worker)
        try:
            site.start()
            family = Family(site.url)
            family.sign_in()
            drill = Drill(site, family)
            failed = drill.run(faults)
            family.end()
        finally:
            site.stop()
    return failed


if __name__ == "__main__":
    sys.exit(main())
