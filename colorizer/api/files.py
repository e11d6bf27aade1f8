from uuid import UUID

from django.http import HttpResponseBase
from ninja import Router

from ..views import access, files
from . import caller
from .caller import ApiRequest
from .described import gives_file
from .schemas import Rendition

router = Router(tags=["Files"])


@router.get(
    "/photos/{uuid:pk}/original",
    auth=caller.READ,
    url_name="photo_original",
    summary="The uploaded file, untouched",
    openapi_extra=gives_file(),
)
def photo_original(request: ApiRequest, pk: UUID) -> HttpResponseBase:
    return _file(request, pk, "original")


@router.get(
    "/photos/{uuid:pk}/result",
    auth=caller.READ,
    url_name="photo_result",
    summary="The photo in colour, at full size",
    description="404 until there is one.",
    openapi_extra=gives_file(),
)
def photo_result(request: ApiRequest, pk: UUID) -> HttpResponseBase:
    return _file(request, pk, "result")


@router.get(
    "/colorings/{uuid:pk}/result",
    auth=caller.READ,
    url_name="coloring_result",
    summary="A version of a photo at full size, whichever the family sees",
    description="404 until it is done.",
    openapi_extra=gives_file(),
)
def coloring_result(request: ApiRequest, pk: UUID) -> HttpResponseBase:
    found = caller.coloring(request, pk)
    return files.give(request, found.photo, "result", version=found)


@router.get(
    "/photos/{uuid:pk}/renditions/{name}",
    auth=caller.READ,
    url_name="photo_rendition",
    summary="The photo as a screen shows it, before and in colour",
    description="480 or 1600 pixels on the long side, or full size in a format that browsers show.",
    openapi_extra=gives_file(422),
)
def photo_rendition(request: ApiRequest, pk: UUID, name: Rendition) -> HttpResponseBase:
    return _file(request, pk, name)


def _file(request: ApiRequest, pk: UUID, what: str) -> HttpResponseBase:
    photo = access.photo_for_file(caller.user(request), pk, family=caller.family(request))
    return files.give(request, photo, what)
