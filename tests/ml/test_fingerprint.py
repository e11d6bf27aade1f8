"""A copy is known again by its fingerprint, and another photo is not taken for one."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import combinations

import pytest
from PIL import Image
from skimage import data

from colorizer.nearness import are_near, parse
from ml.fingerprint import CUTS, fingerprint

PHOTOS = {name: Image.fromarray(getattr(data, name)()) for name in ("astronaut", "chelsea", "coffee", "rocket")}


def near(one: Image.Image, other: Image.Image) -> bool:
    return are_near(parse(fingerprint(one)), parse(fingerprint(other)))


def cut(left: float, top: float, right: float, bottom: float) -> Callable[[Image.Image], Image.Image]:
    return lambda photo: photo.crop(
        (round(left * photo.width), round(top * photo.height), round(right * photo.width), round(bottom * photo.height))
    )


def saved(photo: Image.Image) -> Image.Image:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=30)
    return Image.open(file)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "re-saved": saved,
    "smaller": lambda photo: photo.resize((photo.width // 3, photo.height // 3)),
    "brighter": lambda photo: photo.point(lambda value: min(255, round(value * 1.15 + 8))),
    "grey": lambda photo: photo.convert("L"),
    "cut left": cut(0.05, 0, 1, 1),
    "cut below": cut(0, 0, 1, 0.95),
    "cut at both sides": cut(0.05, 0, 0.95, 1),
    "cut all around": cut(0.05, 0.05, 0.95, 0.95),
    "cut anywhere": cut(0.03, 0.01, 0.98, 0.96),
    "cut, smaller and re-saved": lambda photo: saved(cut(0.01, 0.04, 0.96, 0.99)(photo).resize((200, 150))),
}


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", PHOTOS)
def test_a_copy_is_known_again_whichever_came_first(name: str, copy: str) -> None:
    photo = PHOTOS[name]
    assert near(photo, COPIES[copy](photo))
    assert near(COPIES[copy](photo), photo)


def test_other_photos_are_told_apart() -> None:
    assert not [pair for pair in combinations(PHOTOS, 2) if near(*(PHOTOS[name] for name in pair))]
    mirrored = PHOTOS["astronaut"].transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert not near(PHOTOS["astronaut"], mirrored)


def test_a_fingerprint_is_a_hash_of_each_cut() -> None:
    found = fingerprint(PHOTOS["coffee"])
    assert [len(each) for each in found] == [16] * len(CUTS)
    assert found == fingerprint(PHOTOS["coffee"])


def test_none_is_near_nothing() -> None:
    assert not are_near((), parse(fingerprint(PHOTOS["coffee"])))


def test_the_smallest_photo_has_one() -> None:
    assert len(fingerprint(Image.new("RGB", (1, 1)))) == len(CUTS)
