"""An S3 store: any that speaks S3, by way of django-storages.

From django-storages come the settings, names and listing. Reading and writing are ours: its files are fetched whole
before the first byte is read, and its writes replace what is there.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from typing import IO, Any
from uuid import uuid4

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import JSONFileLoader, Loader
from django.core.files import File
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

from .base import CHUNK, HalfWritten, NoSuchPart, Part, Store, Stored, Unavailable, bounds, read_chunks

PIECE = 5 * 1024 * 1024
"""Bytes of one piece of a large file; a write holds three of them in memory. S3 takes no smaller ones."""
MOST_RESUMED = 3
"""So often a reading that broke off goes on where it was."""
CONNECT_SECONDS, ANSWER_SECONDS, TRIES = 2, 10, 2
"""A store that is gone is known to be so after 5 s, one that takes connections and says nothing after 20 s."""
MOST_CONNECTIONS = 64
_TAKEN = (409, 412)
_NO_CONDITIONS = (400, 501)


def client_config(*, addressing_style: str) -> Config:
    """How the client behaves. A configuration of one's own replaces all of django-storages', so all of it is here."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style},
        # Stores other than Amazon's own refuse, or misread, the checksums that boto3 adds unasked.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        max_pool_connections=MOST_CONNECTIONS,
        tcp_keepalive=True,
    )


class ObjectStore(S3Storage, Store):  # type: ignore[misc]
    """A bucket, or what lies in it under ``location``. Clients are shared by all threads and all stores of one key.

    Beside django-storages' own settings: ``public_endpoint``, the address at which browsers reach the store, if any.
    """

    def __init__(self, **settings: Any) -> None:
        self.public_endpoint: str | None = settings.pop("public_endpoint", None)
        super().__init__(**settings)

    @property
    def _access(self) -> tuple[Any, ...]:
        return (self.region_name, self.access_key, self.secret_key, self.client_config)

    @property
    def client(self) -> Any:
        """Of botocore, for what no store has a word for."""
        return _client_at(self.endpoint_url, *self._access)

    # --- Writing --------------------------------------------------------------------------------------------------

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # `_save` refuses one that is taken; another name would be no use

    def _save(self, name: str, content: "File[bytes]") -> str:
        # Some stores ignore the condition that the write itself carries.
        if self.exists(name):
            raise FileExistsError(f"{name} exists already.")
        with _told(name):
            try:
                self._write(name, content, condition={"IfNoneMatch": "*"})
            except ClientError as error:
                if _status(error) not in _NO_CONDITIONS:
                    raise
                self._write(name, content, condition={})
        return name

    def replace(self, key: str, content: "File[bytes]") -> None:
        with _told(key):
            self._write(key, content, condition={})

    def _write(self, key: str, content: "File[bytes]", *, condition: dict[str, str]) -> None:
        """Raises FileExistsError where the condition does not hold, and ClientError."""
        content.seek(0)
        writer = uuid4().hex
        more = {"Metadata": {"writer": writer}, "ContentType": self._get_write_parameters(key, content)["ContentType"]}
        try:
            if content.size < PIECE:
                self.client.put_object(**self._at(key), Body=content.read(), **more, **condition)
            else:
                self._write_pieces(key, content, more, condition)
        except ClientError as error:
            is_taken = bool(condition) and _status(error) in _TAKEN
            if not is_taken and _status(error) != 404:
                raise
            # A write whose answer was lost is tried again by the client, and then finds itself.
            if not self._was_written_by(key, writer):
                raise FileExistsError(f"{key} exists already.") if is_taken else error from None

    def _write_pieces(self, key: str, content: "File[bytes]", more: dict[str, Any], condition: dict[str, str]) -> None:
        upload = self.client.create_multipart_upload(**self._at(key), **more)["UploadId"]
        where = {**self._at(key), "UploadId": upload}
        pieces: list[dict[str, Any]] = []
        try:
            while piece := content.read(PIECE):
                number = len(pieces) + 1
                tag = self.client.upload_part(**where, PartNumber=number, Body=piece)["ETag"]
                pieces.append({"PartNumber": number, "ETag": tag})
            self.client.complete_multipart_upload(**where, MultipartUpload={"Parts": pieces}, **condition)
        except BaseException:
            # One that does not even hear this is found by `half_written`.
            with suppress(BotoCoreError, ClientError):
                self.client.abort_multipart_upload(**where)
            raise

    def _was_written_by(self, key: str, writer: str) -> bool:
        try:
            return bool(self.client.head_object(**self._at(key))["Metadata"].get("writer") == writer)
        except ClientError as error:
            if _status(error) == 404:
                return False
            raise

    # --- Reading --------------------------------------------------------------------------------------------------

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError(f"A stored file is opened to be read ('rb'), not as {mode!r}.")
        with _told(name):
            reader = _Reader(self.client, self._at(name))
        return File(io.BufferedReader(reader, CHUNK), name)

    def part(self, key: str, *, start: int = 0, stop: int | None = None) -> Part:
        last = "" if stop is None else stop - 1
        with _told(key):
            if start < 0:
                start, stop = bounds(start, stop, self.size(key))
            source = _Reader(self.client, self._at(key), start=start, last=last)
            try:
                start, stop = bounds(start, stop, source.total)
            except NoSuchPart:
                source.close()
                raise
        chunks = read_chunks(source, stop - start)
        return Part(chunks, close=source.close, start=start, stop=stop, total=source.total)

    # --- Looking --------------------------------------------------------------------------------------------------

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        with _told(name):
            return int(self.client.head_object(**self._at(name))["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        with _told(name):
            changed: datetime = self.client.head_object(**self._at(name))["LastModified"]
            return changed

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), _told(name):
            self.client.delete_object(**self._at(name))

    def files(self, prefix: str = "") -> Iterator[Stored]:
        for each in self._listed("list_objects_v2", "Contents", prefix):
            yield Stored(self._key(each["Key"]), each["Size"], each["LastModified"])

    def half_written(self) -> Iterator[HalfWritten]:
        for each in self._listed("list_multipart_uploads", "Uploads", ""):
            yield HalfWritten(self._key(each["Key"]), each["Initiated"], each["UploadId"])

    def forget(self, half: HalfWritten) -> None:
        with suppress(FileNotFoundError), _told(half.key):
            self.client.abort_multipart_upload(**self._at(half.key), UploadId=half.handle)

    def public_url(self, key: str, *, content_type: str, disposition: str) -> str | None:
        if not self.public_endpoint:
            return None
        client = _client_at(self.public_endpoint, *self._access)
        # What the store has noted of the file may be less exact than what the site says of it.
        answer = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        url: str = client.generate_presigned_url(
            "get_object", Params={**self._at(key), **answer}, ExpiresIn=self.querystring_expire
        )
        return url

    def _listed(self, operation: str, what: str, prefix: str) -> Iterator[dict[str, Any]]:
        under = f"{self.location}/" if self.location else ""
        with _told(prefix):
            pages = self.client.get_paginator(operation).paginate(Bucket=self.bucket_name, Prefix=f"{under}{prefix}")
            for page in pages:
                yield from page.get(what, [])

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(key)}

    def _key(self, name: str) -> str:
        return name[len(self.location) :].lstrip("/")


