"""The whole table of addresses, and one family whose every thing could be recognised if it came out."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.files.base import ContentFile
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from colorizer import storage
from colorizer.models import (
    Album,
    Coloring,
    Comparison,
    ComparisonPhoto,
    Consent,
    Dataset,
    DatasetItem,
    DatasetVersion,
    Family,
    FrozenItem,
    Invite,
    KeptColour,
    Licence,
    Membership,
    ModelUpload,
    ModelVersion,
    Original,
    Photo,
    Role,
    Share,
    Status,
    Token,
    Tombstone,
    User,
)
from colorizer.services import account, colours, consent, sharing, tokens
from tests.views.conftest import make_photo

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
SECRETS = ("Quillfeather", "Summers at Orrest", "Ottoline in the orchard", "attic-1931", "ottoline@", "tintype bytes")
"""What no answer to an outsider may hold."""
BYTES = b"tintype bytes"
OFFERED = BYTES.decode()
"""What of it the family has offered to be learned from."""
OF_THE_PHOTOS = SECRETS[1:4] + SECRETS[5:]
"""Of these, what the site's own admin may not see either."""


class Route(NamedTuple):
    """An address as the table has it, such as ``photos/<uuid:pk>/edit/``."""

    text: str
    name: str

    @property
    def part(self) -> str:
        return self.text.split("/")[0] if "/" in self.text else self.text


@dataclass(frozen=True)
class House:
    """One family with one of each thing."""

    family: Family
    owner: User
    viewer: User
    album: Album
    photo: Photo
    coloring: Coloring
    share: Share
    invite: Invite
    token: Token
    consent: Consent
    colour: KeptColour
    item: DatasetItem
    judged: ComparisonPhoto

    def address(self, text: str) -> str:
        """The route ``text`` about the family's things."""
        return "/" + re.sub(r"[\^$]", "", ARGUMENT.sub(lambda found: self._value(text, found), text))

    def _value(self, text: str, found: re.Match[str]) -> str:
        name, before = found[1] or found[2], text[: found.start()].rstrip("/").rsplit("/", 1)[-1]
        by_noun = {
            "albums": self.album,
            "photos": self.photo,
            "families": self.family,
            "family": self.family,
            "user": self.owner,
            "shares": self.share,
            "colorings": self.coloring,
            "offers": self.consent,
            "colours": self.colour,
            "datasets": self.item.dataset,
            "models": self.judged.comparison.candidate,
            "comparisons": self.judged.comparison,
            "uploads": ModelUpload.objects.first() or self.photo,
        }
        if name in {"pk", "object_id"}:
            return str(by_noun[before].pk if before in by_noun else 1)
        if name == "version":
            return str(self.coloring.pk)
        if name == "item":
            return str(self.item.pk)
        numbers = {"invites": self.invite, "tokens": self.token, "members": self.owner.memberships.get()}
        numbers |= {"photos": self.judged, "vote": self.judged}
        if name in {"number", "member"}:
            return str(numbers[before].pk)
        plain = {
            "what": "file" if "datasets" in text else "original",
            "name": "colour-480",
            "app_label": "colorizer",
            "content_type_id": "1",
        }
        return plain.get(name, "guessed-1")

    def state(self) -> str:
        """All rows of the family, to see whether anything changed."""
        kinds: tuple[type[Model], ...] = (
            Album,
            Original,
            Share,
            Invite,
            Token,
            Membership,
            Tombstone,
            Consent,
            KeptColour,
        )
        of_family = [(kind, {"family": self.family}) for kind in kinds]
        others = [(Photo, {"album__family": self.family}), (Coloring, {"photo__album__family": self.family})]
        rows = [_rows(kind.objects.filter(**where)) for kind, where in [*of_family, *others]]  # type: ignore[attr-defined]
        return json.dumps([rows, _rows(Family.objects.filter(pk=self.family.pk))], default=str)


