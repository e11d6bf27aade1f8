"""A dataset's photos as a curator goes through them: filtered, in order, a page at a time, each with its neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from .. import words
from ..models import Dataset, DatasetItem, Split, Status

PER_PAGE = 60
MOST_KEYS = 9
"""So many categories have a number key."""
USUAL = ("people-groups", "portrait", "everyday-people", "animals", "interior", "house-front", "road-landscape")
"""What album photos are of, in the photo pack's words; the sampler of `ml` gives each kind its share."""
_COPIES = Exists(DatasetItem.near.through.objects.filter(from_datasetitem=OuterRef("pk")))

FLAGS: Mapping[str, tuple[str | Promise, Q]] = {
    "dull": (_("dull"), Q(is_dull=True)),
    "tinted": (_("tinted"), Q(is_tinted=True)),
    "faded": (_("faded"), Q(is_faded=True)),
    "copies": (_("copies"), Q(_COPIES)),
    "face": (_("with a face"), ~Q(faces={})),
    "crop-free": (_("crop-free"), Q(crop_free=True)),
    "family": (_("from a family"), Q(consent__isnull=False)),
    "waiting": (_("being looked at"), Q(status__in=DatasetItem.OPEN)),
    "failed": (_("cannot be read"), Q(status=Status.FAILED)),
}
"""What can be asked for beside state, category and split: what it is called, and what it means."""


@dataclass(frozen=True)
class Filter:
    """Which photos are looked at. Empty is any; whatever is unknown counts as empty."""

    state: str = ""
    category: str | None = None
    split: str = ""
    flag: str = ""

    @staticmethod
    def of(said: Mapping[str, str]) -> "Filter":
        return Filter(
            state=said.get("state", "") if said.get("state") in DatasetItem.State.values else "",
            category=said["category"][:40] if "category" in said and said["category"] != "*" else None,
            split=said.get("split", "") if said.get("split") in Split.values else "",
            flag=said.get("flag", "") if said.get("flag") in FLAGS else "",
        )

    @property
    def query(self) -> str:
        """As it stands in an address."""
        said = {"state": self.state, "category": self.category, "split": self.split, "flag": self.flag}
        return urlencode({key: value for key, value in said.items() if value or (key == "category" and value == "")})

    @property
    def is_any(self) -> bool:
        return not self.query

    def apply(self, items: QuerySet[DatasetItem]) -> QuerySet[DatasetItem]:
        exact = {"state": self.state, "split": self.split}
        found = items.filter(**{key: value for key, value in exact.items() if value})
        found = found if self.category is None else found.filter(category=self.category)
        return found.filter(FLAGS[self.flag][1]) if self.flag else found


def all_datasets() -> QuerySet[Dataset]:
    """Each with how many photos it has, and how many of them are accepted and new."""
    counts = {
        "total": Count("items"),
        "accepted": Count("items", filter=Q(items__state=DatasetItem.State.ACCEPTED)),
        "new": Count("items", filter=Q(items__state=DatasetItem.State.NEW)),
    }
    return Dataset.objects.annotate(**counts).order_by("name")


def grid(dataset: Dataset, which: Filter, page: str) -> Page[DatasetItem]:
    return Paginator(in_order(which.apply(dataset.items.all())), PER_PAGE).get_page(page)


def in_order(items: QuerySet[DatasetItem]) -> QuerySet[DatasetItem]:
    return items.annotate(has_copies=_COPIES).order_by("created_at", "pk")


def after(item: DatasetItem, which: Filter) -> DatasetItem | None:
    """The next photo of the filter, whether or not ``item`` itself still fits it."""
    beyond = Q(created_at__gt=item.created_at) | Q(created_at=item.created_at, pk__gt=item.pk)
    return in_order(which.apply(item.dataset.items.filter(beyond))).first()


def before(item: DatasetItem, which: Filter) -> DatasetItem | None:
    ahead = Q(created_at__lt=item.created_at) | Q(created_at=item.created_at, pk__lt=item.pk)
    return in_order(which.apply(item.dataset.items.filter(ahead))).last()


def categories(dataset: Dataset) -> list[tuple[str, int]]:
    """Each category of the dataset with how many photos it has, by name."""
    counted = dataset.items.order_by().values("category").annotate(n=Count("pk"))
    return sorted((row["category"], row["n"]) for row in counted)


def keys(dataset: Dataset) -> list[str]:
    """The categories that the number keys stand for: those of the dataset with the most photos, then usual ones."""
    own = sorted((-n, name) for name, n in categories(dataset) if name)
    names = [*(name for _n, name in own), *USUAL]
    return list(dict.fromkeys(names))[:MOST_KEYS]


def counts(dataset: Dataset) -> dict[str, int]:
    """How many photos there are of each state and with each flag."""
    wanted = {f"state_{state}": Count("pk", filter=Q(state=state)) for state in DatasetItem.State.values}
    wanted |= {f"flag_{name}": Count("pk", filter=meaning) for name, (_word, meaning) in FLAGS.items()}
    found: dict[str, int] = dataset.items.aggregate(total=Count("pk"), **wanted)
    return found


def copies(item: DatasetItem) -> list[DatasetItem]:
    """Its copies, in any dataset."""
    return list(item.near.select_related("dataset").order_by("created_at")[:12])


def panel(item: DatasetItem, which: Filter) -> dict[str, Any]:
    """What is shown of the photo at hand."""
    return {
        "item": item,
        "dataset": item.dataset,
        "which": which,
        "previous": before(item, which),
        "next": after(item, which),
        "copies": copies(item),
        "keys": keys(item.dataset),
        "trouble": " ".join(words.say(item.reason or "internal")) if item.status == Status.FAILED else "",
    }


def one(dataset: Dataset, pk: UUID) -> DatasetItem | None:
    return in_order(dataset.items.filter(pk=pk)).first()
