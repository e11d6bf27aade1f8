from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from ..models import Coloring, Photo
from ..services import coloring as service
from ..services import corrections, trash
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


@router.post(
    "/photos/{uuid:pk}/colorings",
    auth=caller.WRITE,
    response={201: schemas.ColoringOut},
    url_name="photo_colorings",
    summary="Have a photo coloured with what is known of it",
    description="It goes before the bulk, and is what the family sees as soon as it is done. What they see until then "
    "stays as a version. While another colouring of the photo is under way the answer is 409. A `reference` is "
    "another photo of the family that is in colour; where it fits too little, the colouring fails with "
    "`reference_unfit`, and the photo keeps what it showed.",
    openapi_extra=fails(404, 409, 413, 415, 422),
)
def coloring_new(
    request: ApiRequest, response: HttpResponse, pk: UUID, body: schemas.ColoringIn
) -> schemas.ColoringOut:
    photo = caller.photo(request, pk, edit=True)
    if body.reference:
        caller.photo(request, body.reference)
    made = corrections.save(photo=photo, asked=body, name=body.name)
    response["Location"] = present.link("coloring", made.pk)
    return _shown(response, made, caller.photo(request, made.photo_id))


@router.patch(
    "/colorings/{uuid:pk}",
    auth=caller.WRITE,
    response=schemas.ColoringOut,
    url_name="coloring",
    summary="Name a version of a photo",
    openapi_extra=fails(404, 413, 415, 422),
)
def coloring_edit(
    request: ApiRequest, response: HttpResponse, pk: UUID, body: schemas.ColoringPatch
) -> schemas.ColoringOut:
    found = caller.coloring(request, pk, edit=True)
    service.rename(coloring=found, name=body.name)
    return _shown(response, found, found.photo)


@router.delete(
    "/colorings/{uuid:pk}",
    auth=caller.WRITE,
    response={204: None},
    url_name="coloring",
    summary="Delete a version of a photo for ever",
    description="With its files. The one that the family sees, and one that is being worked on, stay: 409.",
    openapi_extra=fails(404, 409),
)
def coloring_delete(request: ApiRequest, pk: UUID) -> None:
    trash.purge_version(version=caller.coloring(request, pk, edit=True), by=caller.user(request))


@router.post(
    "/colorings/{uuid:pk}/show",
    auth=caller.WRITE,
    response=schemas.ColoringOut,
    url_name="coloring_show",
    summary="Choose the version of a photo that the family sees",
    description="Files, ZIPs and shared links follow. A version without colours is answered 409.",
    openapi_extra=fails(404, 409),
)
def coloring_show(request: ApiRequest, response: HttpResponse, pk: UUID) -> schemas.ColoringOut:
    found = caller.coloring(request, pk, edit=True)
    service.show(coloring=found)
    return _shown(response, found, caller.photo(request, found.photo_id))


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
    found = caller.coloring(request, pk)
    return _shown(response, found, found.photo)


def _shown(response: HttpResponse, found: Coloring, photo: Photo) -> schemas.ColoringOut:
    for name, value in present.retry_after(photo).items() if found.is_open else ():
        response[name] = value
    return present.coloring(found, photo=photo)
