"""Several ways of colouring on the same photos, one at a time: the figures are those of a judgement in one go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from skimage import data as skimage_data

from ml import comparison, evaluation, judgement
from ml.data import PhotoRow, open_photo
from tests.ml.conftest import Painter

PHOTOS = {"astronaut": "portrait", "chelsea": "animals", "coffee": "food", "retina": "people-groups"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[PhotoRow]:
    folder = tmp_path_factory.mktemp("set")
    for name in PHOTOS:
        Image.fromarray(getattr(skimage_data, name)()).resize((96, 64)).save(folder / f"{name}.png")
    return [PhotoRow(str(folder / f"{name}.png"), said, "made", "open", "val", 40.0) for name, said in PHOTOS.items()]


WAYS = {"live": evaluation.through_pipeline(Painter(30)), "candidate": evaluation.through_pipeline(Painter(10))}


def compared(rows: list[PhotoRow]) -> comparison.Figures:
    """All that is known goes through JSON, as between two slices."""
    survey = comparison.Survey()
    for row in rows:
        survey.add(open_photo(Path(row.path)), row.category)
    truths = comparison.Survey.from_json(json.loads(json.dumps(survey.as_json()))).truths
    seen = [comparison.look(open_photo(Path(row.path)), row.category, truths, WAYS) for row in rows]
    return comparison.gather((json.loads(json.dumps(each.figures)) for each in seen), truths)


def test_figures_are_those_of_each_way_judged_alone(rows: list[PhotoRow]) -> None:
    found = compared(rows)
    for name, colour in WAYS.items():
        alone = judgement.judge(Path("/"), rows, colour, threads=1)
        assert set(found["groups"]) == set(alone.groups)
        for group, figures in alone.groups.items():
            assert found["groups"][group]["photos"] == figures["photos"]
            for who, mine in (("model", name), ("grey", "grey"), ("mean_ab", "mean_ab")):
                assert found["groups"][group][mine] == pytest.approx(figures[who])
        if alone.skin_tones["faces"]:
            assert found["skin_tones"][name] == alone.skin_tones


def test_the_difference_of_two_ways_is_nought_where_they_are_one(rows: list[PhotoRow]) -> None:
    survey = comparison.Survey()
    truth = open_photo(Path(rows[0].path))
    survey.add(truth, "portrait")
    same = {"live": WAYS["live"], "candidate": WAYS["live"]}
    assert comparison.look(truth, "portrait", survey.truths, same).difference == 0
    assert comparison.look(truth, "portrait", survey.truths, WAYS).difference > 1


def test_photos_without_any_colour_cannot_be_compared_with() -> None:
    survey = comparison.Survey()
    with pytest.raises(ValueError, match="no photo"):
        _ = survey.truths
    survey.add(Image.new("RGB", (64, 64), "#777"), "")
    with pytest.raises(ValueError, match="no colour"):
        _ = survey.truths
