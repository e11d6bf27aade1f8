"""Judging many photos: groups, what is left out, and the same figures as for a list in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from skimage import data as skimage_data

from ml import evaluation, judgement
from ml.data import PhotoRow, read_photos
from tests.ml.conftest import Painter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of four photos that scikit-image carries, small, and one file that is none."""
    folder = tmp_path_factory.mktemp("set")
    lines = ["path,category,source,licence,split,width,height,colourfulness,report_set"]
    for name, category in (
        ("astronaut", "portrait"),
        ("chelsea", "animals"),
        ("broken", "animals"),
        ("coffee", "food"),
        ("retina", "people-groups"),
    ):
        file = folder / f"{name}.png"
        if name == "broken":
            file.write_bytes(b"not a photo")
        else:
            Image.fromarray(getattr(skimage_data, name)()).resize((96, 64)).save(file)
        lines.append(f"{name}.png,{category},scikit-image,open,val,96,64,40,")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[PhotoRow]:
    return read_photos(folder, "val")


@pytest.fixture(scope="module")
def judged(folder: Path, rows: list[PhotoRow]) -> judgement.Judgement:
    return judgement.judge(folder, rows, evaluation.through_pipeline(Painter(30)), threads=2, keep=2)


def test_a_file_that_is_no_photo_is_named_and_the_rest_goes_on(judged: judgement.Judgement) -> None:
    assert [photo.path for photo in judged.left_out] == ["broken.png"]
    assert judged.groups["all"]["photos"] == 4


def test_people_and_each_category_are_sets_of_their_own(
    folder: Path, rows: list[PhotoRow], judged: judgement.Judgement
) -> None:
    colour = evaluation.through_pipeline(Painter(30))
    for group, names in {"people": ("astronaut", "retina"), "category food": ("coffee",)}.items():
        chosen = [row for row in rows if Path(row.path).stem in names]
        alone = evaluation.evaluate(evaluation.triples(folder, chosen, colour))
        assert judged.groups[group]["photos"] == len(names)
        for who, figures in alone.items():
            assert judged.groups[group][who] == pytest.approx(figures), (group, who)


def test_the_figures_are_json_with_categories_and_what_was_left_out(judged: judgement.Judgement) -> None:
    found = json.loads(json.dumps(judged.as_json(), allow_nan=False))
    assert set(found["categories"]) == {"portrait", "animals", "food", "people-groups"}
    assert found["left_out"][0]["path"] == "broken.png"
    assert found["all"]["grey"]["gain"] == 0
    assert found["skin_tones"] == {"faces": 0}


def test_pictures_are_kept_for_the_sheet(judged: judgement.Judgement) -> None:
    assert len(judged.kept) == 2


def test_plain_photos_are_one_group_in_which_faces_are_looked_for(tmp_path: Path) -> None:
    Image.fromarray(skimage_data.astronaut()).resize((128, 128)).save(tmp_path / "a.png")
    judged = judgement.judge(tmp_path, read_photos(tmp_path, "val"), lambda grey: grey)
    assert list(judged.groups) == ["all"]
    assert judged.skin_tones["faces"] == 1


def test_only_broken_files_are_refused_with_a_reason(folder: Path, rows: list[PhotoRow]) -> None:
    broken = [row for row in rows if "broken" in row.path]
    with pytest.raises(ValueError, match=r"none of the 1 photos can be read: broken\.png"):
        judgement.judge(folder, broken, lambda grey: grey)


def test_the_networks_time_is_a_photos_in_milliseconds() -> None:
    timed = judgement.network_time(Painter())
    assert 0 < timed["fastest"] <= timed["milliseconds"] < 10_000
    assert timed["threads"] >= 1
