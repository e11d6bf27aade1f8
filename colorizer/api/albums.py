from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router

from ..models import Album, Photo
from ..selectors import gallery
from ..services import album as service
from ..services import trash
from . import caller, present, schemas
from .caller import ApiRequest
from .described import fails
from .paging import next_page

router = Router(tags=["Albums"])


@router.get(
    "/albums",
    auth=caller.READ,
    response=schemas.AlbumPage,
    url_name="albums",
    summary="The family's albums, newest first",
    openapi_extra=fails(422),
)
def albums(request: ApiRequest, paging: Query[schemas.Paging]) -> schemas.AlbumPage:
    every = Album.objects.for_user(caller.user(request)).kept().filter(family=caller.family(request))
    chosen = every.order_by("-created_at", "pk").values_list("pk", flat=True)
    page = list(chosen[paging.offset : paging.offset + paging.limit])
    total = every.count()
    return schemas.AlbumPage(
        items=[_album(card) for card in gallery.cards(Album.objects.filter(pk__in=page))],
        total=total,
        next=next_page(request, paging, total),
    )


@router.post(
    "/albums",
    auth=caller.WRITE,
    response={201: schemas.AlbumOut},
    url_name="album_create",
    summary="Begin an album",
    openapi_extra=fails(413, 415, 422),
)
def album_create(request: ApiRequest, response: HttpResponse, body: schemas.AlbumIn) -> schemas.AlbumOut:
    made = service.create(family=caller.family(request), title=body.title, description=body.description)
    response["Location"] = present.link("album", made.pk)
    return present.album(made, photos=0, coloured=0)


@router.get(
    "/albums/{uuid:pk}",
    auth=caller.READ,
    response=schemas.AlbumOut,
    url_name="album",
    summary="One album",
    openapi_extra=fails(404),
)
def album(request: ApiRequest, pk: UUID) -> schemas.AlbumOut:
    return _fresh(caller.album(request, pk))


@router.patch(
    "/albums/{uuid:pk}",
    auth=caller.WRITE,
    response=schemas.AlbumOut,
    url_name="album_edit",
    summary="Name or describe an album anew",
    openapi_extra=fails(404, 413, 415, 422),
)
def album_edit(request: ApiRequest, pk: UUID, body: schemas.AlbumPatch) -> schemas.AlbumOut:
    found = caller.album(request, pk, edit=True)
    said = {"title": found.title, "description": found.description} | body.model_dump(exclude_unset=True)
    service.edit(album=found, **said)
    return _fresh(found)


@router.delete(
    "/albums/{uuid:pk}",
    auth=caller.WRITE,
    response={204: None},
    url_name="album_delete",
    summary="Put an album in the trash",
    description="With all that is in it. It can be restored for 30 days.",
    openapi_extra=fails(404),
)
def album_delete(request: ApiRequest, pk: UUID) -> None:
    trash.delete_album(album=caller.album(request, pk, edit=True), by=caller.user(request))


@router.post(
    "/albums/{uuid:pk}/restore",
    auth=caller.WRITE,
    response=schemas.AlbumOut,
    url_name="album_restore",
    summary="Take an album out of the trash",
    openapi_extra=fails(404),
)
def album_restore(request: ApiRequest, pk: UUID) -> schemas.AlbumOut:
    found = caller.album(request, pk, edit=True, in_trash=True)
    trash.restore_album(album=found, by=caller.user(request))
    return _fresh(found)


@router.get(
    "/albums/{uuid:pk}/photos",
    auth=caller.READ,
    response=schemas.PhotoPage,
    url_name="album_photos",
    summary="The photos of an album, as they were uploaded",
    openapi_extra=fails(404, 422),
)
def album_photos(request: ApiRequest, pk: UUID, paging: Query[schemas.Paging]) -> schemas.PhotoPage:
    every = Photo.objects.kept().filter(album=caller.album(request, pk))
    total = every.count()
    found = gallery.with_colors(gallery.in_order(every)[paging.offset : paging.offset + paging.limit])
    return schemas.PhotoPage(items=present.photos(found), total=total, next=next_page(request, paging, total))


def _fresh(album: Album) -> schemas.AlbumOut:
    return _album(gallery.cards(Album.objects.filter(pk=album.pk))[0])


def _album(card: Any) -> schemas.AlbumOut:
    """``card``: an album with the counts that `gallery.cards` adds."""
    return present.album(card, photos=card.photo_count, coloured=card.coloured_count)
