"""Bring database and storage to what this version needs. Done by one process before the others start, or by several.

Of several at once one migrates while the others wait, and a bucket that another made first is as good as one's own.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.management import call_command
from django.db import OperationalError, connection

from colorizer.storage import probe_key

ALIASES = ("originals", "results", "models")
LOCK = 7_207_464_105
"""An arbitrary number that all of us, and nobody else, lock in the database."""
PAUSE = 1.0


class NotReady(Exception):
    """Database or storage did not come in time; says so in a sentence."""


def run(*, seconds: float, say: Callable[[str], object]) -> None:
    """Wait for database and storage at most ``seconds`` each, migrate, and make what is missing.

    Raises NotReady.
    """
    _wait(_database_answers, seconds, say, "the database")
    say("Preparing the database …")
    with _alone():
        call_command("migrate", verbosity=0)
    for alias in ALIASES:
        store = storages[alias]
        if hasattr(store, "bucket_name"):
            _wait(lambda store=store: _works(store), seconds, say, f"the storage of the {alias}")  # type: ignore[misc]
    say("Database and storage are ready.")


def _wait(check: Callable[[], None], seconds: float, say: Callable[[str], object], what: str) -> None:
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            return check()
        except Exception as error:  # whatever it is, it may pass: each storage and database has its own
            if time.monotonic() > deadline:
                raise NotReady(f"{what[0].upper()}{what[1:]} is not ready after {seconds:.0f} s: {error}") from error
        if not told:
            say(f"Waiting for {what} …")
            told = True
        time.sleep(PAUSE)


def _database_answers() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        connection.close()
        raise


@contextmanager
def _alone() -> Iterator[None]:
    """Only one process at a time comes past here, on a database that several machines share."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _works(store: Storage) -> None:
    """Make the bucket where there is none; then write and read, since a store says that it is well before it is."""
    _make_bucket(store)
    key = probe_key(uuid4())
    store.save(key, ContentFile(b"sings"))
    try:
        with store.open(key) as file:
            if file.read() != b"sings":
                raise OSError("It gives back other bytes than were written.")
    finally:
        store.delete(key)


def _make_bucket(store: Any) -> None:
    from botocore.exceptions import ClientError

    client, bucket = store.client, store.bucket_name
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        region = store.region_name
        where = {} if region in (None, "us-east-1") else {"LocationConstraint": region}
        client.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
