"""`python -m ml colorize`: what it writes, what it refuses, what it says."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import pyvips
import skimage.data
from PIL import Image

from ml.commands import colorize
from ml.reference_protocol import another_shot
from tests.ml.conftest import Painter

HEIC = Path(__file__).parents[1] / "data" / "astronaut.heic"


class Loader:
    """Stands in for `find_method` and counts how often it is asked."""

    asked = 0

    def __call__(self, _name: str) -> Painter:
        self.asked += 1
        return Painter()


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Loader:
    loader = Loader()
    monkeypatch.setattr(colorize, "find_method", loader)
    return loader


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "new" / "coloured"


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    colorize.add_arguments(parser)
    return colorize.run(parser.parse_args([str(argument) for argument in arguments]))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("loader")
def test_each_photo_is_written_in_its_own_format_at_full_size(save_photo, camera, out, tmp_path, capsys) -> None:
    photos = [save_photo(name, camera) for name in ("a.jpg", "b.png", "c.webp", "d.tiff")]
    heic = tmp_path / "e.HEIC"
    shutil.copy(HEIC, heic)
    assert run(*photos, heic, "--out", out) == 0
    assert names(out) == ["a.jpg", "b.png", "c.webp", "d.tif", "e.jpg"]
    for name in ("a.jpg", "b.png", "c.webp", "d.tif"):
        with Image.open(out / name) as result:
            assert (result.size, result.mode) == ((256, 192), "RGB")
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 5
    assert all(line.endswith(" s") for line in said.out.splitlines())
    assert said.err == ""


@pytest.mark.usefixtures("loader")
def test_a_wrong_ending_is_put_right(save_photo, camera, out) -> None:
    assert run(save_photo("a.jpg", camera, format="PNG"), "--out", out) == 0
    assert names(out) == ["a.png"]


@pytest.mark.usefixtures("loader")
def test_pages_of_a_tiff_are_numbered(tmp_path, camera, out) -> None:
    pages = [Image.fromarray(np.full_like(camera, shade)) for shade in (60, 120, 180)]
    pages[0].save(tmp_path / "album.tif", save_all=True, append_images=pages[1:])
    assert run(tmp_path / "album.tif", "--out", out) == 0
    assert names(out) == ["album-2.tif", "album-3.tif", "album.tif"]


def test_two_photos_of_one_name_are_refused_before_any_work(save_photo, camera, out, loader, capsys) -> None:
    first, second = save_photo("a.jpg", camera), save_photo("A.jpeg", camera)
    assert run(first, second, "--out", out) == 2
    assert loader.asked == 0
    assert not out.exists()
    assert "overwrite" in capsys.readouterr().err


def test_a_page_that_takes_another_photos_name_is_refused(tmp_path, save_photo, camera, out, loader) -> None:
    sheet = Image.fromarray(camera)
    sheet.save(tmp_path / "a.tif", save_all=True, append_images=[sheet])
    assert run(tmp_path / "a.tif", save_photo("a-2.tif", camera), "--out", out) == 2
    assert loader.asked == 0


def test_the_originals_own_folder_is_refused(save_photo, camera, tmp_path, loader, capsys) -> None:
    photo = save_photo("a.jpg", camera)
    before = photo.read_bytes()
    assert run(photo, "--out", tmp_path / "." / "x" / "..") == 2
    assert photo.read_bytes() == before
    assert loader.asked == 0
    assert "a.jpg" in capsys.readouterr().err


def test_a_result_that_is_there_already_is_not_overwritten(save_photo, camera, out, loader) -> None:
    out.mkdir(parents=True)
    (out / "a.jpg").write_bytes(b"an earlier one")
    assert run(save_photo("a.jpg", camera), "--out", out) == 2
    assert (out / "a.jpg").read_bytes() == b"an earlier one"
    assert loader.asked == 0


@pytest.mark.usefixtures("loader")
def test_one_that_fails_is_named_and_the_others_go_on(save_photo, camera, tmp_path, out, capsys) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_bytes(b"%PDF-1.4 " * 40)
    cut = save_photo("cut.jpg", np.tile(camera, (4, 4)))
    cut.write_bytes(cut.read_bytes()[:9000])
    good = save_photo("good.jpg", camera)
    assert run(letter, cut, tmp_path / "missing.jpg", good, "--out", out) == 1
    assert names(out) == ["good.jpg"]
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    complaints = said.err.splitlines()
    assert len(complaints) == 3
    assert any("letter.jpg: not an image: not a JPEG" in line for line in complaints)
    assert any("cut.jpg: truncated" in line for line in complaints)
    assert any("missing.jpg: No such file" in line for line in complaints)


def test_an_unknown_model_is_refused(save_photo, camera, out, capsys) -> None:
    assert run(save_photo("a.jpg", camera), "--out", out, "--model", "nobody") == 2
    assert "nobody" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("value", ["-0.1", "2.5", "loud"])
def test_a_vividness_outside_the_dial_is_refused(save_photo, camera, out, value: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run(save_photo("a.jpg", camera), "--out", out, f"--vividness={value}")
    assert caught.value.code == 2


@pytest.mark.parametrize("value", ["-20.5", "21", "hot"])
def test_a_warmth_outside_the_dial_is_refused(save_photo, camera, out, value: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run(save_photo("a.jpg", camera), "--out", out, f"--warmth={value}")
    assert caught.value.code == 2


@pytest.mark.usefixtures("loader")
def test_warmth_makes_the_picture_yellower(save_photo, camera, tmp_path) -> None:
    photo = save_photo("a.png", camera)
    means = []
    for warmth in (0, 15):
        assert run(photo, "--out", tmp_path / str(warmth), f"--warmth={warmth}") == 0
        lab = pyvips.Image.new_from_file(str(tmp_path / str(warmth) / "a.png")).colourspace("lab")
        means.append(lab[2].avg())
    assert 1 < means[1] - means[0] < 16


def given(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(content))
    return path


PIN = {"x": 0.5, "y": 0.2, "colour": "#5080d0"}
SWATCH = {"reference": [0, 0, 1, 1], "photo": [0, 0, 1, 0.5]}


def test_levin_colours_by_the_pins_of_a_file(save_photo, camera, tmp_path, out) -> None:
    pins = given(tmp_path, "pins.json", [PIN])
    assert run(save_photo("a.png", camera), "--out", out, "--model", "levin", "--pins", pins) == 0
    with Image.open(out / "a.png") as result:
        red, _, blue = np.asarray(result.resize((1, 1), Image.Resampling.BOX))[0, 0]
        assert blue > red + 20
    assert b"levin" in pyvips.Image.new_from_file(str(out / "a.png")).get("xmp-data")


def test_welsh_colours_by_a_reference_and_its_swatches(save_photo, camera, astronaut, tmp_path, out) -> None:
    photo, reference = save_photo("a.png", camera), save_photo("r.png", astronaut)
    swatches = given(tmp_path, "swatches.json", [SWATCH])
    assert run(photo, "--out", out, "--model", "welsh", "--reference", reference, "--swatches", swatches) == 0
    with Image.open(out / "a.png") as result:
        assert np.ptp(np.asarray(result).astype(int), axis=-1).max() > 30


def test_the_default_model_takes_what_fits_of_a_reference_and_refuses_one_that_does_not(
    save_photo, tmp_path, out, capsys
) -> None:
    coffee = Image.fromarray(skimage.data.coffee()[::3, ::3])
    photo = save_photo("a.png", np.array(coffee.convert("L")))
    shot = save_photo("shot.png", np.array(another_shot(coffee)))
    rocket = save_photo("rocket.png", skimage.data.rocket()[::2, ::2])
    assert run(photo, "--out", out, "--reference", shot) == 0
    assert (out / "a.png").is_file()
    assert run(photo, "--out", tmp_path / "unfit", "--reference", rocket) == 1
    assert "a.png: this reference fits too little" in capsys.readouterr().err
    assert not (tmp_path / "unfit" / "a.png").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--swatches swatches.json --reference a.png", "--swatches goes with --model welsh alone"),
        ("--reference a.png", "black and white"),
        ("--model levin", "levin needs pins (--pins FILE)"),
        ("--model welsh", "welsh needs a reference photo (--reference PHOTO)"),
        ("--model levin --reference a.png", "levin does not take a reference photo"),
        ("--model welsh --pins pins.json", "welsh does not take pins"),
        ("--model levin --pins pins.json --reference a.png", "--pins and --reference do not go together"),
        ("--model welsh --swatches swatches.json", "--swatches needs the --reference"),
        ("--model levin --pins none.json", "none.json: No such file"),
        ("--model levin --pins a.png", "a.png is no JSON"),
        ("--model welsh --reference pins.json", "pins.json: not an image"),
        ("--model welsh --reference none.png", "none.png: No such file"),
        ("--model welsh --reference a.png --swatches none.json", "none.json: No such file"),
        ("--model welsh --reference a.png --swatches pins.json", "swatches 1"),
    ],
)
def test_a_guide_that_does_not_fit_is_refused_before_any_work(
    save_photo, camera, tmp_path, out, capsys, monkeypatch, options: str, sentence: str
) -> None:
    photo = save_photo("a.png", camera)
    given(tmp_path, "pins.json", [PIN])
    given(tmp_path, "swatches.json", [SWATCH])
    monkeypatch.chdir(tmp_path)
    assert run(photo, "--out", out, *options.split()) == 2
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_pins_of_one_photo_are_not_laid_on_two(save_photo, camera, tmp_path, out, capsys) -> None:
    photos = [save_photo(name, camera) for name in ("a.png", "b.png")]
    pins = given(tmp_path, "pins.json", [PIN])
    assert run(*photos, "--out", out, "--model", "levin", "--pins", pins) == 2
    assert "--pins belongs to one photo, and here are 2" in capsys.readouterr().err
    assert not out.exists()
