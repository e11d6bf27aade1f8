"""Each storage, tried for real: written, read, reached by a signed link, not reached without, and deleted."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from secrets import token_bytes
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.utils import timezone

from colorizer.storage import probe_key

from .finding import Finding, brief, fail, ok
from .machine import CLOCK_OFF, compared

ALIASES = ("originals", "results", "models")
SECONDS = 10
SHOULD_BE_REFUSED = (400, 401, 403)


def storage(alias: str) -> Iterator[Finding]:
    """Write, read, sign and delete a small file of its own, which no page ever shows."""
    what, store, key, content = f"storage {alias}", storages[alias], probe_key(uuid4()), token_bytes(1000)
    step = "be written to"
    try:
        store.save(key, ContentFile(content))
        step = "be read"
        with store.open(key) as file:
            if file.read() != content:
                yield fail(what, "It gives back other bytes than were written.", "Do not use it; look at its disks.")
                return
        step = "say when a file was written"
        ahead = (store.get_modified_time(key) - timezone.now()).total_seconds()
        step = "make links"
        signed = _signed(store, key, content)
    except Exception as error:
        yield fail(what, f"It cannot {step}: {brief(error)}", _advice(store))
        return
    finally:
        deleted = _delete(store, key)
    if isinstance(deleted, str):
        yield fail(what, f"It cannot delete: {deleted}", _advice(store))
    elif isinstance(signed, Finding):
        yield signed
    else:
        yield ok(what, f"{_name(store)}: written, read, {signed}, deleted.")
    if abs(ahead) > CLOCK_OFF:
        yield compared("clock", f"that of {what}", ahead)


def _signed(store: Storage, key: str, content: bytes) -> str | Finding:
    """What can be said of a link to ``key``: a storage of files makes none."""
    if not hasattr(store, "bucket_name"):
        return "reached through the site alone"
    url = store.url(key)
    status, body = _get(url)
    if (status, body) != (200, content):
        says = f"A link that it signed is answered with {status}."
        return fail("storage", says, "Look at the clocks, the region (S3_REGION) and the keys.")
    status, _ = _get(urlunsplit(urlsplit(url)._replace(query="")))
    if status not in SHOULD_BE_REFUSED:
        says = f"Without a signature it answers with {status}: photos may be open to strangers."
        return fail("storage", says, "Make the bucket private: block all public access, and remove its public policy.")
    return "signed, refused without a signature"


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - the settings' own address
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""


def _delete(store: Storage, key: str) -> str | None:
    """What went wrong, or None."""
    try:
        store.delete(key)
        return "the file is still there." if store.exists(key) else None
    except Exception as error:
        return brief(error)


def _name(store: Storage) -> str:
    if bucket := getattr(store, "bucket_name", None):
        return f"bucket {bucket} at {getattr(store, 'endpoint_url', None) or 'AWS'}"
    return str(getattr(store, "location", type(store).__name__))


def _advice(store: Storage) -> str:
    if hasattr(store, "bucket_name"):
        return "Start the store and look at S3_ENDPOINT, S3_BUCKET and the keys; manage.py setup makes the bucket."
    return "Look at the free space and the rights of that folder: it belongs to the user who runs the site."
