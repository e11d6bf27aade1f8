from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router

from ..models import Coloring
from . import caller, present, schemas
from .caller import ApiRequest
from .described import fails

router = Router(tags=["Colorings"])


@router.get(
    "/photos/{uuid:pk}/colorings",
    auth=caller.READ,
    response=schemas.ColoringList,
    url_name="photo_colorings",
    summary="The colourings of a photo, latest first",
    openapi_extra=fails(404),
)
def photo_colorings(request: ApiRequest, pk: UUID) -> schemas.ColoringList:
    photo = caller.photo(request, pk)
    found = photo.colorings.select_related("model_version").order_by("-created_at")[:100]
    return schemas.ColoringList(items=[present.coloring(each, photo=photo) for each in found])


@router.get(
    "/colorings/{uuid:pk}",
    auth=caller.READ,
    response=schemas.ColoringOut,
    url_name="coloring",
    summary="One colouring, and how far it is",
    description="While it waits or runs, the header Retry-After says when to look again.",
    openapi_extra=fails(404),
)
def coloring(request: ApiRequest, response: HttpResponse, pk: UUID) -> schemas.ColoringOut:
    own = Coloring.objects.for_user(caller.user(request)).select_related("model_version")
    found = get_object_or_404(own, pk=pk)
    photo = caller.photo(request, found.photo_id)
    for name, value in present.retry_after(photo).items() if found.is_open else ():
        response[name] = value
    return present.coloring(found, photo=photo)
