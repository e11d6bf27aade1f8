from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router

from ..models import Album, Photo, Share
from ..selectors import shares as selectors
from ..services import sharing
from ..views import access
from . import caller, present, schemas
from .caller import ApiRequest
from .described import fails
from .paging import next_page

router = Router(tags=["Shares"])
ONCE = "The link is in this answer alone: only its hash is kept."


@router.get(
    "/shares",
    auth=caller.READ,
    response=schemas.SharePage,
    url_name="shares",
    summary="The family's links that still work",
    openapi_extra=fails(422),
)
def shares(request: ApiRequest, paging: Query[schemas.Paging]) -> schemas.SharePage:
    found = selectors.of_family(caller.family(request))
    page = found[paging.offset : paging.offset + paging.limit]
    return schemas.SharePage(
        items=[present.share(each) for each in page],
        total=len(found),
        next=next_page(request, paging, len(found)),
    )


@router.post(
    "/albums/{uuid:pk}/shares",
    auth=caller.SHARE,
    response={201: schemas.ShareMade},
    url_name="album_share",
    summary="Make a link to an album, for people outside the family",
    description=ONCE,
    openapi_extra=fails(404, 413, 415, 422),
)
def album_share(request: ApiRequest, response: HttpResponse, pk: UUID, body: schemas.ShareIn) -> schemas.ShareMade:
    return _share(request, response, body, album=caller.album(request, pk, edit=True))


@router.post(
    "/photos/{uuid:pk}/shares",
    auth=caller.SHARE,
    response={201: schemas.ShareMade},
    url_name="photo_share",
    summary="Make a link to a photo, for people outside the family",
    description=ONCE,
    openapi_extra=fails(404, 413, 415, 422),
)
def photo_share(request: ApiRequest, response: HttpResponse, pk: UUID, body: schemas.ShareIn) -> schemas.ShareMade:
    return _share(request, response, body, photo=caller.photo(request, pk, edit=True))


@router.delete(
    "/shares/{uuid:pk}",
    auth=caller.SHARE,
    response={204: None},
    url_name="share_end",
    summary="End a link, for good",
    openapi_extra=fails(404),
)
def share_end(request: ApiRequest, pk: UUID) -> None:
    found = get_object_or_404(Share.objects.for_user(caller.user(request)), family=caller.family(request), pk=pk)
    access.check(caller.user(request), found.family_id, edit=True)
    sharing.end(share=found, by=caller.user(request))


def _share(
    request: ApiRequest,
    response: HttpResponse,
    body: schemas.ShareIn,
    *,
    album: Album | None = None,
    photo: Photo | None = None,
) -> schemas.ShareMade:
    share, token = sharing.create(
        by=caller.user(request),
        album=album,
        photo=photo,
        lasts=None if body.days is None else timedelta(days=body.days),
        password=body.password,
        can_download=body.can_download,
        tells_story=body.tells_story,
    )
    url = request.build_absolute_uri(reverse("share", args=[token]))
    return schemas.ShareMade(**present.share(share).model_dump(), url=url)
