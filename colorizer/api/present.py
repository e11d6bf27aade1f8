"""Our rows as the API shows them."""

from collections.abc import Sequence

from django.db.models import prefetch_related_objects
from django.urls import reverse

from .. import words
from ..models import Album, Coloring, KeptColour, Photo, Share, Status
from ..selectors.queue import Wait
from . import schemas

LONGEST_PAUSE = 30
"""Seconds after which to look again at a photo that is worked on, however long it may take."""


def link(name: str, *arguments: object) -> str:
    return reverse(f"api:{name}", args=arguments)


def reason(code: str) -> schemas.Reason | None:
    if not code:
        return None
    sentence, advice = words.say(code)
    return schemas.Reason(code=code, sentence=sentence, advice=advice)


def album(found: Album, *, photos: int, coloured: int) -> schemas.AlbumOut:
    return schemas.AlbumOut(
        id=found.pk,
        title=found.title,
        description=found.description,
        is_unsorted=found.is_unsorted,
        photos=photos,
        coloured=coloured,
        created_at=found.created_at,
        links={"self": link("album", found.pk), "photos": link("album_photos", found.pk)},
    )


def photos(found: Sequence[Photo]) -> list[schemas.PhotoOut]:
    """``found`` as `gallery.with_colors` gives them, in one query more for all their models."""
    prefetch_related_objects([photo.coloring for photo in found if photo.coloring], "model_version")
    return [_photo(photo) for photo in found]


def photo(found: Photo) -> schemas.PhotoOut:
    return photos([found])[0]


def coloring(found: Coloring, *, photo: Photo) -> schemas.ColoringOut:
    """``photo``: its own, with its wait."""
    wait: Wait | None = photo.wait if found.is_open and photo.coloring == found else None
    return schemas.ColoringOut(
        id=found.pk,
        photo=photo.pk,
        status=Status(found.status),
        stage=found.stage,
        percent=found.percent,
        place=wait.place if wait else None,
        seconds_left=wait.seconds if wait else None,
        seconds=found.seconds,
        title=found.title,
        name=found.name,
        is_automatic=found.is_automatic,
        based_on=found.based_on_id,
        pins=found.pins,
        reference=found.reference_id,
        vividness=found.vividness,
        warmth=found.warmth,
        guess=found.guess,
        model=schemas.ModelOut(name=found.model_version.name, sha256=found.model_version.sha256)
        if found.model_version
        else None,
        reason=reason(found.reason or "internal") if found.status == Status.FAILED else None,
        is_shown=photo.shown_id == found.pk,
        created_at=found.created_at,
        started_at=found.started_at,
        finished_at=found.finished_at,
        links={"self": link("coloring", found.pk), "photo": link("photo", photo.pk)}
        | ({"result": link("coloring_result", found.pk)} if found.status == Status.DONE else {}),
    )


def colour(found: KeptColour) -> schemas.ColourOut:
    return schemas.ColourOut(
        id=found.pk,
        name=found.name,
        colour=found.colour,
        kept_by=str(found.kept_by) if found.kept_by else None,
        created_at=found.created_at,
        links={"self": link("colour", found.pk)},
    )


def share(found: Share) -> schemas.ShareOut:
    return schemas.ShareOut(
        id=found.pk,
        album=found.album_id,
        photo=found.photo_id,
        has_password=bool(found.password),
        can_download=found.can_download,
        tells_story=found.tells_story,
        made_by=str(found.created_by),
        created_at=found.created_at,
        expires_at=found.expires_at,
        seen_at=found.seen_at,
        visits=found.visits,
        links={"self": link("share_end", found.pk)},
    )


def retry_after(photo: Photo) -> dict[str, str]:
    """The header that says when to look at ``photo`` again; none where nothing is being done."""
    busy = photo.state == Photo.State.PREPARING or (photo.coloring and photo.coloring.is_open)
    seconds = photo.wait.seconds if photo.wait else 1
    return {"Retry-After": str(max(1, min(seconds, LONGEST_PAUSE)))} if busy else {}


def _photo(found: Photo) -> schemas.PhotoOut:
    original = found.original
    return schemas.PhotoOut(
        id=found.pk,
        album=found.album_id,
        state=Photo.State(found.state),
        refusal=reason(found.refusal or "internal") if found.state == Photo.State.REFUSED else None,
        page=found.page,
        width=found.width,
        height=found.height,
        caption=found.caption,
        taken=found.taken,
        people=found.people,
        original=schemas.OriginalOut(
            name=original.name,
            format=original.format,
            bytes=original.size,
            sha256=original.sha256,
            pages=original.pages,
        ),
        coloring=coloring(found.coloring, photo=found) if found.coloring else None,
        has_result=found.shown_id is not None,
        created_at=found.created_at,
        changed_at=found.changed_at,
        links=_links(found),
    )


def _links(found: Photo) -> dict[str, str]:
    links = {"self": link("photo", found.pk), "album": link("album", found.album_id)}
    links |= {"original": link("photo_original", found.pk), "colorings": link("photo_colorings", found.pk)}
    return links | ({"result": link("photo_result", found.pk)} if found.shown_id else {})
