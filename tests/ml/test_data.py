"""The index and the planes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml import data
from ml.color import bin_centres, srgb_to_lab
from ml.photo import open_page

HEIC = Path(__file__).parents[1] / "data" / "astronaut.heic"
HEADER = "path,category,source,licence,split,width,height,colourfulness,report_set\n"


def index(folder: Path, *lines: str) -> Path:
    (folder / "index.csv").write_text(HEADER + "\n".join(lines) + "\n")
    return folder


def test_only_the_asked_split_and_licence_are_read(tmp_path: Path) -> None:
    index(
        tmp_path,
        "a.webp,portrait,x,open,train,4,4,30,",
        "b.webp,portrait,y,unclear,train,4,4,30,",
        "c.webp,portrait,x,open,val,4,4,30,",
    )
    assert [r.path for r in data.read_index(tmp_path, "train")] == ["a.webp", "b.webp"]
    assert [r.path for r in data.read_index(tmp_path, "train", ["open"])] == ["a.webp"]
    assert data.count_sources(data.read_index(tmp_path, "train")) == {"open": {"x": 1}, "unclear": {"y": 1}}


def test_an_index_that_gives_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        data.read_index(tmp_path, "train")
    index(tmp_path, "a.webp,portrait,x,unclear,train,4,4,30,")
    with pytest.raises(ValueError, match="no photo"):
        data.read_index(tmp_path, "train", ["open"])
    (tmp_path / "index.csv").write_text("path,split\na.webp,train\n")
    with pytest.raises(ValueError, match="lacks"):
        data.read_index(tmp_path, "train")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b.webp,portrait,x,open", "line 3: nothing stands under split"),
        ("b.webp,portrait,x,open,train,4,4,loud,", "line 3: colourfulness must be a number, not 'loud'"),
        ("b.webp,portrait,x,open,train,4,4,,", "line 3: colourfulness must be a number, not ''"),
    ],
)
def test_a_line_that_says_too_little_is_named(tmp_path: Path, line: str, said: str) -> None:
    index(tmp_path, "a.webp,portrait,x,open,train,4,4,30,", line)
    with pytest.raises(ValueError, match=said):
        data.read_index(tmp_path, "train")


def test_an_index_that_a_spreadsheet_has_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text(HEADER + "a.webp,portrait,x,open,train,4,4,30,\n", encoding="utf-8-sig")
    assert [row.path for row in data.read_index(tmp_path, "train")] == ["a.webp"]
    assert (
        len(data.train_and_held_out(index(tmp_path, *(f"{i}.webp,portrait,x,open,train,4,4,30," for i in range(9))))[1])
        == 1
    )


def test_planes_hold_the_greys_lightness_and_the_photos_colour() -> None:
    photo = Image.new("RGB", (3, 2), (200, 40, 90))
    planes = data.photo_planes(photo)
    assert planes.shape == (2, 3, 3)
    lab = srgb_to_lab(torch.tensor([200, 40, 90]).view(3, 1, 1) / 255).flatten()
    grey = np.array(photo.convert("L"))[0, 0] / 255
    lightness = srgb_to_lab(torch.full((3, 1, 1), grey))[0].item()
    assert planes[0, 0, 0] / 2.55 == pytest.approx(lightness, abs=0.3)
    assert planes[0, 0, 1:].astype(float) - 128 == pytest.approx(lab[1:].tolist(), abs=0.51)


def test_large_photos_are_kept_small(tmp_path: Path) -> None:
    Image.new("RGB", (640, 480)).save(tmp_path / "a.jpg")
    row = data.PhotoRow("a.jpg", "portrait", "x", "open", "train", 30.0)
    assert data.load_planes(tmp_path, [row])[1][0].shape == (160, 213, 3)


def test_photos_are_turned_upright(tmp_path: Path) -> None:
    photo = Image.new("RGB", (40, 20))
    exif = photo.getexif()
    exif[274] = 6
    photo.save(tmp_path / "a.jpg", exif=exif)
    assert data.open_photo(tmp_path / "a.jpg").size == (20, 40)


def test_photos_of_phones_count_as_all_others_do(tmp_path: Path) -> None:
    for name in ("train/people/a.HEIC", "train/people/b.heif", "train/people/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HEIC, tmp_path / name)
    read, planes, left_out = data.load_planes(tmp_path, data.read_photos(tmp_path, "train"))
    assert ([row.path for row in read], left_out) == (
        ["train/people/a.HEIC", "train/people/b.heif", "train/people/c.jpg"],
        [],
    )
    upright = open_page(HEIC, 0).preview.numpy().astype(float)
    assert np.abs(np.array(data.open_photo(HEIC)) - upright).max() <= 1
    assert planes[0].shape == upright.shape


def test_a_damaged_photo_of_a_phone_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(HEIC.read_bytes()[:-200])
    with pytest.raises(OSError, match=r"a\.heic"):
        data.open_photo(tmp_path / "a.heic")


def test_bin_frequency_counts_softly_around_the_true_bin() -> None:
    grey = np.full((8, 8, 3), 128, np.uint8)
    frequency = data.bin_frequency([grey])
    assert frequency.sum() == pytest.approx(1)
    assert (frequency > 0).sum() == 5
    assert bin_centres()[frequency.argmax()].tolist() == [0, 0]


def test_a_folder_without_an_index_is_read_as_imagenet_is_laid_out(tmp_path: Path) -> None:
    for name in ("train/n01/a.JPEG", "val/n01/b.JPEG", "val/n02/c.png", "val/n02/notes.txt"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    rows = data.read_photos(tmp_path, "val")
    assert [(r.path, r.category) for r in rows] == [("val/n01/b.JPEG", "n01"), ("val/n02/c.png", "n02")]
    assert [r.path for r in data.read_photos(tmp_path / "train" / "n01", "val")] == ["a.JPEG"]
    assert data.read_photos(tmp_path / "train" / "n01", "val")[0].category == ""
    assert all(r.colourfulness >= data.DULL for r in rows)


def test_another_splits_photos_are_never_taken_for_those_asked_for(tmp_path: Path) -> None:
    for name in ("n01/a.png", "val/n01/b.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert [r.path for r in data.read_photos(tmp_path, "train")] == ["n01/a.png"]
    (tmp_path / "n01" / "a.png").unlink()
    with pytest.raises(ValueError, match="nor any photo"):
        data.read_photos(tmp_path, "train")


def test_a_folder_with_an_index_is_read_by_it(tmp_path: Path) -> None:
    index(tmp_path, "a.webp,portrait,x,open,val,4,4,30,2")
    (tmp_path / "b.png").touch()
    assert [(r.path, r.report_set) for r in data.read_photos(tmp_path, "val")] == [("a.webp", "2")]


def test_a_folder_without_photos_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nor any photo: JPEG, PNG"):
        data.read_photos(tmp_path, "val")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        data.read_photos(tmp_path / "none", "val")


def test_a_tenth_is_held_out_where_the_data_has_no_val_split(tmp_path: Path) -> None:
    for i in range(40):
        file = tmp_path / f"n{i % 3}" / f"{i}.jpg"
        file.parent.mkdir(exist_ok=True)
        file.touch()
    train, held_out = data.train_and_held_out(tmp_path)
    assert (len(train), len(held_out)) == (36, 4)
    assert not {r.path for r in train} & {r.path for r in held_out}
    assert data.train_and_held_out(tmp_path) == (train, held_out)
    index(tmp_path, *(f"{i}.webp,portrait,x,open,train,4,4,30," for i in range(20)))
    assert len(data.train_and_held_out(tmp_path)[1]) == 2


@pytest.mark.parametrize(("is_indexed", "limit"), [(False, None), (False, 7), (True, None), (True, 7)])
def test_what_a_model_has_not_seen_of_a_folder_is_known_again_wherever_it_lies(
    tmp_path: Path, is_indexed: bool, limit: int | None
) -> None:
    for i in range(40):
        (tmp_path / "here").mkdir(exist_ok=True)
        (tmp_path / "here" / f"{i}.jpg").touch()
    if is_indexed:
        lines = (f"{i}.jpg,portrait,x,{'open' if i % 2 else 'unclear'},train,4,4,{i}," for i in range(40))
        index(tmp_path / "here", *lines)
    licences = ["open"] if is_indexed else []
    train, held_out = data.train_and_held_out(tmp_path / "here", licences)
    seen = data.evenly(data.without_dull(train), limit)
    card = {"index_sha256": data.digest(seen), "licences_asked_for": licences or ["any"], "limit": limit}
    there = (tmp_path / "here").rename(tmp_path / "there")
    assert data.unseen(there, "val", card) == held_out
    assert not {row.path for row in held_out} & {row.path for row in seen}
    assert data.unseen(there, "val", card | {"index_sha256": "0" * 64}) == []
    assert data.unseen(there, "val", {}) == []


def test_the_datas_own_val_split_is_taken_where_it_has_one(tmp_path: Path) -> None:
    index(tmp_path, "a.webp,portrait,x,open,train,4,4,30,", "b.webp,portrait,x,open,val,4,4,30,")
    train, held_out = data.train_and_held_out(tmp_path)
    assert [r.path for r in train] == ["a.webp"]
    assert [r.path for r in held_out] == ["b.webp"]
    for name in ("train/n1/c.png", "val/n1/d.png"):
        file = tmp_path / "folders" / name
        file.parent.mkdir(parents=True)
        file.touch()
    train, held_out = data.train_and_held_out(tmp_path / "folders")
    assert [r.path for r in train + held_out] == ["train/n1/c.png", "val/n1/d.png"]


def test_the_digest_tells_data_apart_wherever_it_lies(tmp_path: Path) -> None:
    rows = [data.PhotoRow(f"{i}.jpg", "portrait", "x", "open", "train", 30.0) for i in range(3)]
    assert data.digest(rows) == data.digest(rows[::-1])
    assert data.digest(rows) != data.digest(rows[:2])
