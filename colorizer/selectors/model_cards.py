"""What the workshop's pages tell of models: their cards in rows and figures, who runs them, what one may do.

Cards may come from elsewhere: whatever a page needs of one is looked at before it is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import words
from ..models import Comparison, ModelUpload, ModelVersion, Promotion, Status, WorkerState
from . import liveness, versions

FIGURES: dict[str, tuple[str | Promise, int]] = {
    "gain": (_("Gain over grey, dB"), 2),
    "colourfulness_ratio": (_("Colourfulness, as a share of the true photos'"), 2),
    "ciede2000": (_("Colour difference, CIEDE2000"), 2),
    "auc_rebalanced": (_("Rebalanced AuC"), 3),
    "auc": (_("AuC"), 3),
    "psnr": (_("PSNR, dB"), 2),
    "ssim": (_("SSIM"), 3),
    "hue_accuracy": (_("Hue accuracy"), 3),
    "epsilon_2": (_("Pixels within 2 %"), 3),
    "epsilon_5": (_("Pixels within 5 %"), 3),
    "fd_lite0": (_("FD-Lite0"), 1),
}
"""The figures of a set in the order of the pages: what they are called, and with how many digits they are said."""
LICENCES: dict[str, str | Promise] = {
    "open": _("open licence"),
    "research-only": _("for research only"),
    "unclear": _("licence unclear"),
    "consent": _("with the family's consent"),
}


@dataclass(frozen=True)
class FigureRow:
    """One figure of several: ``values`` in the order that was asked for, None where one has none."""

    name: str | Promise
    values: list[float | None]
    digits: int


@dataclass(frozen=True)
class Source:
    """What a model learned from, of one licence."""

    licence: str | Promise
    photos: int
    sources: list[tuple[str, int]]


@dataclass(frozen=True)
class WorkerSaid:
    """A worker that lives, what it runs, and why not what is live."""

    state: WorkerState
    is_up_to_date: bool
    refusal: str


def figure_rows(groups: Sequence[Any]) -> list[FigureRow]:
    """The figures of several ways of colouring side by side. ``groups``: each a mapping of figure to value, or not."""
    rows = []
    for key, (name, digits) in FIGURES.items():
        values = [number(group, key) for group in groups]
        if any(value is not None for value in values):
            rows.append(FigureRow(name, values, digits))
    return rows


def number(mapping: Any, *path: str) -> float | None:
    """What lies under ``path``, where it is a number."""
    found = _at(mapping, *path)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def card_figures(version: ModelVersion) -> list[FigureRow]:
    """Of the model, of the grey photo and of one mean tint, as its card has them."""
    figures = _at(version.card, "figures", "all")
    return figure_rows([_at(figures, who) for who in ("model", "grey", "mean_ab")])


def sources(version: ModelVersion) -> list[Source]:
    """What it learned from, by licence and source."""
    by_licence, found = _at(version.card, "data", "photos_by_source"), []
    for licence, each in by_licence.items() if isinstance(by_licence, dict) else ():
        counts = each.items() if isinstance(each, dict) else ()
        named = [(str(name), count) for name, count in counts if isinstance(count, int)]
        named.sort(key=lambda pair: -pair[1])
        found.append(Source(LICENCES.get(licence) or str(licence), sum(count for _name, count in named), named))
    return found


def text(version: ModelVersion, *path: str) -> str:
    """What lies under ``path`` of its card, where that is a text."""
    found = _at(version.card, *path)
    return found if isinstance(found, str) else ""


def workers() -> list[WorkerSaid]:
    live = versions.live()
    found = []
    for state in liveness.live_workers():
        code = state.refusal.partition(":")[0]
        refusal = " ".join(words.say(f"model_{code}")) if code else ""
        found.append(WorkerSaid(state, live is not None and state.live_version_id == live.pk, refusal))
    return found


def overview() -> dict[str, Any]:
    """What the page of all models shows."""
    every = ModelVersion.objects.select_related("created_by", "training").order_by("-created_at")
    live = every.filter(state=ModelVersion.State.LIVE).first()
    judged = Comparison.objects.filter(live=live).order_by("-created_at")
    latest: dict[Any, Comparison] = {}
    for comparison in judged:
        latest.setdefault(comparison.candidate_id, comparison)
    found = {state: list(every.filter(state=state)) for state in ("candidate", "retired")}
    return {
        "live": live,
        "since": Promotion.objects.filter(version=live).select_related("by").order_by("-at").first(),
        "before": versions.before(live),
        "figures": card_figures(live) if live else [],
        "sources": sources(live) if live else [],
        "candidates": [(version, latest.get(version.pk)) for version in found["candidate"]],
        "retired": found["retired"],
        "workers": workers(),
        "uploads": [(upload, _trouble(upload)) for upload in ModelUpload.objects.exclude(status=Status.DONE)],
    }


def detail(version: ModelVersion) -> dict[str, Any]:
    """What the page of one model shows."""
    live = versions.live()
    comparisons = Comparison.objects.filter(candidate=version).select_related("live", "benchmark__dataset")
    return {
        "version": version,
        "live": live,
        "figures": card_figures(version),
        "sources": sources(version),
        "limits": text(version, "limits"),
        "training": getattr(version, "training", None),
        "judged": versions.judged(version, live),
        "comparisons": list(comparisons),
        "promotions": list(version.promotions.select_related("previous", "by")),
    }


def _trouble(upload: ModelUpload) -> str:
    return " ".join(words.say(upload.reason)) if upload.status == Status.FAILED else ""


def _at(mapping: Any, *path: str) -> Any:
    for name in path:
        mapping = mapping.get(name) if isinstance(mapping, dict) else None
    return mapping
