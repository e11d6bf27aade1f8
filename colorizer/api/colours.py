from uuid import UUID

from django.http import HttpResponse
from ninja import Router

from ..selectors import colours as selectors
from ..services import colours as service
from ..views import access
from . import caller, present, schemas
from .caller import ApiRequest
from .described import fails

router = Router(tags=["Colours"])


@router.get(
    "/colours",
    auth=caller.READ,
    response=schemas.ColourList,
    url_name="colours",
    summary="The colours that the family keeps for a person or a thing",
)
def colours(request: ApiRequest) -> schemas.ColourList:
    found = selectors.of_family(caller.family(request).pk)
    return schemas.ColourList(items=[present.colour(each) for each in found])


@router.post(
    "/colours",
    auth=caller.WRITE,
    response={201: schemas.ColourOut},
    url_name="colours",
    summary="Keep a colour for the next photo",
    openapi_extra=fails(409, 413, 415, 422),
)
def colour_new(request: ApiRequest, response: HttpResponse, body: schemas.ColourIn) -> schemas.ColourOut:
    access.check(caller.user(request), caller.family(request).pk, edit=True)
    made = service.keep(family=caller.family(request), by=caller.user(request), **body.model_dump())
    response["Location"] = present.link("colour", made.pk)
    return present.colour(made)


@router.patch(
    "/colours/{uuid:pk}",
    auth=caller.WRITE,
    response=schemas.ColourOut,
    url_name="colour",
    summary="Name a kept colour anew, or give it another colour",
    openapi_extra=fails(404, 409, 413, 415, 422),
)
def colour_edit(request: ApiRequest, pk: UUID, body: schemas.ColourIn) -> schemas.ColourOut:
    found = caller.colour(request, pk, edit=True)
    service.change(kept=found, **body.model_dump())
    return present.colour(found)


@router.delete(
    "/colours/{uuid:pk}",
    auth=caller.WRITE,
    response={204: None},
    url_name="colour",
    summary="Keep a colour no longer",
    description="Photos that were coloured with it stay as they are.",
    openapi_extra=fails(404),
)
def colour_delete(request: ApiRequest, pk: UUID) -> None:
    service.forget(kept=caller.colour(request, pk, edit=True))
