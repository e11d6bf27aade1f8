"""Giving out bytes: whole or a part of them, once or not again, and never all of them in memory."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from ..storage import StoredFile

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


def stored_file(
    request: HttpRequest, file: StoredFile, *, immutable: bool, download_as: str | None
) -> HttpResponseBase:
    """Answer with ``file``: 200, 206 for a part, 304 where the browser has it, 416 for a part that is not there.

    Raises:
        FileNotFoundError: the storage does not have it.
    """
    size = file.storage.size(file.key)
    etag = f'"{file.version}-{file.key.rpartition("/")[2]}-{size}"'
    response = get_conditional_response(request, etag=etag) or _whole_or_part(request, file, size=size, etag=etag)
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=31536000, immutable" if immutable else "private, no-cache"
    if response.status_code in (200, 206) and (
        name := content_disposition_header(bool(download_as), download_as or "")
    ):
        response["Content-Disposition"] = name
    return guarded(response)


def guarded(response: HttpResponseBase) -> HttpResponseBase:
    """Tell the browser to take the bytes for what they are called, and to run nothing in them."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def stream(request: HttpRequest, chunks: Iterable[bytes], *, content_type: str) -> StreamingHttpResponse:
    """``chunks`` as they come. Under ASGI each is made in a thread, so that no other page waits for a disk."""
    body = _in_threads(iter(chunks)) if isinstance(request, ASGIRequest) else chunks
    return StreamingHttpResponse(body, content_type=content_type)


def file_chunks(file: StoredFile, *, start: int, stop: int) -> Iterator[bytes]:
    """The bytes of ``file`` from ``start`` to before ``stop``. It is opened when the first of them is asked for."""
    with file.storage.open(file.key) as opened:
        opened.seek(start)
        while start < stop and (chunk := opened.read(min(CHUNK, stop - start))):
            start += len(chunk)
            yield chunk


def _whole_or_part(request: HttpRequest, file: StoredFile, *, size: int, etag: str) -> HttpResponseBase:
    # A part of an older version would not fit: If-Range says which one the browser has the rest of.
    ranged = request.method == "GET" and request.headers.get("If-Range", etag) == etag
    part = _part(request.headers.get("Range", ""), size) if ranged else None
    if part is not None and part.start >= size:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    wanted = range(size) if part is None else part
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=file.content_type)
    else:
        chunks = file_chunks(file, start=wanted.start, stop=wanted.stop)
        response = stream(request, chunks, content_type=file.content_type)
    response["Content-Length"] = str(wanted.stop - wanted.start)
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return response


def _part(asked: str, size: int) -> range | None:
    """The part that a Range header asks for, as RFC 9110 reads it; None where it asks for none that we know to give."""
    found = _RANGE.fullmatch(asked.strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size) if int(last) else range(size, size + 1)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    step = sync_to_async(lambda: next(chunks, None), thread_sensitive=False)
    # Where the reader goes away in the middle, what made the chunks closes its file as it is dropped.
    while (chunk := await step()) is not None:
        yield chunk
