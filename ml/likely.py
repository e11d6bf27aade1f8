"""What else was likely: the distribution of a stored field as suggestions, other guesses and questions.

NumPy and SciPy alone, and from the field alone: no network runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, gaussian_filter, label

from ml.field import KEPT_BINS, Field, Floats

APART = 25.0
"""Lab units from which on two colours are different things to say, and not shades of one."""
PEAKS = 4
MOST_GUESSES = 4
_LEAST_SHARE = 0.05
"""Of the likeliest bin's probability: what is less likely is no alternative."""
_AROUND = 15.0
_SURE_WITHIN = 15.0
_PLAUSIBLE = 0.3, 0.15
"""Of what is likely around the colour shown; the second where the first leaves too few guesses."""
_SMOOTH = 1.0
"""In cells."""
_PRIOR = 0.02
_SMALLEST_PART = 0.01
_DIFFERENT = 10.0
_MOST_QUESTIONS = 5
_DOUBTFUL = 0.5


@dataclass(frozen=True)
class Colour:
    """A colour and how likely it is.

    Attributes:
        a, b: Lab units, as shown at vividness 1; not yet brought into the gamut of a lightness.
        share: 0..1 of all that is likely.
    """

    a: float
    b: float
    share: float


@dataclass(frozen=True)
class Guess:
    """Another colouring of the whole photo.

    Attributes:
        colour: what it tries, wherever that is likely.
        field: the photo so coloured, for `ml.method.StoredMethod` and all dials.
        differs: bool [h, w], where it shows clearly another colour.
    """

    colour: Colour
    field: Field
    differs: NDArray[np.bool_]


@dataclass(frozen=True)
class Question:
    """A place where the method is guessing and a relative may know.

    Attributes:
        x, y: 0..1, the most doubtful place of it.
        area: its share of the photo, 0..1.
        doubt: 0..1, how unsure the method is there.
        colours: what it may be, the likeliest first.
    """

    x: float
    y: float
    area: float
    doubt: float
    colours: list[Colour]


def kept(distribution: Floats, centres: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """The `KEPT_BINS` bins of each cell that say most.

    Args:
        distribution: float32 [n, h, w], n at most 256, probabilities.
        centres: float32 [n, 2].

    Returns:
        uint8 [k, h, w] and float32 [k, h, w]: up to `PEAKS` bins that are `APART` from each other, and the likeliest
        of the others, sorted by probability; probabilities among themselves. The eight likeliest alone would be
        shades of one colour in most places.
    """
    count, *shape = distribution.shape
    flat = _by_cell(distribution)
    cells = np.arange(len(flat))
    is_far = (_distances(centres, centres) >= APART).astype(np.float32)
    rest, ranked = flat.copy(), flat.copy()
    floor = _LEAST_SHARE * flat.max(axis=1)
    for _ in range(PEAKS):
        peak = rest.argmax(axis=1)
        is_peak = rest[cells, peak] > floor
        ranked[cells[is_peak], peak[is_peak]] += 1
        rest *= is_far[peak]
    chosen = np.empty((len(flat), min(KEPT_BINS, count)), np.intp)
    for place in range(chosen.shape[1]):  # eight times the largest is sooner found than the eight largest
        chosen[:, place] = ranked.argmax(axis=1)
        ranked[cells, chosen[:, place]] = -1
    chances = np.take_along_axis(flat, chosen, axis=1)
    order = np.argsort(-chances, axis=1, kind="stable")
    chosen, chances = np.take_along_axis(chosen, order, axis=1), np.take_along_axis(chances, order, axis=1)
    chances /= np.maximum(chances.sum(axis=1, keepdims=True), 1e-12)
    return chosen.T.reshape(-1, *shape).astype(np.uint8), chances.T.reshape(-1, *shape).astype(np.float32)


def confidence(distribution: Floats, centres: Floats, shown: Floats) -> Floats:
    """How likely the truth is within 15 Lab units of what is shown: float32 [h, w], 0..1.

    ``shown``: float32 [2, h, w], before the gain, as ``centres`` are.
    """
    is_near = _distances(shown.reshape(2, -1).T, centres) <= _SURE_WITHIN
    share = (_by_cell(distribution) * is_near).sum(axis=1)
    return np.asarray(share.reshape(shown.shape[1:]), np.float32)


def _by_cell(distribution: Floats) -> Floats:
    """[n, h, w] as [h * w, n], whole in memory; no copy of what lies so already."""
    return np.ascontiguousarray(distribution.reshape(len(distribution), -1).T)


def plausibility(field: Field, ab: Floats) -> Floats:
    """How likely other colours are beside those shown: float32 [h, w], 1 = as likely as they are, 0 = not at all.

    ``ab``: float32 [2, h, w], Lab units, at vividness 1. A field without a distribution knows but what it shows.
    """
    gain = np.float32(field.gain(1.0) or 1)
    wanted, shown = (colours.reshape(2, -1).T for colours in (ab / gain, field.means[0]))
    if not len(field.centres):
        return np.asarray(np.hypot(*(wanted - shown).T) < APART, np.float32).reshape(ab.shape[1:])
    centres, likely = field.centres.astype(np.float32), _spread_out(field)
    chance, own = (np.where(_distances(centres, each) < APART, likely, 0).sum(axis=0) for each in (wanted, shown))
    return np.asarray(chance / np.maximum(own, 1e-3), np.float32).reshape(ab.shape[1:])


def suggestions(field: Field, x: float, y: float, radius: float = 0.02, count: int = PEAKS) -> list[Colour]:
    """The distinct likely colours around a place, the one shown first, then the likeliest.

    Args:
        field: with a distribution, or only what is shown can be named.
        x, y: 0..1 from the left and the top.
        radius: of the place, as a share of the photo's short side.
        count: how many at most.
    """
    height, width = field.means.shape[2:]
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows + 0.5 - y * height, columns + 0.5 - x * width)
    is_there = distance <= max(radius * min(height, width), distance.min())
    return _colours(field, is_there, count)


