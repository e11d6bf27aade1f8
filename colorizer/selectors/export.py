"""All that is someone's, as one ZIP that is packed while it is sent and kept nowhere.

Of families that one owns, every photo; of others, the photos that one brought oneself. In folders by family and album,
each original beside its photo in colour, with what was written about them as a table (CSV) and as JSON.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from zipstream import ZipStream

from .. import naming, spreadsheet, storage
from ..models import AuditEntry, Family, Photo, Role, Token, User
from ..storage import StoredFile
from .gallery import in_order


class Row(NamedTuple):
    """What a table says of one photo. ``original`` and ``in_colour``: the names of its files beside the table."""

    album: str
    caption: str
    taken: str
    people: str
    added: str
    in_trash: bool
    uploaded_as: str
    original: str
    in_colour: str
    version: str
    """Whose colours they are."""
    notes: str
    """What the family knew of them, a line for each."""


class Export:
    """Made when it is asked for, with every row read; its files are read as it is sent."""

    def __init__(self, *, user: User) -> None:
        self._zip = ZipStream()
        self._taken = {"account"}
        self._missing: list[str] = []
        self._add(_("Read me.txt"), _readme())
        self._add("account/profile.json", _as_json(_profile(user)))
        self._add("account/log.csv", _as_csv(("at", "action", "family", "object"), _log(user)))
        owned = set(Family.objects.for_user(user, Role.OWNER).values_list("pk", flat=True))
        for family in Family.objects.for_user(user).order_by("name", "pk"):
            mine = Q() if family.pk in owned else Q(original__uploaded_by=user)
            photos = in_order(Photo.objects.filter(mine, album__family=family))
            colours = family.colours.filter(Q() if family.pk in owned else Q(kept_by=user))
            named = list(colours.values_list("name", "colour"))
            self._add_family(family, list(photos.select_related("shown__model_version")), named)

    def __iter__(self) -> Iterator[bytes]:
        yield from self._zip.all_files()
        if self._missing:
            self._add(_("Not found.txt"), "\n".join(self._missing) + "\n")
        yield from self._zip.finalize()

    def _add_family(self, family: Family, photos: list[Photo], colours: list[tuple[str, str]]) -> None:
        folder = naming.unique_folder(naming.stem(family.name), self._taken)
        albums: dict[object, str] = {}
        originals: dict[object, str] = {}
        rows = []
        for photo in photos:
            if photo.album_id not in albums:
                albums[photo.album_id] = naming.unique_folder(f"{folder}/{naming.stem(photo.album.title)}", self._taken)
            place = albums[photo.album_id]
            if photo.original_id not in originals:
                originals[photo.original_id] = self._add_file(place, photo, "original")
            in_colour = self._add_file(place, photo, "result")
            rows.append(_row(photo, original=originals[photo.original_id], in_colour=in_colour))
        if colours:
            self._add(f"{folder}/colours.csv", _as_csv(("name", "colour"), colours))
        self._add(f"{folder}/photos.csv", _as_csv(Row._fields, rows))
        self._add(f"{folder}/photos.json", _as_json([row._asdict() for row in rows]))

    def _add_file(self, folder: str, photo: Photo, what: str) -> str:
        """Where the file will stand in the ZIP; empty where there is none."""
        file = storage.file_of(photo, what)
        if file is None:
            return ""
        name = naming.unique(f"{folder}/{naming.of_photo(photo, what)}", file.ending, self._taken)
        self._zip.add(self._chunks(file, name), name)
        return name

    def _add(self, name: str, text: str) -> None:
        self._zip.add(text.encode(), name)

    def _chunks(self, file: StoredFile, name: str) -> Iterator[bytes]:
        """Opened only when its turn comes. One that is not found is named at the end, and breaks nothing off."""
        try:
            with closing(file.storage.part(file.key)) as part:
                yield from part
        except FileNotFoundError:
            self._missing.append(name)


def _profile(user: User) -> dict[str, Any]:
    memberships = user.memberships.select_related("family").order_by("created_at")
    tokens = Token.objects.filter(user=user).order_by("created_at")
    return {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "joined": user.date_joined.isoformat(),
        "last_sign_in": user.last_login.isoformat() if user.last_login else None,
        "families": [
            {
                "id": str(each.family_id),
                "name": each.family.name,
                "role": each.role,
                "since": each.created_at.isoformat(),
            }
            for each in memberships
        ],
        "tokens": [{"name": each.name, "made": each.created_at.isoformat()} for each in tokens],
    }


def _log(user: User) -> Iterator[tuple[str, str, str, str]]:
    for entry in AuditEntry.objects.filter(about(user)).iterator():
        yield entry.at.isoformat(), entry.action, str(entry.family_id or ""), entry.object_id


def about(user: User) -> Q:
    """What someone did, and what was done to their account."""
    return Q(actor_id=user.pk) | Q(family_id=None, object_id=str(user.pk))


def _row(photo: Photo, *, original: str, in_colour: str) -> Row:
    return Row(
        album=photo.album.title,
        caption=photo.caption,
        taken=photo.taken,
        people=photo.people,
        added=photo.created_at.isoformat(),
        in_trash=bool(photo.deleted_at or photo.album.deleted_at),
        uploaded_as=photo.original.name,
        original=original,
        in_colour=in_colour,
        version=photo.shown.title if photo.shown else "",
        notes="\n".join(photo.shown.notes) if photo.shown else "",
    )


def _as_json(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False, indent=2) + "\n"


def _as_csv(head: tuple[str, ...], rows: Any) -> str:
    """With a mark at the beginning by which spreadsheets know UTF-8."""
    return "\ufeff" + spreadsheet.as_csv(head, rows)


def _readme() -> str:
    return "\n".join(
        [
            _("This is everything that Heirloom keeps of you."),
            "",
            _("Each family has a folder, and in it each album. Photos “in colour” lie beside the untouched originals."),
            _("photos.csv, which any spreadsheet opens, says what was written about each photo; so does photos.json."),
            _("colours.csv lists the colours that the family keeps for a person or a thing."),
            _("The folder “account” holds your name, address and families, and what you did here (log.csv)."),
            "",
        ]
    )
