from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .. import naming
from ..selectors import archive
from . import access, streaming
from .access import FamilyRequest, signed_in


@signed_in
@require_safe
def album_download(request: FamilyRequest, pk: UUID) -> HttpResponseBase:
    album, what = access.album(request.user, pk), request.GET.get("what", "colour")
    if what not in archive.WHATS:
        raise Http404
    files = archive.files(album=album, what=what)
    if not files:
        messages.info(request, _("There is nothing to download yet."))
        return redirect("album", pk=pk)
    packed = archive.packed(files)
    response = streaming.stream(request, packed, content_type="application/zip")
    response["Content-Length"] = str(len(packed))
    response["Content-Disposition"] = (
        content_disposition_header(True, f"{naming.stem(album.title)}.zip") or "attachment"
    )
    response["Cache-Control"] = "private, no-store"
    return streaming.guarded(response)
