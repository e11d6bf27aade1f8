"""An album that changes while one looks: server-sent events, and an answer to who asks where those fail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ..models import User
from ..selectors import changes as selectors
from ..selectors import gallery
from . import access, tiles
from .access import FamilyRequest, ask_to_sign_in, signed_in
from .watch import Watch

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any album. From here on a cursor can be reckoned with."""


@require_safe
async def events(request: HttpRequest) -> HttpResponseBase:
    user = await request.auser()
    if not isinstance(user, User):
        return ask_to_sign_in(request)
    watch = await sync_to_async(_watch)(request, user)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_stream(watch), content_type="text/event-stream", headers=headers)


@signed_in
@require_safe
def changes(request: FamilyRequest) -> HttpResponse:
    now, since = timezone.now(), _cursor(request)
    album = access.album(request.user, _album_id(request))
    can_edit = gallery.can_edit(user=request.user, family_id=album.family_id)
    found = gallery.with_colors(selectors.changes_since(user=request.user, cursor=since, album_id=album.pk))
    html = "".join(
        tiles.render_oob(request, photo, can_edit=can_edit, is_new=photo.created_at > since) for photo in found
    )
    return HttpResponse(html, headers={"X-Cursor": gallery.as_text(now), "Cache-Control": "no-store"})


async def _stream(watch: Watch) -> AsyncIterator[bytes]:
    """What ``watch`` sees, as it sees it, until it may look no more."""
    look = sync_to_async(watch.look, thread_sensitive=False)
    while (news := await look()) is not None:
        if news:
            yield news
        await asyncio.sleep(settings.HEIRLOOM_LOOK_SECONDS)


def _watch(request: HttpRequest, user: User) -> Watch:
    album = access.album(user, _album_id(request))
    watch = Watch(request=request, user=user, album=album, cursor=_cursor(request), shown=_shown(request))
    # The stream may stay open for hours; each look opens a connection of its own and closes it.
    close_old_connections()
    return watch


def _album_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.GET.get("album", ""))
    except ValueError as error:
        raise Http404 from error


def _shown(request: HttpRequest) -> dict[UUID, datetime]:
    """The photo whose own page it is, and when what that shows of it had changed."""
    try:
        return {UUID(request.GET["photo"]): datetime.fromisoformat(request.GET["changed"])}
    except (KeyError, ValueError):
        return {}


def _cursor(request: HttpRequest) -> datetime:
    """Since when: where a stream broke off, else what the page says, else now."""
    for said in (request.headers.get("Last-Event-ID"), request.GET.get("cursor")):
        try:
            return max(datetime.fromisoformat(said or "").astimezone(UTC), LONG_AGO)
        except (ValueError, OverflowError):
            continue
    return timezone.now()
