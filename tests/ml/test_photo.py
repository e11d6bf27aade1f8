"""Opening files: what they are, what they hold, and which are refused and why."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
import skimage.data
import tifffile
from PIL import Image, ImageCms, ImageOps

from ml.data import open_photo
from ml.photo import Info, Limits, PhotoError, Refusal, inspect, open_page
from ml.sniff import Format, sniff

DATA = Path(__file__).parents[1] / "data"


def pixels(image: pyvips.Image) -> np.ndarray:
    return image.numpy()


def code_of(path: Path, **how: object) -> Refusal:
    with pytest.raises(PhotoError) as caught:
        open_page(path, **how)
    return caught.value.code


def ifd(*tags: tuple[int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(tags)) + entries + b"\x00" * 4


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", Format.JPEG),
        (b"\x89PNG\r\n\x1a\n", Format.PNG),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", Format.WEBP),
        (b"RIFF\x10\x00\x00\x00AVI LIST", Format.UNKNOWN),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", Format.HEIC),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", Format.HEIC),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1avifmiaf", Format.UNKNOWN),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41", Format.UNKNOWN),
        (b"\x00\x00\x00\x18ftypqt  \x00\x00\x02\x00qt      ", Format.UNKNOWN),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", Format.UNKNOWN),
        (ifd((256, 100), (257, 80)), Format.TIFF),
        (ifd((254, 0), (256, 100), (330, 500)), Format.TIFF),
        (ifd((254, 1), (256, 100), (330, 500)), Format.RAW),
        (ifd((254, 0), (0xC612, 1)), Format.RAW),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", Format.RAW),
        (b"GIF89a\x01\x00", Format.UNKNOWN),
        (b"%PDF-1.7\n", Format.UNKNOWN),
        (b"Dear grandmother", Format.UNKNOWN),
        (b"", Format.UNKNOWN),
    ],
)
def test_a_file_is_told_by_its_first_bytes(head: bytes, expected: Format) -> None:
    assert sniff(head) is expected


@pytest.mark.parametrize("cut", [1, 3, 7, 9, 11, 15, 20])
def test_a_head_cut_anywhere_is_still_told_or_unknown_but_never_fails(cut: int) -> None:
    for head in (
        ifd((254, 1), (330, 5)),
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"RIFF\x10\x00\x00\x00WEBP",
    ):
        assert isinstance(sniff(head[:cut]), Format)


def test_the_ending_of_the_name_does_not_matter(save_photo, camera) -> None:
    path = save_photo("photo.jpg", camera, format="PNG")
    assert open_page(path).info.format is Format.PNG


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_headers_tell_size_and_depth(save_photo, astronaut, ending: str) -> None:
    info = inspect(save_photo(f"a.{ending}", astronaut))
    assert (info.width, info.height, info.pages, info.bits) == (256, 192, 1, 8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_every_orientation_comes_out_upright(save_photo, astronaut, ending: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save_photo(f"o.{ending}", astronaut, exif=exif, **({"quality": 95} if ending == "jpg" else {}))
    with Image.open(path) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored), np.int16)
    photo = open_page(path)
    assert (photo.info.height, photo.info.width) == expected.shape[:2]
    for image in (photo.image(), photo.preview):
        assert np.abs(pixels(image) - expected).mean() < 1


def swapped_profile() -> bytes:
    """An RGB profile whose red and blue primaries are exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"xXYZ").replace(b"bXYZ", b"rXYZ").replace(b"xXYZ", b"bXYZ")


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_an_embedded_profile_is_honoured(save_photo, ending: str) -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 230
    photo = open_page(save_photo(f"red.{ending}", red, icc_profile=swapped_profile()))
    for image in (photo.image(), photo.preview):
        r, g, b = pixels(image).reshape(-1, 3).mean(axis=0)
        assert (r < 8, g < 8, b > 220) == (True, True, True)


def test_a_broken_profile_is_passed_over(save_photo, astronaut) -> None:
    photo = open_page(save_photo("a.png", astronaut, icc_profile=b"not a profile at all" * 10))
    assert np.array_equal(pixels(photo.image()), astronaut)


def test_a_profile_of_another_colour_space_is_passed_over(save_photo, camera) -> None:
    photo = open_page(save_photo("a.png", camera, icc_profile=swapped_profile()))
    assert np.array_equal(pixels(photo.image()), camera)


