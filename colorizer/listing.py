"""What lies in a storage, page by page, and its bytes, piece by piece: the same on disk and on S3."""

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import Storage
from django.db import DatabaseError

PIECE = 1 << 20
"""Bytes of a file that are in memory at once."""


@dataclass(frozen=True)
class Listed:
    """A file as the storage lists it."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class Unfinished:
    """An upload to S3 in parts that was never completed: it costs room and appears in no listing."""

    key: str
    upload_id: str
    began_at: datetime


def listed(storage: Storage) -> Iterator[Listed]:
    """Every file of ``storage``, in no order. What is deleted meanwhile may be missing, what is added may be there."""
    bucket = _bucket(storage)
    if bucket is None:
        folder = Path(storage.path(""))
        yield from _walk(str(folder), str(folder)) if folder.is_dir() else ()
        return
    prefix = _prefix(storage)
    for found in bucket.objects.filter(Prefix=prefix):
        yield Listed(found.key.removeprefix(prefix), found.size, found.last_modified)


def unfinished(storage: Storage) -> Iterator[Unfinished]:
    """The uploads in parts to ``storage`` that are under way or were broken off. A disk has none."""
    bucket = _bucket(storage)
    if bucket is None:
        return
    prefix = _prefix(storage)
    pages = bucket.meta.client.get_paginator("list_multipart_uploads")
    for page in pages.paginate(Bucket=bucket.name, Prefix=prefix):
        for found in page.get("Uploads", ()):
            yield Unfinished(found["Key"].removeprefix(prefix), found["UploadId"], found["Initiated"])


def abort(storage: Storage, upload: Unfinished) -> None:
    """Give up an upload in parts: the parts that had come are deleted."""
    bucket = _bucket(storage)
    key = _prefix(storage) + upload.key
    bucket.meta.client.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=upload.upload_id)


def pieces(storage: Storage, key: str) -> Iterator[bytes]:
    """The bytes of a file, at most PIECE at once. Raises FileNotFoundError where there is none."""
    bucket = _bucket(storage)
    try:
        if bucket is None:
            with storage.open(key) as file:
                yield from iter(lambda: file.read(PIECE), b"")
        else:
            body = bucket.Object(_prefix(storage) + key).get()["Body"]
            with body:
                yield from body.iter_chunks(PIECE)
    except unreachable() as error:
        if isinstance(error, FileNotFoundError) or storage.exists(key):
            raise
        raise FileNotFoundError(f"There is no file {key}.") from error


def sha256(storage: Storage, key: str) -> str:
    """The SHA-256 of a file, in bounded memory. Raises FileNotFoundError where there is none."""
    digest = hashlib.sha256()
    for piece in pieces(storage, key):
        digest.update(piece)
    return digest.hexdigest()


def unreachable() -> tuple[type[Exception], ...]:
    """What is raised where a storage or the database does not answer as it should."""
    known: list[type[Exception]] = [OSError, DatabaseError]
    # boto3 takes a third of a second to import: who never asked S3 cannot have met its errors.
    if botocore := sys.modules.get("botocore.exceptions"):
        known += [botocore.BotoCoreError, botocore.ClientError]
    return tuple(known)


def _bucket(storage: Storage) -> Any:
    """The bucket of a storage on S3; None for a disk."""
    return getattr(storage, "bucket", None)


def _prefix(storage: Storage) -> str:
    """How the names of the storage's files begin in its bucket."""
    location: str = getattr(storage, "location", "").strip("/")
    return f"{location}/" if location else ""


def _walk(folder: str, top: str) -> Iterator[Listed]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, top)
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            key = os.path.relpath(entry.path, top).replace(os.sep, "/")
            yield Listed(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
