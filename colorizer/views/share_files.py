"""The bytes that a share gives out: never more than the photo itself."""

from collections.abc import Iterator
from itertools import chain
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from .. import limits, naming, stripping
from ..models import Share
from ..selectors import shared_files
from ..selectors.shared_files import SharedFile
from ..storage import StoredFile
from . import streaming
from .visitors import gone, visitors


@require_safe
@visitors()
def share_file(request: HttpRequest, share: Share, token: str, pk: UUID, what: str) -> HttpResponseBase:
    """A small rendition, or the full size without metadata where the share allows it, of a photo that lies in it."""
    found = shared_files.file(share, pk, what)
    if found is None:
        return gone(request)
    try:
        if not found.is_full_size:
            # Never by a link to the store: that would go on working when the share has ended.
            return streaming.stored_file(request, found.file, immutable=False, download_as=None, may_link=False)
        return _full_size(request, found, download="download" in request.GET)
    except (FileNotFoundError, stripping.Unknown):
        return gone(request)


@require_safe
@visitors()
def share_download(request: HttpRequest, share: Share, token: str) -> HttpResponseBase:
    """All photos in one ZIP. How long it gets is known only once they are stripped, so it comes without a length."""
    files = shared_files.files(share, request.GET.get("what", "colour"))
    if share.album is None or not files:
        return redirect("share", token=token)
    limits.take("share download", (share.pk, limits.client(request)), "12/h")
    title = naming.stem(share.album.title)
    response = streaming.stream(request, shared_files.packed(files, _read), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, f"{title}.zip") or "attachment"
    return streaming.guarded(response)


def _full_size(request: HttpRequest, found: SharedFile, *, download: bool) -> HttpResponseBase:
    """Raises FileNotFoundError and stripping.Unknown before anything is sent."""
    etag = f'"{found.file.version}-{found.file.ending}-bare"'
    response = get_conditional_response(request, etag=etag) or _body(request, found)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    if name := content_disposition_header(download, f"{found.name}.{found.file.ending}" if download else ""):
        response["Content-Disposition"] = name
    return streaming.guarded(response)


def _body(request: HttpRequest, found: SharedFile) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(content_type=found.file.content_type)
    pieces = shared_files.bare(found, _read)
    first = next(pieces)
    return streaming.stream(request, chain([first], pieces), content_type=found.file.content_type)


def _read(file: StoredFile, start: int, stop: int) -> Iterator[bytes]:
    return streaming.file_chunks(file, start=start, stop=stop)