def test_sixteen_bits_stay(tmp_path, camera) -> None:
    deep = camera.astype(np.uint16) * 256 + 99
    tifffile.imwrite(tmp_path / "deep.tif", deep)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    tifffile.imwrite(tmp_path / "rgb.tif", np.stack([deep] * 3, axis=-1), photometric="rgb")
    for name, bands in (("deep.tif", 1), ("deep.png", 1), ("rgb.tif", 3)):
        photo = open_page(tmp_path / name)
        image = photo.image()
        assert (photo.info.bits, image.format, image.bands) == (16, "ushort", bands)
        assert np.array_equal(pixels(image).reshape(192, 256, bands)[..., 0], deep)
        assert photo.preview.format == "uchar"
        assert np.abs(pixels(photo.preview).reshape(192, 256, bands)[..., 0].astype(int) - camera).max() <= 1


def test_transparency_is_laid_on_white(save_photo) -> None:
    clear = np.zeros((16, 16, 4), np.uint8)
    clear[:8, :, 3] = 255
    laid = pixels(open_page(save_photo("clear.png", clear)).image())
    assert laid.shape == (16, 16, 3)
    assert laid[:8].max() == 0
    assert laid[8:].min() == 255


def test_palettes_bilevel_and_cmyk_become_grey_or_rgb(tmp_path, astronaut, camera) -> None:
    Image.fromarray(astronaut).quantize(64).save(tmp_path / "palette.png")
    Image.fromarray(camera).convert("1").save(tmp_path / "bilevel.tif", compression="group4")
    Image.fromarray(astronaut).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    assert open_page(tmp_path / "palette.png").image().bands == 3
    assert set(np.unique(pixels(open_page(tmp_path / "bilevel.tif").image()))) == {0, 255}
    cmyk = open_page(tmp_path / "cmyk.jpg").image()
    assert (cmyk.bands, cmyk.format) == (3, "uchar")
    assert np.corrcoef(pixels(cmyk).ravel(), astronaut.ravel())[0, 1] > 0.95


def test_a_float_tiff_is_refused_as_unsupported(tmp_path) -> None:
    tifffile.imwrite(tmp_path / "f.tif", np.zeros((8, 8), np.float32))
    assert code_of(tmp_path / "f.tif") is Refusal.UNSUPPORTED


def test_heic_is_turned_once_though_two_places_say_so_and_keeps_its_exif() -> None:
    upright = Image.fromarray(skimage.data.astronaut()).resize((64, 48), Image.Resampling.BOX)
    photo = open_page(DATA / "astronaut.heic")
    assert photo.info == Info(Format.HEIC, 64, 48, 1, 8)
    image = photo.image()
    assert b"Acme" in image.get("exif-data")
    assert np.abs(pixels(image) - np.asarray(upright, np.int16)).mean() < 15


def test_each_page_of_a_tiff_is_a_photo_of_its_own(tmp_path, astronaut, camera) -> None:
    path = tmp_path / "album.tif"
    Image.fromarray(camera).save(path, save_all=True, append_images=[Image.fromarray(astronaut[:100])])
    assert inspect(path).pages == 2
    first, second = open_page(path, 0), open_page(path, 1)
    assert (first.image().bands, first.info.height) == (1, 192)
    assert (second.image().bands, second.info.height) == (3, 100)
    assert np.array_equal(pixels(second.image()), astronaut[:100])
    with pytest.raises(IndexError):
        open_page(path, 2)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
@pytest.mark.parametrize(
    ("ending", "how"),
    [
        ("jpg", {}),
        ("jpg", {"progressive": True}),
        ("png", {}),
        ("webp", {}),
        ("tif", {}),
        ("tif", {"compression": "tiff_lzw"}),
    ],
)
def test_a_truncated_file_is_refused(save_photo, astronaut, ending: str, how: dict[str, object], part: float) -> None:
    path = save_photo(f"cut.{ending}", astronaut, **how)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert code_of(path) in (Refusal.TRUNCATED, Refusal.UNREADABLE)


def test_a_jpeg_cut_short_is_called_truncated(save_photo, astronaut) -> None:
    path = save_photo("cut.jpg", astronaut)
    path.write_bytes(path.read_bytes()[:6000])
    assert code_of(path) is Refusal.TRUNCATED


