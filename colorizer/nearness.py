"""Which photos are copies of each other, by the fingerprints that a worker took (`ml.fingerprint`).

Whole against cuts, both ways, in plain integers: of 20,000 photos those near a new one are known within a tenth of a
second. What was found is kept as rows (`DatasetItem.near`), so that pages only look it up.
"""

from collections.abc import Iterable, Sequence

from django.db.models import CharField
from django.db.models.functions import Cast

from .models import DatasetItem, Status

MOST_BITS = 8
"""Two photos are copies where the whole of one and a cut of the other differ in so many of 63 bits, or fewer."""
MOST_BITS_WHOLE = 24
"""Of the two wholes no more differ then: most pairs are told apart by that alone."""

Hashes = tuple[int, ...]


def parse(fingerprint: Sequence[str]) -> Hashes:
    return tuple(int(each, 16) for each in fingerprint)


def are_near(one: Hashes, other: Hashes) -> bool:
    """Whether these are fingerprints of the same picture: re-saved, resized, or cut a little. None is near nothing."""
    if not one or not other or (one[0] ^ other[0]).bit_count() > MOST_BITS_WHOLE:
        return False
    return _holds(one[0], other) or _holds(other[0], one)


class Known:
    """The fingerprints of all photos that were measured, kept in memory and brought up to date when asked."""

    def __init__(self) -> None:
        self._hashes: dict[str, Hashes] = {}

    def near(self, fingerprint: Sequence[str]) -> list[str]:
        """The ids of the photos that are copies of the one with this ``fingerprint``, itself among them if measured."""
        self._update()
        own = parse(fingerprint)
        if not own:
            return []
        whole = own[0]
        known = ((pk, hashes) for pk, hashes in self._hashes.items() if hashes)
        like = [pk for pk, hashes in known if (whole ^ hashes[0]).bit_count() <= MOST_BITS_WHOLE]
        return [pk for pk in like if are_near(own, self._hashes[pk])]

    def _update(self) -> None:
        """Which photos there are is asked each time, a moment for 20,000; the fingerprints of the new ones alone."""
        # As text: 20,000 ids made into objects would take three times as long.
        items = DatasetItem.objects.annotate(id_text=Cast("pk", CharField())).order_by()
        here = set(items.filter(status=Status.DONE).values_list("id_text", flat=True))
        for gone in self._hashes.keys() - here:
            del self._hashes[gone]
        new = list(here - self._hashes.keys())
        for batch in _batches(new):
            found = items.filter(pk__in=batch).values_list("id_text", "fingerprint")
            self._hashes |= {pk: parse(fingerprint) for pk, fingerprint in found}


def _holds(whole: int, hashes: Hashes) -> bool:
    return any((whole ^ each).bit_count() <= MOST_BITS for each in hashes)


def _batches(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))
