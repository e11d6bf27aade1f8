"""What a dataset would teach, in counts and in words: of what, from where, in which colours, on which skin."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Avg, Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..models import Dataset, DatasetItem, Licence, Split, Status

FEWEST_FACES = 20
"""A band of skin tone with fewer faces is shown, not judged (as in `ml.skin`)."""
SCARCE = 0.1
"""A band with a smaller share of all faces is said to be scarce."""
MUCH = 0.6
_BANDS: dict[str, str | Promise] = {
    "light": gettext_lazy("light skin"),
    "middle": gettext_lazy("middle skin"),
    "dark": gettext_lazy("dark skin"),
}
_LEANS: dict[str, str | Promise] = {
    "warm": gettext_lazy("warm: red, orange, yellow"),
    "green": gettext_lazy("green"),
    "blue": gettext_lazy("blue"),
    "pink": gettext_lazy("pink and purple"),
    "even": gettext_lazy("evenly mixed, or muted"),
}


@dataclass(frozen=True)
class Row:
    name: str | Promise
    count: int
    percent: int


@dataclass
class Lessons:
    """What would be learned from the accepted photos."""

    total: int
    tables: list[tuple[str, list[Row]]] = field(default_factory=list)
    """Each with its heading."""
    sentences: list[str] = field(default_factory=list)


def lessons(dataset: Dataset) -> Lessons:
    """Of the accepted photos of ``dataset``, in seven queries however many they are."""
    items = dataset.items.filter(state=DatasetItem.State.ACCEPTED, status=Status.DONE)

    def counted(column: str) -> dict[str, int]:
        rows = items.order_by().values(column).annotate(n=Count("pk"))
        return {str(row[column]): row["n"] for row in rows}

    figures = items.aggregate(
        total=Count("pk"),
        colourfulness=Avg("colourfulness"),
        dull=Count("pk", filter=Q(is_dull=True)),
        tinted=Count("pk", filter=Q(is_tinted=True)),
        faded=Count("pk", filter=Q(is_faded=True)),
        **{band: Count("pk", filter=Q(faces__has_key=band)) for band in _BANDS},
    )
    found = Lessons(total=figures["total"])
    if not found.total:
        return found
    categories, leans = counted("category"), counted("lean")
    faces = {band: figures[band] for band in _BANDS}
    found.tables = [
        (_("Category"), _rows(categories, lambda name: name or _("none"))),
        (_("Licence"), _rows(counted("licence"), lambda name: Licence(name).label)),
        (_("Split"), _rows(counted("split"), lambda name: Split(name).label)),
        (_("Colours"), _rows(leans, lambda name: _LEANS.get(name, name))),
        (_("Faces"), [Row(_BANDS[band], n, _percent(n, sum(faces.values()))) for band, n in faces.items()]),
    ]
    found.sentences = [
        *_of_what(categories, found.total),
        *_of_colours(leans, figures, found.total),
        *_of_faces(faces),
        *_of_splits(dataset, counted("split")),
    ]
    return found


def _rows(counts: dict[str, int], name: Callable[[str], str | Promise]) -> list[Row]:
    total = sum(counts.values())
    return [Row(name(key), n, _percent(n, total)) for key, n in sorted(counts.items(), key=lambda pair: -pair[1])]


def _percent(count: int, total: int) -> int:
    return round(100 * count / total) if total else 0


def _of_what(categories: dict[str, int], total: int) -> list[str]:
    name, most = max(categories.items(), key=lambda pair: pair[1])
    said = []
    if name and most > MUCH * total and len(categories) > 1:
        said.append(
            _("Mostly one kind of photo: %(percent)s %% are “%(name)s”. It will learn their colours best.")
            % {"percent": _percent(most, total), "name": name}
        )
    if bare := categories.get("", 0):
        said.append(
            ngettext(
                "%(n)s photo has no category: it counts among the rest, of which little is seen.",
                "%(n)s photos have no category: they count among the rest, of which little is seen.",
                bare,
            )
            % {"n": bare}
        )
    return said


def _of_colours(leans: dict[str, int], figures: dict[str, float], total: int) -> list[str]:
    average = figures["colourfulness"] or 0
    if average < 25:
        said = [_("Muted colours on the whole: what learns from them will colour with restraint.")]
    elif average < 55:
        said = [_("Colours as in everyday photos, neither muted nor loud.")]
    else:
        said = [_("Loud colours on the whole: what learns from them will colour boldly.")]
    name, most = max(leans.items(), key=lambda pair: pair[1])
    if name != "even" and most > MUCH * total:
        said.append(
            _("%(percent)s %% of the photos lean to one side (%(name)s): expect the model to shift that way.")
            % {"percent": _percent(most, total), "name": _LEANS.get(name, name)}
        )
    for flag, sentence in (
        ("dull", _("%(percent)s %% are dull: they teach dullness.")),
        ("tinted", _("%(percent)s %% have a cast over all of them: it would be taken for the colour of things.")),
        ("faded", _("%(percent)s %% are faded.")),
    ):
        if figures[flag]:
            said.append(sentence % {"percent": max(1, _percent(int(figures[flag]), total))})
    return said


def _of_faces(faces: dict[str, int]) -> list[str]:
    total = sum(faces.values())
    if not total:
        return [_("No face was found: this set says nothing of skin.")]
    if total < FEWEST_FACES:
        return [
            ngettext(
                "Only %(n)s face was found: this set says little of skin.",
                "Only %(n)s faces were found: this set says little of skin.",
                total,
            )
            % {"n": total}
        ]
    scarce = [str(_BANDS[band]) for band, n in faces.items() if n < max(FEWEST_FACES, SCARCE * total)]
    if not scarce:
        return [_("Light, middle and dark skin are all there.")]
    return [
        _("Few faces with %(bands)s: add some, or the colours of such skin will be guessed worse.")
        % {"bands": _(" and ").join(scarce)}
    ]


def _of_splits(dataset: Dataset, splits: dict[str, int]) -> list[str]:
    if dataset.kind == Dataset.Kind.TRAINING and not splits.get(Split.VAL):
        return [_("No photo is kept for validation: a training takes one in ten for it.")]
    return []