def test_a_truncated_heic_is_refused(tmp_path) -> None:
    whole = (DATA / "astronaut.heic").read_bytes()
    for size in (60, len(whole) // 2, len(whole) - 40):
        (tmp_path / "cut.heic").write_bytes(whole[:size])
        assert code_of(tmp_path / "cut.heic") in (Refusal.TRUNCATED, Refusal.UNREADABLE)


@pytest.mark.parametrize("at", range(176, 180))
def test_a_heic_with_a_part_of_no_name_is_refused_where_its_library_would_die(tmp_path, at: int) -> None:
    whole = bytearray((DATA / "astronaut.heic").read_bytes())
    assert whole[176:180] == b"Exif"
    whole[at] = 0xFF
    (tmp_path / "hurt.heic").write_bytes(whole)
    assert code_of(tmp_path / "hurt.heic") is Refusal.UNREADABLE
    with pytest.raises(OSError, match="damaged"):
        open_photo(tmp_path / "hurt.heic")


@pytest.mark.parametrize(("start", "end"), [(150, 151), (175, 180)])
def test_a_heic_that_tells_of_what_is_not_there_is_refused(tmp_path, start: int, end: int) -> None:
    whole = bytearray((DATA / "small.heic").read_bytes())
    whole[start:end] = b"A" * (end - start)
    (tmp_path / "hurt.heic").write_bytes(whole)
    assert code_of(tmp_path / "hurt.heic") in (Refusal.TRUNCATED, Refusal.UNREADABLE)
    with pytest.raises(OSError, match=r"damaged|no photo"):
        open_photo(tmp_path / "hurt.heic")


@pytest.mark.parametrize("boxes", [b"\0\0\0\x08free" * 200_000, b"\0\0\0\x04meta", b"\0\0\0\x0cmeta\0\0\0\0"])
def test_a_heic_of_empty_boxes_is_refused(tmp_path, boxes: bytes) -> None:
    (tmp_path / "hurt.heic").write_bytes((DATA / "small.heic").read_bytes()[:28] + boxes)
    assert code_of(tmp_path / "hurt.heic") in (Refusal.TRUNCATED, Refusal.UNREADABLE)


def test_a_damaged_file_is_refused(save_photo, astronaut) -> None:
    path = save_photo("hurt.png", astronaut)
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 200] = bytes(200)
    path.write_bytes(damaged)
    assert code_of(path) in (Refusal.TRUNCATED, Refusal.UNREADABLE)


def test_a_bomb_is_refused_by_its_header(tmp_path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")))
    with pytest.raises(PhotoError) as caught:
        inspect(path)
    assert caught.value.code is Refusal.TOO_LARGE


def test_pixels_of_all_pages_and_pages_count_against_the_limits(tmp_path, camera) -> None:
    path = tmp_path / "many.tif"
    Image.fromarray(camera).save(path, save_all=True, append_images=[Image.fromarray(camera)] * 3)
    size = camera.size
    assert inspect(path, Limits(pixels=size, total_pixels=4 * size, pages=4)).pages == 4
    for limits in (Limits(pixels=size - 1), Limits(total_pixels=4 * size - 1), Limits(pages=3)):
        assert code_of(path, limits=limits) is Refusal.TOO_LARGE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Refusal.EMPTY),
        (b"Dear grandmother, " * 50, Refusal.NOT_AN_IMAGE),
        (b"%PDF-1.7\n" + b"x" * 500, Refusal.NOT_AN_IMAGE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', Refusal.NOT_AN_IMAGE),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + b"x" * 500, Refusal.RAW),
    ],
)
def test_what_is_no_photo_is_refused(tmp_path, content: bytes, code: Refusal) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert code_of(path) is code


def test_a_replaced_file_is_read_anew(save_photo, camera) -> None:
    turned = Image.Exif()
    turned[0x0112] = 3  # so that the whole picture is decoded at once, which libvips likes to remember
    first = pixels(open_page(save_photo("same.png", camera, exif=turned)).image())
    second = pixels(open_page(save_photo("same.png", 255 - camera, exif=turned)).image())
    assert np.array_equal(second, 255 - first)


def test_the_preview_of_a_large_photo_is_small_and_of_its_aspect(save_photo) -> None:
    wide = np.tile(np.linspace(0, 255, 4000, dtype=np.uint8), (500, 1))
    preview = open_page(save_photo("wide.jpg", wide)).preview
    assert (preview.width, preview.height, preview.bands) == (1600, 200, 1)


def test_thumbnail_in_memory_needs_no_file_afterwards(save_photo, camera) -> None:
    path = save_photo("gone.jpg", camera)
    photo = open_page(path)
    path.unlink()
    assert io.BytesIO(photo.preview.pngsave_buffer()).getbuffer().nbytes > 0