def guesses(field: Field, count: int = MOST_GUESSES) -> list[Guess]:
    """Other colourings, each clearly different from the field's own and from each other.

    A guess is one colour that is tried wherever it is likely: the colour that most of the photo might have instead,
    then the next that is `APART` from those tried. Parts under a hundredth of the photo stay as they are.

    Args:
        field: with a distribution; without one there is no other guess.
        count: how many at most. Fewer where the method is sure.
    """
    if not len(field.centres):
        return []
    centres = field.centres.astype(np.float32)
    between = _distances(centres, centres)
    likely = _spread_out(field)
    away = _distances(centres, field.means[0].reshape(2, -1).T)
    own = np.where(away < _AROUND, likely, 0).sum(axis=0)
    chance = (between < _AROUND).astype(np.float32) @ likely
    found: list[Guess] = []
    taken = np.zeros(len(centres), bool)
    for least in _PLAUSIBLE:
        is_plausible = (away >= APART) & (chance >= least * own) & (chance > _PRIOR)
        votes = np.where(is_plausible, chance, 0).sum(axis=1)
        while len(found) < count and np.where(taken, 0, votes).max() > 0:
            best = int(np.where(taken, 0, votes).argmax())
            where = is_plausible[between[best] < _AROUND].any(axis=0).reshape(field.bins.shape[1:])
            if (guess := _guess(field, best, _large(where), likely)) is None:
                votes[between[best] < _AROUND] = 0
            else:
                found.append(guess)
                taken |= between[best] < APART
    return found


def guess_of(field: Field, a: float, b: float) -> Guess | None:
    """That of the field's `guesses` which tries this colour, or is nearest to it; None where none is within `APART`.

    So a guess is known by its colour, and is found again in the field that another model gives the same photo.

    Args:
        field: with a distribution; without one there is no other guess.
        a, b: Lab units, as shown at vividness 1.
    """

    def away(guess: Guess) -> float:
        return float(np.hypot(guess.colour.a - a, guess.colour.b - b))

    found = min(guesses(field), key=away, default=None)
    return found if found and away(found) < APART else None


