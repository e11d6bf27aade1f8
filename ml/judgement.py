"""Judge a way of colouring over any number of photos: every figure of the protocol, by group, in bounded memory.

Two passes: the first reads the truths, whose colours weigh the figures; the second colours and compares. A group
(all, people, each category) is judged as a set of its own, with its own mean tint and its own rare colours.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import skin
from ml.data import PhotoRow, open_photo
from ml.evaluation import SIDE, Colouring, Compared, Means, Triple, Truths, check_colours, compare, squash, triple
from ml.frechet import Eye
from ml.method import Guide, Method
from ml.pins import Pin, Pins
from ml.side_by_side import Each, side_by_side

ONE_PIN = Pins((Pin(0.5, 0.5, 20.0, 20.0),))
"""For the time of a method that does nothing without."""
ALL, PEOPLE = "all", "people"
_CATEGORY = "category "
_TIMED_RUNS = 15

Tell = Callable[[str, int, int], None]
"""Called with what is done, how many photos are, and of how many."""


@dataclass(frozen=True)
class LeftOut:
    """A photo that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Judgement:
    """What `judge` found.

    Attributes:
        groups: "all", "people" where there are such categories, and "category X" where there is more than one; each
            ``{"photos", "colourfulness", "model", "grey", "mean_ab"}``, the last three as `ml.evaluation.evaluate`.
        skin_tones: as `ml.skin.summarise`, or ``{"not_measured": why}``.
        left_out: the photos that are in no figure.
        kept: some of the photos, spread evenly, for a contact sheet.
    """

    groups: dict[str, dict[str, Any]]
    skin_tones: dict[str, Any]
    left_out: list[LeftOut]
    kept: list[Triple]

    def as_json(self) -> dict[str, Any]:
        """All but the pictures; categories under a name of their own."""
        named = {k: v for k, v in self.groups.items() if not k.startswith(_CATEGORY)}
        categories = {k.removeprefix(_CATEGORY): v for k, v in self.groups.items() if k.startswith(_CATEGORY)}
        return {
            "photos": self.groups[ALL]["photos"],
            "left_out": [{"path": photo.path, "reason": photo.reason} for photo in self.left_out],
            **named,
            "categories": categories,
            "skin_tones": self.skin_tones,
        }


def is_of_people(category: str) -> bool:
    """Whether a category of the photo pack shows people above all."""
    return category.startswith(("people", "portrait", "everyday-people"))


def judge(
    folder: Path,
    rows: Sequence[PhotoRow],
    colour: Colouring,
    *,
    sees_truth: bool = False,
    eye: Eye | None = None,
    threads: int | None = None,
    keep: int = 0,
    tell: Tell = lambda what, done, of: None,
) -> Judgement:
    """Colour and compare every photo of ``rows`` that can be read.

    Args:
        folder: where the rows' paths begin.
        colour: from a grey file to its colour picture, see `ml.evaluation.through_pipeline`. Called from threads.
        sees_truth: ``colour`` is given the true photo instead, see `ml.pin_protocol.with_true_pins`.
        eye: gives FD-Lite0. Groups of few photos have a high one: compare it with their grey control's alone.
        threads: photos at work at once; by default as many as there are processors.
        keep: how many photos `Judgement.kept` holds.

    Raises:
        ValueError: no photo could be read, or none has any colour.
    """
    with side_by_side(threads) as each:
        read, truths, left_out = _survey(folder, rows, each, tell)
        if not read:
            raise ValueError(f"none of the {len(rows)} photos can be read: {left_out[0].path}: {left_out[0].reason}")
        check_colours(truths[ALL])
        looks_for_faces = {r.path for r in read if is_of_people(r.category)} or {r.path for r in read}
        shown = {i * len(read) // keep for i in range(keep)} if keep else set()

        def work(row: PhotoRow) -> tuple[Triple, dict[str, Compared], tuple[float, float] | None]:
            photo = open_photo(folder / row.path)
            made = triple(photo, colour, sees_truth)
            sets = {group: truths[group] for group in groups_of(row.category) if group in truths}
            face = skin.measure(photo, made) if has_faces and row.path in looks_for_faces else None
            return made, compare(made, sets, eye), face

        has_faces = skin.available()
        means = {group: Means(of) for group, of in truths.items()}
        faces: list[tuple[float, float]] = []
        kept: list[Triple] = []
        for i, (made, compared, face) in enumerate(each(work, read)):
            for group, of in compared.items():
                means[group].add(of)
            faces += [face] if face else []
            kept += [made] if i in shown else []
            tell("judged", i + 1, len(read))
    groups = {
        name: {"photos": truths[name].photos, "colourfulness": truths[name].colourfulness / truths[name].photos}
        | of.result()
        for name, of in means.items()
    }
    tones = skin.summarise(faces) if has_faces else {"not_measured": "scikit-image is not installed"}
    return Judgement(groups, tones, left_out, kept)


def network_time(method: Method, guide: Guide = None) -> dict[str, float | int]:
    """How long a method takes for the colours of one photo at 256 px: median milliseconds, and torch's threads."""
    rng = np.random.default_rng(0)
    lightness = rng.uniform(0, 100, (SIDE, SIDE)).astype(np.float32)
    method.ab(lightness, guide)
    taken = []
    for _ in range(_TIMED_RUNS):
        started = time.perf_counter()
        method.ab(lightness, guide)
        taken.append(1000 * (time.perf_counter() - started))
    return {"milliseconds": statistics.median(taken), "fastest": min(taken), "threads": torch.get_num_threads()}


def groups_of(category: str) -> list[str]:
    """The groups that a photo of a category is judged in."""
    return [ALL, *([PEOPLE] if is_of_people(category) else []), _CATEGORY + (category or "none")]


def _survey(
    folder: Path, rows: Sequence[PhotoRow], each: Each, tell: Tell
) -> tuple[list[PhotoRow], dict[str, Truths], list[LeftOut]]:
    """The rows that can be read, what their truths say of each group, and the others."""

    def work(row: PhotoRow) -> Truths | str:
        one = Truths()
        try:
            one.add(squash(open_photo(folder / row.path)))
        except OSError as error:
            return error.strerror or str(error)
        return one

    read, left_out = [], []
    truths: dict[str, Truths] = {}
    for i, (row, found) in enumerate(zip(rows, each(work, rows), strict=True)):
        if isinstance(found, str):
            left_out.append(LeftOut(row.path, found))
            continue
        read.append(row)
        for group in groups_of(row.category):
            truths.setdefault(group, Truths()).merge(found)
        tell("read", i + 1, len(rows))
    return read, without_sole_category(truths), left_out


def without_sole_category(truths: dict[str, Truths]) -> dict[str, Truths]:
    """Where all photos are of one category, it says nothing that "all" does not."""
    if sum(group.startswith(_CATEGORY) for group in truths) == 1:
        return {k: v for k, v in truths.items() if not k.startswith(_CATEGORY)}
    return truths
