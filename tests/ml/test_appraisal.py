"""What a photo would teach: dull, tinted and faded ones are seen, and whose face is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data

from ml.appraisal import Appraisal, appraise
from ml.photo import open_page

ASTRONAUT, COFFEE = (Image.fromarray(getattr(data, name)()) for name in ("astronaut", "coffee"))


@pytest.fixture
def look(tmp_path: Path):  # type: ignore[no-untyped-def]
    def look(photo: Image.Image) -> Appraisal:
        photo.save(tmp_path / "photo.png")
        return appraise(open_page(tmp_path / "photo.png").preview)

    return look


def tinted(photo: Image.Image, *by: float) -> Image.Image:
    return Image.fromarray((np.asarray(photo) * by).clip(0, 255).astype(np.uint8))


def test_a_photo_as_it_should_be_has_no_flag(look) -> None:  # type: ignore[no-untyped-def]
    found = look(ASTRONAUT)
    assert (found.is_dull, found.is_tinted, found.is_faded) == (False, False, False)
    assert found.colourfulness > 15


def test_a_face_is_sorted_by_its_skin(look) -> None:  # type: ignore[no-untyped-def]
    assert sum(look(ASTRONAUT).faces.values()) == 1
    assert look(COFFEE).faces == {}


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_grey_is_dull_and_not_tinted(look, mode: str) -> None:  # type: ignore[no-untyped-def]
    found = look(ASTRONAUT.convert("L").convert(mode))
    assert (found.is_dull, found.is_tinted, found.lean) == (True, False, "even")


def test_sepia_and_yellowed_prints_are_tinted(look) -> None:  # type: ignore[no-untyped-def]
    assert look(ImageOps.colorize(ASTRONAUT.convert("L"), "#2a1a08", "#f4e4c4")).is_tinted
    assert look(tinted(COFFEE, 1.0, 0.85, 0.55)).is_tinted
    assert not look(COFFEE).is_tinted


def test_a_print_without_black_is_faded(look) -> None:  # type: ignore[no-untyped-def]
    assert look(ASTRONAUT.point(lambda value: round(70 + value * 0.5))).is_faded


@pytest.mark.parametrize(
    ("colour", "lean"), [("#c86432", "warm"), ("#32a046", "green"), ("#3264c8", "blue"), ("#c850c8", "pink")]
)
def test_what_its_colours_lean_to(look, colour: str, lean: str) -> None:  # type: ignore[no-untyped-def]
    assert look(Image.new("RGB", (60, 40), colour)).lean == lean
