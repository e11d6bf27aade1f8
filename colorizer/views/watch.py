"""One open page's watch over an album: what to tell it now."""

import time
from contextlib import closing
from datetime import datetime
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from django.http import HttpRequest
from django.utils import translation

from ..models import Album, Photo, User
from ..selectors import changes, gallery
from ..words import roughly
from . import tiles

PING_EVERY = 15.0
LOOKS_A_CHECK = 5
"""So seldom is looked at who still may see it, where nothing changed, and at places in line."""


class Watch:
    """Each look is in a thread of its moment, and with a database connection of that moment only.

    ``shown``: photos that the page has as they were when they had last changed.
    """

    def __init__(
        self, *, request: HttpRequest, user: User, album: Album, cursor: datetime, shown: dict[UUID, datetime]
    ) -> None:
        self._request = request
        self._user = user
        self._album = album
        self._since = self._cursor = cursor
        self._language = translation.get_language()
        self._told = shown
        self._places: dict[UUID, tuple[int, str]] = {}
        self._pinged = self._checked = float("-inf")

    def look(self) -> bytes | None:
        """What is new, as events; nothing to say is empty; None once the page may see no more."""
        with translation.override(self._language), closing(connection):
            fresh = self._fresh()
            is_first, now = self._pinged < 0, time.monotonic()
            if is_check := now - self._checked >= LOOKS_A_CHECK * settings.HEIRLOOM_LOOK_SECONDS:
                self._checked = now
            if (fresh or is_check) and not self._may_look():
                return None
            moved = self._moved(but=fresh) if is_check else []
            # At first the page itself has just told the places.
            return self._ping(now) + self._tell(fresh) + (b"" if is_first else self._tell_places(moved))

    def _fresh(self) -> list[Photo]:
        """What changed otherwise than was told.

        Ids and times are asked for first: where a whole album changed at once, all of it stays among what changed last.
        """
        changed = changes.changes_since(user=self._user, cursor=self._cursor, album_id=self._album.pk)
        fresh = [pk for pk, changed_at in changed.values_list("pk", "changed_at") if self._told.get(pk) != changed_at]
        return list(changed.filter(pk__in=fresh)) if fresh else []

    def _ping(self, now: float) -> bytes:
        """A comment, so that nothing between here and the page takes the stream for dead."""
        if now - self._pinged < PING_EVERY:
            return b""
        self._pinged = now
        return b": still here\n\n"

    def _may_look(self) -> bool:
        """Whether the one who opened the page is still signed in and of the family. Notes whether they may change."""
        session = import_module(settings.SESSION_ENGINE).SessionStore(self._request.session.session_key)
        asking = HttpRequest()
        asking.session = session
        if (
            get_user(asking) != self._user
            or not Album.objects.for_user(self._user).kept().filter(pk=self._album.pk).exists()
        ):
            return False
        self._can_edit = gallery.can_edit(user=self._user, family_id=self._album.family_id)
        return True

    def _tell(self, photos: list[Photo]) -> bytes:
        events = []
        for photo in gallery.with_colors(photos):
            name = "new" if self._is_new(photo) else f"photo-{photo.pk}"
            self._told[photo.pk] = photo.changed_at
            self._cursor = max(self._cursor, photo.changed_at)
            events.append(self._event(name, photo))
        return b"".join(events)

    def _moved(self, *, but: list[Photo]) -> list[Photo]:
        """Those waiting whose place in line, or time, is another than when last looked at."""
        waiting = gallery.with_colors(changes.waiting(album_id=self._album.pk, but=but))
        before = self._places
        self._places = {photo.pk: (photo.wait.place, roughly(photo.wait.seconds)) for photo in waiting if photo.wait}
        return [photo for photo in waiting if photo.wait and before.get(photo.pk) != self._places[photo.pk]]

    def _tell_places(self, photos: list[Photo]) -> bytes:
        return b"".join(self._event(f"photo-{photo.pk}", photo) for photo in photos)

    def _is_new(self, photo: Photo) -> bool:
        """Whether the page may have no tile of it yet. One that has it all the same, of its own upload, swaps it."""
        return photo.created_at > self._since - changes.OVERLAP and photo.pk not in self._told

    def _event(self, name: str, photo: Photo) -> bytes:
        html = tiles.render(self._request, photo, can_edit=self._can_edit)
        lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
        return f"event: {name}\nid: {gallery.as_text(self._cursor)}\n{lines}\n".encode()