def build() -> House:
    owner = User.objects.create_user("ottoline@example.org", name="Ottoline Quillfeather")
    viewer = User.objects.create_user("viewer@example.org", name="A viewer")
    family = account.found_family(user=owner, name="Quillfeather")
    Membership.objects.create(family=family, user=viewer, role=Role.VIEWER)
    album = Album.objects.create(family=family, title="Summers at Orrest")
    photo = make_photo(album, caption="Ottoline in the orchard")
    Original.objects.update(name="attic-1931.jpg", size=len(BYTES))
    Coloring.objects.update(size=len(BYTES))
    photo.refresh_from_db()
    for kept, key in _files(photo):
        kept.delete(key)
        kept.save(key, ContentFile(BYTES))
    waiting = make_photo(album, shade=1, coloured=False)
    Coloring.objects.create(photo=waiting)
    share, _secret = sharing.create(by=owner, album=album, lasts=None, can_download=True)
    account.create_invite(family=family, by=owner, role=Role.OWNER)
    tokens.create(family=family, user=owner, name="Scanner", scopes=["read"])
    offered = consent.offer(photo=photo, by=owner)
    colour = colours.keep(family=family, name="Quillfeather blue", colour="#40508a", by=owner)
    found = family.invites.get(), family.tokens.get(), offered, colour, taken_in(offered)
    return House(family, owner, viewer, album, photo, photo.colorings.get(), share, *found, _workshop())


def taken_in(offered: Consent) -> DatasetItem:
    """What the family has offered, in a dataset: those who teach see its bytes, and nothing else of the family."""
    item = DatasetItem(dataset=Dataset.objects.create(name="Gardens"), consent=offered, sha256="e" * 64, format="jpeg")
    item.name, item.size, item.licence = "offered.jpg", len(BYTES), Licence.CONSENT
    item.width, item.height, item.status = 60, 40, Status.DONE
    item.key = storage.item_key(item.dataset_id, item.pk, "jpeg")
    item.save()
    for key in (item.key, storage.item_copy_key(item)):
        storage.models().save(key, ContentFile(BYTES))
    return item


def _workshop() -> ComparisonPhoto:
    """One of each thing that models have, none of it any family's."""
    live = ModelVersion.objects.create(name="lite", sha256="0" * 64, state=ModelVersion.State.LIVE)
    candidate = ModelVersion.objects.create(name="Harbour", sha256="1" * 64)
    ModelUpload.objects.create(name="Brought", sha256="2" * 64, status=Status.FAILED, reason="model_dull")
    dataset = Dataset.objects.create(name="Judged on", kind=Dataset.Kind.BENCHMARK)
    benchmark = DatasetVersion.objects.create(dataset=dataset, number=1, sha256="3" * 64)
    known = {"sha256": "4" * 64, "key": "datasets/harbour.jpg", "licence": "open", "split": "val"}
    item = DatasetItem.objects.create(dataset=dataset, format="jpeg", **known)
    frozen = FrozenItem.objects.create(version=benchmark, item=item, **known)
    comparison = Comparison.objects.create(candidate=candidate, live=live, benchmark=benchmark, status=Status.DONE)
    key = storage.comparison_key(comparison.pk, "truth.webp")
    storage.results().save(key, ContentFile(b"a harbour"))
    return ComparisonPhoto.objects.create(comparison=comparison, item=frozen, truth_key=key)


def table() -> list[Route]:
    """Every address of the site, of all parts of it."""
    return list(_walk(get_resolver().url_patterns))


def body_of(answer: Any) -> str:
    """All that an answer tells: its headers and, where it has an end, its body."""
    headers = "".join(f"{name}: {value}\n" for name, value in answer.items())
    if getattr(answer, "is_async", False):
        return headers
    return headers + (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(
        errors="replace"
    )


def _walk(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[Route]:
    for each in patterns:
        text = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield Route(text, each.name or "")
        else:
            yield from _walk(each.url_patterns, text)


def _rows(found: Any) -> list[Any]:
    return [row | {"last_used_at": None} for row in found.order_by("pk").values()]


def _files(photo: Photo) -> list[tuple[Any, str]]:
    coloring = photo.colorings.get()
    small = [(storage.results(), storage.grey_key(photo, size)) for size in storage.SIZES]
    coloured = [(storage.results(), storage.result_key(coloring, size)) for size in (*storage.SIZES, "full")]
    return [(storage.originals(), photo.original.key), *small, *coloured]
