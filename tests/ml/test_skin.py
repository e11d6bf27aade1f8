"""Faces and skin tones."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from skimage import data

from ml import skin


def test_a_portrait_has_a_face_and_a_cup_has_none() -> None:
    astronaut = Image.fromarray(data.astronaut()).resize((200, 200))
    box = skin.find_face(astronaut)
    assert box
    left, top, right, bottom = box
    # Eileen Collins' nose is at about 0.43, 0.23.
    assert left < 0.43 < right
    assert top < 0.23 < bottom
    assert skin.find_face(Image.fromarray(data.coffee()).resize((150, 100))) is None


def test_the_central_half_lies_in_the_middle_of_the_box() -> None:
    picture = torch.arange(100.0).view(1, 10, 10)
    assert skin.central_half(picture, (0.2, 0.2, 0.6, 0.6)).flatten().tolist() == [33, 34, 43, 44]


def test_light_skin_has_a_higher_angle_than_dark() -> None:
    light = torch.tensor([75.0, 10, 15]).view(3, 1, 1)
    dark = torch.tensor([35.0, 12, 16]).view(3, 1, 1)
    assert skin.typology_angle(light) == pytest.approx(59.04, abs=0.01)
    assert skin.typology_angle(dark) < 10


def test_bands_are_judged_only_with_enough_faces() -> None:
    measured = [(50.0, 6.0)] * 25 + [(0.0, 12.0)] * 5
    result = skin.summarise(measured)
    light, middle, dark = result["bands"].values()
    assert result["ciede2000"] == pytest.approx(7)
    assert light["against_mean"] == pytest.approx(6 / 7 - 1)
    assert light["interval"] == [6, 6]
    assert middle == {"faces": 0, "judged": False}
    assert dark["faces"] == 5
    assert not dark["judged"]
    assert "against_mean" not in dark
    assert result["worst_against_mean"] == light["against_mean"]


def test_a_set_without_faces_says_so() -> None:
    assert skin.summarise([]) == {"faces": 0}