class _Reader(io.RawIOBase):
    """An object from ``start`` to the end, or to its byte ``last``; opened at once, and anew where one seeks.

    ``total`` is the size of the whole object. Where the store falls silent in the middle, the rest is asked for again,
    of the same object only.
    """

    def __init__(self, client: Any, where: dict[str, str], *, start: int = 0, last: int | str = "") -> None:
        self._client = client
        self._where = where
        self._at = start
        self._last = last
        self._resumed = 0
        self._tag: str | None = None
        self._body: IO[bytes] | None = None
        self._begin()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        wanted = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.total}[whence]
        if wanted != self._at:
            self._leave()
            self._at = max(wanted, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        with _told(self._where["Key"]):
            while True:
                if self._body is None:
                    if self._at >= self.total:
                        return 0
                    self._begin()
                try:
                    chunk = self._body.read(len(buffer))  # type: ignore[union-attr]
                    break
                except (BotoCoreError, HTTPError, OSError):
                    self._leave()
                    self._resumed += 1
                    if self._resumed > MOST_RESUMED:
                        raise
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)

    def close(self) -> None:
        self._leave()
        super().close()

    def _begin(self) -> None:
        ranged = {"Range": f"bytes={self._at}-{self._last}"} if self._at or self._last != "" else {}
        same = {"IfMatch": self._tag} if self._tag else {}
        try:
            answer = self._client.get_object(**self._where, **ranged, **same)
        except ClientError as error:
            if _status(error) != 416:
                raise
            raise NoSuchPart(int(self._client.head_object(**self._where)["ContentLength"])) from error
        self._tag = answer["ETag"]
        self._body = answer["Body"]
        whole = answer.get("ContentRange", "").rpartition("/")[2]
        self.total = int(whole or answer["ContentLength"])

    def _leave(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


_making = threading.Lock()


def _client_at(*how: Any) -> BaseClient:
    with _making:  # to make one takes a fifth of a second; all threads can share it
        return _make_client(*how)


@lru_cache(maxsize=16)
def _make_client(endpoint: str | None, region: str, access_key: str, secret_key: str, config: Config) -> BaseClient:
    session = botocore.session.Session()
    session.register_component("data_loader", Loader(file_loader=OfS3Alone()))
    keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return session.create_client("s3", region_name=region, endpoint_url=endpoint, config=config, **keys)


class OfS3Alone(JSONFileLoader):  # type: ignore[misc]
    """Botocore's own files without the words for people and without the regions of other services: 10 MB of memory."""

    def load_file(self, file_path: str) -> Any:
        return _without_words(super().load_file(file_path))


def _without_words(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_words(each) for each in data]
    if not isinstance(data, dict):
        return data
    if "services" in data and "partition" in data:
        data = data | {"services": {"s3": data["services"].get("s3", {})}}
    return {name: "" if name == "documentation" else _without_words(each) for name, each in data.items()}


@contextmanager
def _told(key: str) -> Iterator[None]:
    """What the client raises, as every store says it."""
    try:
        yield
    except ClientError as error:
        if _status(error) == 404 and error.response.get("Error", {}).get("Code") != "NoSuchBucket":
            raise FileNotFoundError(f"{key} is not there.") from error
        raise Unavailable(f"The store answered {_status(error)} for {key}: {error}") from error
    except (BotoCoreError, HTTPError) as error:
        raise Unavailable(f"The store does not answer for {key}: {error}") from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
