"""What the pages of a comparison tell: figures with their controls, by set and skin tone, side by side, by vote."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import storage, words
from ..models import Comparison, ComparisonPhoto, Status, User, Vote
from .model_cards import FigureRow, figure_rows, number

WHO = ("candidate", "live", "grey", "mean_ab")
PICTURES = ("input", "live", "candidate", "truth")
SIDES = ("first", "second")
A_PAGE = 12
BANDS: dict[str, str | Promise] = {
    "light, over 41 degrees": gettext_lazy("light, over 41°"),
    "middle, 10 to 41": gettext_lazy("middle, 10° to 41°"),
    "dark, under 10": gettext_lazy("dark, under 10°"),
}


@dataclass(frozen=True)
class SetRow:
    """A set against its accuracy: the share of pixels at which the larger of a* and b* is the right one."""

    name: str
    photos: int
    values: list[float | None]
    """In percent, in the order of WHO."""


@dataclass(frozen=True)
class BandRow:
    """A skin-tone band: how many faces, and how far from the truth each of the two leaves them."""

    name: str | Promise
    faces: int
    is_judged: bool
    values: list[dict[str, Any] | None]
    """Of the candidate and the live model: CIEDE2000, its interval, and the share against all faces."""


@dataclass(frozen=True)
class Tally:
    """What people found better, not knowing whose it was."""

    candidate: int
    live: int
    neither: int

    @property
    def total(self) -> int:
        return self.candidate + self.live + self.neither


def latest() -> QuerySet[Comparison]:
    """The hundred latest, for the list of them."""
    return Comparison.objects.select_related("candidate", "live", "benchmark__dataset").order_by("-created_at")[:100]


def page(comparison: Comparison, *, user: User) -> dict[str, Any]:
    """What the page of a comparison shows."""
    figures = comparison.figures if comparison.status == Status.DONE else {}
    groups = figures.get("groups", {})
    everything, people = groups.get("all", {}), groups.get("people")
    return {
        "comparison": comparison,
        "photos": everything.get("photos"),
        "left_out": figures.get("left_out", 0),
        "figures": _rows(everything),
        "people": {"photos": people["photos"], "figures": _rows(people)} if people else None,
        "sets": _sets(groups),
        "bands": _bands(figures.get("skin_tones", {})),
        "pins": _pins(figures.get("pins", {})),
        "milliseconds": [number(figures, "network_time", who, "milliseconds") for who in WHO[:2]],
        "tally": tally(comparison) if has_voted(comparison, user) else None,
        "most_different": list(photos(comparison)[:4]),
        "trouble": " ".join(words.say(comparison.reason)) if comparison.status == Status.FAILED else "",
    }


def photos(comparison: Comparison) -> Any:
    """Its photos that are still there, those first on which the two differ most."""
    there = comparison.photos.filter(item__item__isnull=False).select_related("item")
    return there.order_by("-difference", "pk")


def photos_page(comparison: Comparison, number: str) -> Page[ComparisonPhoto]:
    found: Page[ComparisonPhoto] = Paginator(photos(comparison), A_PAGE).get_page(number)
    return found


def picture(photo: ComparisonPhoto, what: str, *, user: User) -> storage.StoredFile | None:
    """A picture of the photo: one of PICTURES, or one of SIDES as ``user`` sees them. None for another name."""
    what = side_of(photo, what, user=user) if what in SIDES else what
    key: str = getattr(photo, f"{what}_key") if what in PICTURES else ""
    return storage.StoredFile(storage.results(), key, photo.comparison_id) if key else None


def side_of(photo: ComparisonPhoto, side: str, *, user: User) -> str:
    """Whose picture stands on that side, "live" or "candidate": by chance, for each voter and photo another."""
    dice = salted_hmac("heirloom.vote", f"{user.pk}:{photo.pk}").digest()[0]
    return ("candidate", "live")[(dice + SIDES.index(side)) % 2]


def next_to_vote(comparison: Comparison, *, user: User) -> ComparisonPhoto | None:
    """The photo that ``user`` has not voted on and on which the two differ most."""
    found: ComparisonPhoto | None = photos(comparison).exclude(votes__in=Vote.objects.filter(voter=user)).first()
    return found


def has_voted(comparison: Comparison, user: User) -> bool:
    return Vote.objects.filter(photo__comparison=comparison, voter=user).exists()


def tally(comparison: Comparison, *, photo: ComparisonPhoto | None = None) -> Tally:
    """All votes, or those on one photo."""
    which = Q(photo=photo) if photo else Q(photo__comparison=comparison)
    counts = Counter(Vote.objects.filter(which).values_list("choice", flat=True))
    return Tally(**{choice: counts[choice] for choice in Vote.Choice.values})


def _rows(group: Any) -> list[FigureRow]:
    return figure_rows([group.get(who) for who in WHO]) if group else []


def _sets(groups: dict[str, Any]) -> list[SetRow]:
    names = {"all": _("All photos"), "people": _("People")}
    return [
        SetRow(
            names.get(name) or name.removeprefix("category "),
            group["photos"],
            [100 * share if (share := number(group, who, "hue_accuracy")) is not None else None for who in WHO],
        )
        for name, group in groups.items()
    ]


def _bands(tones: dict[str, Any]) -> list[BandRow]:
    rows = []
    for key, name in BANDS.items():
        bands = [tones.get(who, {}).get("bands", {}).get(key) for who in WHO[:2]]
        if band := bands[0] or bands[1]:
            values = [_band(each) for each in bands]
            rows.append(BandRow(name, band["faces"], band["judged"], values))
    return rows


def _band(band: dict[str, Any] | None) -> dict[str, Any] | None:
    if not band or "ciede2000" not in band:
        return None
    against = band.get("against_mean")
    return {
        "ciede2000": band["ciede2000"],
        "low": band["interval"][0],
        "high": band["interval"][1],
        "against": None if against is None else 100 * against,
    }


def _pins(pins: dict[str, Any]) -> list[tuple[int, list[float | None]]]:
    counts = sorted({int(count) for of in pins.values() for count in of})
    return [(count, [number(pins, who, str(count)) for who in WHO[:2]]) for count in counts]