def questions(field: Field) -> list[Question]:
    """What is worth asking a relative: the largest parts in doubt, at most five, the most doubtful area first."""
    if field.confidence is None or not len(field.centres):
        return []
    doubt = 1 - gaussian_filter(field.confidence, _SMOOTH)
    # More in doubt than half of the photo, and in doubt at all.
    parts, number = label(doubt > max(float(np.median(doubt)), _DOUBTFUL))
    found = []
    for part in range(1, number + 1):
        is_there = parts == part
        area = float(is_there.mean())
        if area < _SMALLEST_PART:
            continue
        rows, columns = np.nonzero(is_there)
        most = int(doubt[is_there].argmax())
        x, y = float((columns[most] + 0.5) / doubt.shape[1]), float((rows[most] + 0.5) / doubt.shape[0])
        colours = suggestions(field, x, y)
        if len(colours) > 1:
            found.append(Question(x, y, area, float(doubt[is_there].mean()), colours))
    return sorted(found, key=lambda q: -q.area * q.doubt)[:_MOST_QUESTIONS]


def _colours(field: Field, is_there: NDArray[np.bool_], count: int) -> list[Colour]:
    """The colour shown in a part, then the others that are likely in it."""
    gain = field.gain(1.0)
    shown = field.means[0][:, is_there].mean(axis=1)
    a, b = (gain * shown).tolist()
    if not len(field.centres):
        return [Colour(a, b, 1.0)]
    centres = field.centres.astype(np.float32)
    votes, weights = field.bins[:, is_there].ravel(), field.probabilities[:, is_there].ravel()
    chances = np.bincount(votes, weights, minlength=len(centres)) / weights.sum()
    is_near = np.hypot(*(centres - shown).T) < APART
    found = [Colour(a, b, float(chances[is_near].sum()))]
    rest = np.where(is_near, 0, chances)
    least = _LEAST_SHARE * chances.max()
    while rest.max() > least:
        peak = centres[rest.argmax()]
        distance = np.hypot(*(centres - peak).T)
        around = np.where(distance < _AROUND, rest, 0)
        # The slope of a colour that is named already is none of its own.
        if rest.max() >= chances[distance < _AROUND].max():
            a, b = (gain * (around @ centres) / around.sum()).tolist()
            found.append(Colour(a, b, float(rest[distance < APART].sum())))
        rest = np.where(distance < APART, 0, rest)
    return [found[0], *sorted(found[1:], key=lambda colour: -colour.share)][:count]


def _distances(colours: Floats, others: Floats) -> Floats:
    """[n, 2] and [m, 2] to [n, m]."""
    square = (colours**2).sum(axis=1)[:, None] - 2 * colours @ others.T + (others**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(square, 0)), np.float32)


def _spread_out(field: Field) -> Floats:
    """The kept probabilities by bin, [n, h * w], each averaged with its surroundings so that things stay whole."""
    likely = np.zeros((len(field.centres), *field.bins.shape[1:]), np.float32)
    np.put_along_axis(likely, field.bins.astype(np.intp), field.probabilities, axis=0)
    smooth: Floats = gaussian_filter(likely, (0, _SMOOTH, _SMOOTH))
    return smooth.reshape(len(likely), -1)


def _large(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the parts that are too small to speak of, holes within the others filled."""
    parts, number = label(binary_closing(where, iterations=2) | where)
    sizes = np.bincount(parts.ravel(), minlength=number + 1) / parts.size
    large: NDArray[np.bool_] = (parts > 0) & (sizes[parts] >= _SMALLEST_PART)
    return large


def _guess(field: Field, best: int, where: NDArray[np.bool_], likely: Floats) -> Guess | None:
    """The field with one colour in some places; None where that changes next to nothing."""
    centres = field.centres.astype(np.float32)
    is_alike = np.hypot(*(centres - centres[best]).T) < _AROUND
    chance = likely[is_alike].sum(axis=0)
    target = (centres[is_alike].T @ likely[is_alike] + _PRIOR * centres[best][:, None]) / (chance + _PRIOR)
    weight = gaussian_filter(where.astype(np.float32), _SMOOTH / 2)
    means = field.means + weight * (target.reshape(2, *where.shape) - field.means[:1])
    differs = np.hypot(*(means[0] - field.means[0])) * field.gain(1.0) > _DIFFERENT
    if differs.mean() < _SMALLEST_PART:
        return None
    a, b = (field.gain(1.0) * centres[best]).tolist()
    share = float(chance.reshape(where.shape)[differs].mean())
    return Guess(Colour(a, b, share), replace(field, means=means.astype(np.float32)), differs)
