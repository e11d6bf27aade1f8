"""What people and scanners wrote beside the pixels comes along, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pi_heif
import pytest
import tifffile
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from ml import photo as photo_module
from ml.photo import open_page
from ml.pipeline import colorize_file

HEIC = Path(__file__).parents[1] / "data" / "astronaut.heic"


def test_the_comment_of_a_jpeg_stays(tmp_path, camera, painter) -> None:
    Image.fromarray(camera).save(tmp_path / "a.jpg", comment="Großmutter".encode())
    colorize_file(tmp_path / "a.jpg", tmp_path / "out.jpg", painter)
    with Image.open(tmp_path / "out.jpg") as result:
        assert result.info["comment"] == "Großmutter".encode()


def test_the_iptc_caption_of_a_jpeg_stays(tmp_path, camera, painter) -> None:
    path, out = tmp_path / "a.jpg", tmp_path / "out.jpg"
    Image.fromarray(camera).save(path)
    caption = b"\x1c\x02\x78\x00\x05Jette"
    block = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + len(caption).to_bytes(4, "big") + caption
    plain = path.read_bytes()
    path.write_bytes(plain[:2] + b"\xff\xed" + (len(block) + 2).to_bytes(2, "big") + block + plain[2:])
    colorize_file(path, out, painter)
    with Image.open(out) as result:
        assert result.info["photoshop"] == {0x0404: caption}


def test_the_texts_of_a_png_stay_as_they_are(tmp_path, camera, painter) -> None:
    words = PngInfo()
    words.add_text("Title", "Straße")
    words.add_itxt("Author", "Jürgen Łukasz")
    words.add_text("Raw profile type exif", "of the grey photo")
    Image.fromarray(camera).save(tmp_path / "a.png", pnginfo=words, dpi=(300, 300))
    colorize_file(tmp_path / "a.png", tmp_path / "out.png", painter)
    with Image.open(tmp_path / "out.png") as result:
        result.load()
        assert (result.text["Title"], result.text["Author"]) == ("Straße", "Jürgen Łukasz")
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert "Raw profile type exif" not in result.info


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_a_resolution_that_nobody_told_is_not_made_up(tmp_path, save_photo, camera, painter, name: str) -> None:
    colorize_file(save_photo(name, camera), tmp_path / f"out-{name}", painter)
    with Image.open(tmp_path / f"out-{name}") as result:
        assert result.info["dpi"] == pytest.approx((72, 72), abs=0.1)  # EXIF's word for "unknown"


def test_a_heics_resolution_stays(tmp_path, painter, monkeypatch) -> None:
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = 600.0
    heif = pi_heif.open_heif(HEIC)
    heif.info["exif"] = exif.tobytes()
    monkeypatch.setattr(photo_module, "open_heif", lambda _path: heif)
    colorize_file(HEIC, tmp_path / "out.jpg", painter)
    with Image.open(tmp_path / "out.jpg") as result:
        assert result.info["dpi"] == pytest.approx((600, 600), abs=0.1)


def test_a_big_tiffs_words_and_resolution_stay(tmp_path, camera, painter) -> None:
    tags = [(315, "s", 0, "Opa", True)]
    deep = camera.astype(np.uint16) * 257
    tifffile.imwrite(
        tmp_path / "a.tif",
        deep,
        bigtiff=True,
        description="Oma 1931",
        software="SilverFast",
        resolution=(1200, 1200),
        extratags=tags,
    )
    colorize_file(tmp_path / "a.tif", tmp_path / "out.tif", painter)
    with tifffile.TiffFile(tmp_path / "out.tif") as result:
        found = result.pages[0].tags
        assert [found[tag].value for tag in (270, 305, 315)] == ["Oma 1931", "SilverFast", "Opa"]
        assert found[282].value == (1200, 1)
        assert result.pages[0].dtype == np.uint16


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_exif_says_that_the_result_is_srgb(tmp_path, camera, painter, ending: str) -> None:
    directory = {0x9003: "1931:05:17 10:00:00", 0xA001: 65_535}
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(directory)
    path, out = tmp_path / f"a.{ending}", tmp_path / f"out.{ending}"
    Image.fromarray(camera).save(path, **({"tiffinfo": {0x8769: directory}} if ending == "tif" else {"exif": exif}))
    colorize_file(path, out, painter)
    with Image.open(out) as result:
        found = result.getexif().get_ifd(0x8769)
    assert (found[0x9003], found[0xA001]) == ("1931:05:17 10:00:00", 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_a_webp_comes_out_upright(tmp_path, astronaut, painter, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path, out = tmp_path / "a.webp", tmp_path / "out.webp"
    Image.fromarray(astronaut).save(path, exif=exif, lossless=True)
    with Image.open(path) as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
    assert np.array_equal(open_page(path).image().numpy(), upright)
    colorize_file(path, out, painter, vividness=0.0)
    with Image.open(out) as result:
        assert result.size == upright.shape[1::-1]
        assert result.getexif().get(0x0112, 1) == 1
