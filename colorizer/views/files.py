from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from .. import naming, storage
from ..models import Coloring, Photo
from . import access, streaming
from .access import FamilyRequest, signed_in


@signed_in
@require_safe
def photo_file(request: FamilyRequest, pk: UUID, what: str) -> HttpResponseBase:
    return give(request, access.photo_for_file(request.user, pk), what)


@signed_in
@require_safe
def version_file(request: FamilyRequest, pk: UUID, version: UUID, what: str) -> HttpResponseBase:
    photo = access.photo_for_file(request.user, pk)
    return give(request, photo, what, version=access.version(photo, version))


def give(request: HttpRequest, photo: Photo, what: str, *, version: Coloring | None = None) -> HttpResponseBase:
    """The one way out for a photo's bytes, once it is known that the one who asks may see it.

    A script that works on pixels asks with ``?here``: what comes from another host it could not read.
    """
    file = storage.file_of(photo, what, version=version)
    if file is None:
        raise Http404
    name = f"{naming.of_photo(photo, what)}.{file.ending}" if "download" in request.GET else None
    immutable = request.GET.get("v") == str(file.version)
    try:
        return streaming.stored_file(
            request, file, immutable=immutable, download_as=name, may_link="here" not in request.GET
        )
    except FileNotFoundError as error:
        raise Http404 from error
