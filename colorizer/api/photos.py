from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import File, Form, Router
from ninja.files import UploadedFile

from .. import limits, storage
from ..models import Photo, Status
from ..selectors import gallery, queue
from ..services import coloring, intake, trash
from ..services import photo as service
from . import caller, present, schemas
from .caller import ApiRequest
from .described import fails
from .problems import Problem

router = Router(tags=["Photos"])
A_PHOTO = {
    "content": {
        "multipart/form-data": {"encoding": {"file": {"contentType": ", ".join(storage.CONTENT_TYPES.values())}}}
    }
}
"""What an upload's part “file” may be."""


@router.post(
    "/photos",
    auth=caller.WRITE,
    response={201: schemas.PhotoOut},
    url_name="photos",
    summary="Upload a photo",
    description="One file. It is read and coloured as soon as a worker is free: look at the photo's address for how "
    "far it is. The same file once more is answered 409 with the id of the photo that is here already.",
    openapi_extra=fails(404, 409, 413, 415, 422, requestBody=A_PHOTO),
)
def upload(
    request: ApiRequest,
    response: HttpResponse,
    file: File[UploadedFile],
    where: Form[schemas.Where],
) -> schemas.PhotoOut:
    limits.take("upload", caller.user(request).pk, limits.UPLOADS)
    family = caller.family(request)
    into = caller.album(request, where.album, edit=True) if where.album else family
    # The first few photos go before the bulk, as those of an upload on the page do.
    position = queue.originals_open(family_id=family.pk) + 1
    made = intake.accept(into=into, user=caller.user(request), upload=file, position=position)
    response["Location"] = present.link("photo", made.pk)
    return _shown(response, gallery.with_colors([made])[0])


@router.get(
    "/photos/{uuid:pk}",
    auth=caller.READ,
    response=schemas.PhotoOut,
    url_name="photo",
    summary="One photo, and how far it is",
    description="While it is being read or coloured, the header Retry-After says when to look again.",
    openapi_extra=fails(404),
)
def photo(request: ApiRequest, response: HttpResponse, pk: UUID) -> schemas.PhotoOut:
    return _shown(response, caller.photo(request, pk))


@router.patch(
    "/photos/{uuid:pk}",
    auth=caller.WRITE,
    response=schemas.PhotoOut,
    url_name="photo_edit",
    summary="Tell a photo's story",
    openapi_extra=fails(404, 413, 415, 422),
)
def photo_edit(request: ApiRequest, response: HttpResponse, pk: UUID, body: schemas.PhotoPatch) -> schemas.PhotoOut:
    found = caller.photo(request, pk, edit=True)
    told = {"caption": found.caption, "taken": found.taken, "people": found.people}
    service.describe(photo=found, **told | body.model_dump(exclude_unset=True))
    return _shown(response, found)


@router.delete(
    "/photos/{uuid:pk}",
    auth=caller.WRITE,
    response={204: None},
    url_name="photo_delete",
    summary="Put a photo in the trash",
    description="It can be restored for 30 days.",
    openapi_extra=fails(404),
)
def photo_delete(request: ApiRequest, pk: UUID) -> None:
    trash.delete_photo(photo=caller.photo(request, pk, edit=True), by=caller.user(request))


@router.post(
    "/photos/{uuid:pk}/restore",
    auth=caller.WRITE,
    response=schemas.PhotoOut,
    url_name="photo_restore",
    summary="Take a photo out of the trash",
    description="One whose album lies there, too, is answered 404: restore the album first.",
    openapi_extra=fails(404),
)
def photo_restore(request: ApiRequest, response: HttpResponse, pk: UUID) -> schemas.PhotoOut:
    found = caller.photo(request, pk, edit=True, in_trash=True)
    trash.restore_photo(photo=found, by=caller.user(request))
    return _shown(response, caller.photo(request, pk))


@router.post(
    "/photos/{uuid:pk}/cancel",
    auth=caller.WRITE,
    response=schemas.PhotoOut,
    url_name="photo_cancel",
    summary="Do not colour a photo after all",
    description="One that waits is called off at once, one that is being coloured as soon as its worker looks.",
    openapi_extra=fails(404, 409),
)
def photo_cancel(request: ApiRequest, response: HttpResponse, pk: UUID) -> schemas.PhotoOut:
    found = caller.photo(request, pk, edit=True)
    if not (found.coloring and found.coloring.is_open):
        raise Problem(409, "nothing_to_cancel", _("This photo is not waiting for colour, nor being coloured."))
    coloring.cancel(photo=found)
    return _shown(response, caller.photo(request, pk))


@router.post(
    "/photos/{uuid:pk}/retry",
    auth=caller.WRITE,
    response=schemas.PhotoOut,
    url_name="photo_retry",
    summary="Try again what failed or was cancelled",
    description="The reading of the file, or the colouring. A photo that was kept as it is, is coloured after all.",
    openapi_extra=fails(404, 409),
)
def photo_retry(request: ApiRequest, response: HttpResponse, pk: UUID) -> schemas.PhotoOut:
    found = caller.photo(request, pk, edit=True)
    latest = found.coloring or found.original
    kept = found.coloring is None and found.state == Photo.State.READY
    if not kept and latest.status not in (Status.FAILED, Status.CANCELLED):
        raise Problem(409, "nothing_to_retry", _("Nothing of this photo failed or was cancelled."))
    coloring.retry(photo=found)
    return _shown(response, caller.photo(request, pk))


@router.post(
    "/photos/{uuid:pk}/answer",
    auth=caller.WRITE,
    response=schemas.PhotoOut,
    url_name="photo_answer",
    summary="Say whether to colour a photo that seems to be in colour",
    openapi_extra=fails(404, 409, 413, 415, 422),
)
def photo_answer(request: ApiRequest, response: HttpResponse, pk: UUID, body: schemas.Answer) -> schemas.PhotoOut:
    found = caller.photo(request, pk, edit=True)
    if found.state != Photo.State.ASKS:
        raise Problem(409, "not_asked", _("This photo asks nothing."))
    intake.answer(photo=found, colour=body.colour)
    return _shown(response, caller.photo(request, pk))


def _shown(response: HttpResponse, photo: Photo) -> schemas.PhotoOut:
    for name, value in present.retry_after(photo).items():
        response[name] = value
    return present.photo(photo)
