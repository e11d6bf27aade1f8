"""The real servers that tests, faults and measurements run on: closed to strangers, and there again after their end."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import psycopg
import pytest
from botocore.exceptions import BotoCoreError

from tests.servers import BUCKET, Servers, running

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with running() as servers:
        folder = servers.store.folder.parent
        processes = [servers.store.running(), servers.postgres.running()]
        yield servers
    assert all(process.has_ended for process in processes)
    assert not folder.exists()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_both_keep_what_they_have_when_killed_and_started_anew(servers: Servers) -> None:
    servers.store.client().put_object(Bucket=BUCKET, Key="lake.jpg", Body=b"a lake")
    servers.postgres.execute("CREATE TABLE lakes AS SELECT 'Vänern' AS name")

    for server in (servers.store, servers.postgres):
        server.kill()
        server.start()

    assert servers.store.keys() == ["lake.jpg"]
    assert servers.postgres.execute("SELECT name FROM lakes") == [("Vänern",)]


def test_one_that_is_paused_answers_again_when_resumed(servers: Servers) -> None:
    servers.store.pause()
    with pytest.raises(BotoCoreError):
        servers.store.keys()
    servers.store.resume()
    assert servers.store.keys() is not None


def test_the_database_takes_nobody_without_the_password_and_its_role_is_no_superuser(servers: Servers) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(servers.postgres.url.replace(servers.postgres.password, "guessed"))
    assert servers.postgres.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]


def test_no_port_of_the_store_gives_a_file_to_who_has_no_key(servers: Servers) -> None:
    servers.store.client().put_object(Bucket=BUCKET, Key="secret.jpg", Body=b"ours")

    assert status(f"{servers.store.url}/{BUCKET}/secret.jpg") == 403
    assert status(f"{servers.store.url}/{BUCKET}/") == 403
    filer = f"http://127.0.0.1:{servers.store.ports['filer.port']}"
    assert status(f"{filer}/buckets/{BUCKET}/secret.jpg") == 401
