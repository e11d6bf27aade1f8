"""Judge several ways of colouring on the same photos, one photo at a time: it may be broken off and gone on with later.

The figures are those of `ml.judgement`: what is known of a photo is numbers in JSON, and the sets' figures are made of
them in the end. Beside the ways of colouring stand the controls "grey" and "mean_ab".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from ml import metrics, skin
from ml.color import rgb_tensor, srgb_to_lab
from ml.evaluation import Colouring, Compared, Means, Pixels, Triple, Truths, check_colours, compare, squash
from ml.frechet import Eye
from ml.judgement import ALL, groups_of, without_sole_category

Figures = dict[str, Any]
CONTROLS = ("grey", "mean_ab")


class Survey:
    """What the true photos of a set say of its groups. Every photo is added, then photos are compared by it."""

    def __init__(self) -> None:
        self._truths: dict[str, Truths] = {}

    def add(self, truth: Image.Image, category: str) -> None:
        """Count one photo in."""
        one = Truths()
        one.add(squash(truth))
        for group in groups_of(category):
            self._truths.setdefault(group, Truths()).merge(one)

    @property
    def truths(self) -> dict[str, Truths]:
        """By group, those alone that are judged. Raises ValueError where there is no photo, or no colour in any."""
        check_colours(self._truths.get(ALL, Truths()))
        return without_sole_category(self._truths)

    def as_json(self) -> Figures:
        """All of it, for `from_json`."""
        return {group: truths.as_json() for group, truths in self._truths.items()}

    @classmethod
    def from_json(cls, said: Figures) -> Survey:
        """What `as_json` gave."""
        survey = cls()
        survey._truths = {group: Truths.from_json(each) for group, each in said.items()}
        return survey


@dataclass(frozen=True)
class Seen:
    """One photo, as each way of colouring gave it.

    Attributes:
        figures: JSON, for `gather`.
        pictures: what each made of it, at the photo's own size.
        difference: mean CIEDE2000 between the first two, at 256 x 256.
    """

    figures: Figures
    pictures: dict[str, Image.Image]
    difference: float


def look(
    truth: Image.Image,
    category: str,
    truths: Mapping[str, Truths],
    ways: Mapping[str, Colouring],
    eye: Eye | None = None,
) -> Seen:
    """Colour one photo in each of ``ways`` and compare what comes out with the truth.

    Args:
        truth: RGB.
        truths: of the set, see `Survey.truths`.
        ways: two or more, by name; none of them "grey", "mean_ab" or "truth".
        eye: gives what FD-Lite0 is made of.
    """
    grey = truth.convert("L")
    pictures = {name: colour(grey) for name, colour in ways.items()}
    small = {name: squash(picture) for name, picture in pictures.items()}
    true, plain = squash(truth), squash(grey)
    sets = {group: truths[group] for group in groups_of(category) if group in truths}
    face = skin.find_face(truth) if skin.available() else None
    groups: dict[str, Figures] = {group: {"figures": {}, "features": {}} for group in sets}
    faces = {}
    for name, output in small.items():
        triple = Triple(true, plain, output)
        for group, found in compare(triple, sets, eye).items():
            _take(groups[group]["figures"], found.figures, name)
            _take(groups[group]["features"], {k: v.tolist() for k, v in found.features.items()}, name)
        if face:
            faces[name] = skin.measure_at(face, triple)
    first, second = list(small.values())[:2]
    return Seen({"groups": groups, "faces": faces}, pictures, metrics.ciede2000(_lab(first), _lab(second)))


def gather(photos: Iterable[Figures], truths: Mapping[str, Truths]) -> Figures:
    """The figures of the whole set of what `look` found: ``{"groups": {group: ...}, "skin_tones": {name: ...}}``.

    A group is ``{"photos", "colourfulness", "grey", "mean_ab", <name>: figures as `ml.evaluation.evaluate`}``, skin
    tones are as `ml.skin.summarise` has them.
    """
    means = {group: Means(of) for group, of in truths.items()}
    faces: dict[str, list[tuple[float, float]]] = {}
    for photo in photos:
        for group, found in photo["groups"].items():
            features = {name: torch.tensor(values) for name, values in found["features"].items()}
            means[group].add(Compared(found["figures"], features))
        for name, (angle, error) in photo["faces"].items():
            faces.setdefault(name, []).append((angle, error))
    groups = {
        group: {"photos": truths[group].photos, "colourfulness": truths[group].colourfulness / truths[group].photos}
        | of.result()
        for group, of in means.items()
    }
    return {"groups": groups, "skin_tones": {name: skin.summarise(each) for name, each in faces.items()}}


def _take(into: Figures, found: Mapping[str, Any], name: str) -> None:
    """What `compare` says of its "model" under the name of the way, and of the controls and the truth once."""
    for who, values in found.items():
        if who == "model":
            into[name] = values
        else:
            into.setdefault(who, values)


def _lab(pixels: Pixels) -> torch.Tensor:
    return srgb_to_lab(rgb_tensor(pixels))
