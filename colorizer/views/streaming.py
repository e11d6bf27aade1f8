"""Giving out bytes: whole or a part of them, once or not again, and never all of them in memory."""

import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from ..storage import StoredFile
from ..stores import NoSuchPart, Part

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
KEPT_SECONDS = 120
"""So long a browser may follow a link to the store again before it asks anew; well within the link's own time."""


def stored_file(
    request: HttpRequest, file: StoredFile, *, immutable: bool, download_as: str | None, may_link: bool = True
) -> HttpResponseBase:
    """Answer with ``file``: 200, 206 for a part, 304 where the browser has it, 416 for a part that is not there.

    Where browsers reach the store itself, the answer is a short-lived link to it, unless ``may_link`` is False.

    Raises:
        FileNotFoundError: the storage does not have it.
        Unavailable: the storage does not answer.
    """
    disposition = content_disposition_header(bool(download_as), download_as or "") or ""
    if may_link and request.method == "GET" and (url := _public_url(file, disposition)):
        elsewhere = HttpResponseRedirect(url)
        elsewhere["Cache-Control"] = f"private, max-age={KEPT_SECONDS}" if immutable else "private, no-store"
        return guarded(elsewhere)
    etag = f'"{file.version}-{file.key.rpartition("/")[2]}"'
    response = get_conditional_response(request, etag=etag) or _whole_or_part(request, file, etag=etag)
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=31536000, immutable" if immutable else "private, no-cache"
    if response.status_code in (200, 206) and disposition:
        response["Content-Disposition"] = disposition
    return guarded(response)


def guarded(response: HttpResponseBase) -> HttpResponseBase:
    """Tell the browser to take the bytes for what they are called, and to run nothing in them."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def stream(request: HttpRequest, chunks: Iterable[bytes], *, content_type: str) -> StreamingHttpResponse:
    """``chunks`` as they come. Under ASGI each is made in a thread, so that no other page waits for a disk."""
    body = _InThreads(chunks) if isinstance(request, ASGIRequest) else chunks
    return StreamingHttpResponse(body, content_type=content_type)


def file_chunks(file: StoredFile, *, start: int, stop: int) -> Iterator[bytes]:
    """The bytes of ``file`` from ``start`` to before ``stop``. It is opened when the first of them is asked for."""
    with closing(file.storage.part(file.key, start=start, stop=stop)) as part:
        yield from part


def _public_url(file: StoredFile, disposition: str) -> str | None:
    return file.storage.public_url(file.key, content_type=file.content_type, disposition=disposition or "inline")


def _whole_or_part(request: HttpRequest, file: StoredFile, *, etag: str) -> HttpResponseBase:
    if request.method == "HEAD":
        response = HttpResponse(content_type=file.content_type)
        response["Content-Length"] = str(file.storage.size(file.key))
        return response
    # A part of an older version would not fit: If-Range says which one the browser has the rest of.
    asked = request.headers.get("Range", "") if request.headers.get("If-Range", etag) == etag else ""
    wanted = _wanted(asked)
    try:
        # Asked for here and now: what is missing is told while there is still a status to tell it by.
        part = file.storage.part(file.key, start=wanted.start, stop=wanted.stop) if wanted else _whole(file)
    except NoSuchPart as error:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{error.total}"})
    streamed = stream(request, part, content_type=file.content_type)
    streamed["Content-Length"] = str(part.stop - part.start)
    if wanted:
        streamed.status_code = 206
        streamed["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{part.total}"
    return streamed


def _whole(file: StoredFile) -> Part:
    return file.storage.part(file.key)


class _Wanted(NamedTuple):
    start: int
    stop: int | None


def _wanted(asked: str) -> _Wanted | None:
    """The part that a Range header asks for, as RFC 9110 reads it; None where it asks for none that we know to give.

    A negative start counts from the end; the last no bytes begin behind any file's end.
    """
    found = _RANGE.fullmatch(asked.strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return _Wanted(-int(last) or sys.maxsize, None)
    if last and int(last) < int(first):
        return None
    return _Wanted(int(first), int(last) + 1 if last else None)


class _InThreads:
    """``chunks``, each made in a thread. What they come from is closed at the end, or where the reader goes away."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        steps = iter(self._chunks)
        step = sync_to_async(lambda: next(steps, None), thread_sensitive=False)
        try:
            while (chunk := await step()) is not None:
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        if isinstance(self._chunks, Part):
            self._chunks.close()
