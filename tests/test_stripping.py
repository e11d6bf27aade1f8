"""What leaves the family holds the picture alone: everything planted beside it is looked for in the bytes."""

import io
import tracemalloc
import warnings
import zlib
from collections.abc import Callable, Iterator
from struct import pack
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps
from PIL.TiffImagePlugin import IFDRational

from colorizer import stripping
from colorizer.stripping import Unknown
from tests.files import picture

SECRETS = (
    b"SN-4711",
    b"Canon EOS",
    b"Greta at home",
    b"iptc-secret",
    b"comment-secret",
    b"maker-secret",
    b"maps.example",
)
LABEL = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="r"?>'
GPS_TAG = b"\x88\x25"
SIZE = (96, 64)
OF_THE_PICTURE = {"icc_profile", "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive"} | {
    *("progression", "exif", "loop", "background", "timestamp", "duration")
}
"""What Pillow tells of a file that has no metadata; the EXIF block is looked at on its own."""

Parts = dict[str, Any]


def pieces(content: bytes, length: int = 4096) -> stripping.Read:
    def read(start: int, stop: int) -> Iterator[bytes]:
        for at in range(start, min(stop, len(content)), length):
            yield content[at : min(at + length, stop)]

    return read


def strip(content: bytes, ending: str, *, label: bytes = b"", length: int = 4096) -> bytes:
    return b"".join(stripping.stripped(pieces(content, length), size=len(content), ending=ending, label=label))


def exif(orientation: int = 1) -> bytes:
    """As a phone writes it: place, serial number, maker notes, and a thumbnail of the uncropped picture."""
    data = Image.Exif()
    data[0x0112], data[0x010F], data[0x010E] = orientation, "Canon EOS", "Greta at home"
    data.get_ifd(0x8769).update({0xA431: "SN-4711", 0x927C: b"maker-secret", 0x8298: "Greta at home"})
    data.get_ifd(0x8825).update({1: "N", 2: (IFDRational(59), IFDRational(19), IFDRational(46))})
    data.get_ifd(1)  # Pillow reads, but does not write a second directory: the thumbnail is planted by itself
    return data.tobytes()


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Greta at home, maps.example/59.3,18.0</x:xmpmeta>'
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def source() -> Image.Image:
    return Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * turn).resize(SIZE) for turn in range(3)])


def jpeg(orientation: int = 1, **more: Any) -> bytes:
    data = io.BytesIO()
    source().save(data, "JPEG", exif=exif(orientation), icc_profile=ICC, xmp=XMP, comment=b"comment-secret", **more)
    content = data.getvalue()
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0biptc-secret"
    extended = b"JFXX\0\x10" + picture("JPEG")
    pictures = b"MPF\0" + b"SN-4711"
    flash = b"FPXR\0maker-secret"
    planted = [(0xE0, extended), (0xED, iptc), (0xE2, pictures), (0xE2, flash), (0xEF, b"maker-secret")]
    segments = b"".join(pack(">BBH", 0xFF, marker, len(held) + 2) + held for marker, held in planted)
    at = 4 + int.from_bytes(content[4:6], "big")
    return content[:at] + segments + b"\xff" + content[at:] + b"maker-secret" + picture("JPEG", shade=9) + b"SN-4711"


def png(orientation: int = 1) -> bytes:
    data = io.BytesIO()
    source().save(data, "PNG", exif=exif(orientation), icc_profile=ICC, dpi=(300, 300))
    content = data.getvalue()
    texts = [(b"tEXt", b"Comment\0comment-secret"), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)]
    texts += [
        (b"zTXt", b"Author\0\0" + zlib.compress(b"Greta at home")),
        (b"tIME", pack(">HBBBBB", 1931, 7, 1, 8, 0, 0)),
    ]
    texts += [(b"prVt", b"maker-secret")]
    chunks = b"".join(chunk(kind, held) for kind, held in texts)
    end = content.index(b"IDAT") - 4
    return content[:33] + chunks + content[33:end] + chunks + content[end:] + b"SN-4711" + picture("PNG")


def chunk(kind: bytes, held: bytes) -> bytes:
    return pack(">I", len(held)) + kind + held + pack(">I", zlib.crc32(kind + held))


def webp(orientation: int = 1, **more: Any) -> bytes:
    data = io.BytesIO()
    image = source()
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    image.save(data, "WEBP", exif=exif(orientation), icc_profile=ICC, xmp=XMP, **more)
    content = bytearray(data.getvalue() + b"mkrn" + pack("<I", 13) + b"maker-secret!\0")
    content[4:8] = pack("<I", len(content) - 8)
    return bytes(content) + b"SN-4711"


FILES: dict[str, tuple[str, Callable[..., bytes]]] = {
    "baseline JPEG": ("jpg", jpeg),
    "progressive JPEG": ("jpg", lambda orientation=1: jpeg(orientation, progressive=True)),
    "JPEG with restarts": ("jpg", lambda orientation=1: jpeg(orientation, restart_marker_rows=1)),
    "PNG": ("png", png),
    "lossy WebP": ("webp", webp),
    "lossless WebP": ("webp", lambda orientation=1: webp(orientation, lossless=True)),
}
every_file = pytest.mark.parametrize(("ending", "make"), FILES.values(), ids=FILES)


def opened(content: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*malformed MPO")  # as it is planted
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            return image


def same_pixels(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.mode == other.mode and one.tobytes() == other.tobytes()


@every_file
def test_what_is_planted_is_really_there(ending: str, make: Callable[..., bytes]) -> None:
    content = make()
    assert sum(secret in content for secret in SECRETS) >= 5
    assert b"SN-4711" in content
    assert opened(content).getexif().get_ifd(0x8825)


@every_file
@pytest.mark.parametrize("orientation", [1, 6])
def test_nothing_that_was_planted_leaves(ending: str, make: Callable[..., bytes], orientation: int) -> None:
    """``size=original`` on a token still carried GPS: no place, serial number, thumbnail, comment, second picture."""
    given = strip(make(orientation), ending)
    assert [secret for secret in SECRETS if secret in given] == []
    image = opened(given)
    assert not image.getexif().get_ifd(0x8825)
    assert not image.getexif().get_ifd(0x8769)
    assert set(image.info) <= OF_THE_PICTURE
    assert given.count(b"\xff\xd8\xff") == (ending == "jpg")
    assert given.count(b"IHDR") == (ending == "png")


@every_file
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_pixels_and_which_way_is_up_stay(ending: str, make: Callable[..., bytes], orientation: int) -> None:
    content = make(orientation)
    given = strip(content, ending)
    assert same_pixels(opened(given), opened(content))
    assert same_pixels(ImageOps.exif_transpose(opened(given)), ImageOps.exif_transpose(opened(content)))
    tags = dict(opened(given).getexif())
    assert tags == ({0x0112: orientation} if orientation > 1 else {})


@every_file
def test_the_colour_profile_stays(ending: str, make: Callable[..., bytes]) -> None:
    assert opened(strip(make(), ending)).info["icc_profile"] == ICC


@every_file
def test_a_label_takes_the_place_of_what_was_dropped(ending: str, make: Callable[..., bytes]) -> None:
    given = strip(make(), ending, label=LABEL)
    assert given.count(LABEL) == 1
    assert opened(given).info.get("xmp", b"").rstrip(b"\0") == LABEL or opened(given).info["XML:com.adobe.xmp"]
    assert same_pixels(opened(given), opened(make()))
    assert b"Greta at home" not in given


@every_file
@pytest.mark.parametrize("length", [1, 2, 3, 7, 1000])
def test_it_does_not_matter_in_which_pieces_a_file_is_read(
    ending: str, make: Callable[..., bytes], length: int
) -> None:
    content = make(6)
    assert strip(content, ending, label=LABEL, length=length) == strip(content, ending, label=LABEL, length=1 << 20)


@every_file
def test_what_is_stripped_already_stays_as_it_is(ending: str, make: Callable[..., bytes]) -> None:
    once = strip(make(6), ending)
    assert strip(once, ending) == once


@pytest.mark.parametrize(("kind", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_file_without_metadata_can_be_labelled_too(kind: str, ending: str) -> None:
    for mode in ("RGB", "RGBA"):
        if (kind, mode) != ("JPEG", "RGBA"):
            for more in ({}, {"lossless": True}):
                data = io.BytesIO()
                source().convert(mode).save(data, kind, **more)
                given = strip(data.getvalue(), ending, label=LABEL)
                assert LABEL in given
                assert same_pixels(opened(given), opened(data.getvalue()))


def test_four_inks_keep_what_says_how_they_are_written() -> None:
    data = io.BytesIO()
    source().convert("CMYK").save(data, "JPEG", exif=exif())
    given = strip(data.getvalue(), "jpg")
    assert b"Adobe" in given
    assert not ImageChops.difference(opened(given), opened(data.getvalue())).getbbox()


def test_sixteen_bits_stay_sixteen() -> None:
    deep = Image.new("I;16", SIZE)
    deep.putdata([(x * 677) % 65536 for x in range(SIZE[0] * SIZE[1])])
    data = io.BytesIO()
    deep.save(data, "PNG")
    assert same_pixels(opened(strip(data.getvalue(), "png")), opened(data.getvalue()))


def test_of_a_png_that_moves_the_still_picture_is_left() -> None:
    data = io.BytesIO()
    frames = [source(), source().rotate(180)]
    frames[0].save(data, "PNG", save_all=True, append_images=frames[1:])
    given = strip(data.getvalue(), "png")
    assert b"fdAT" in data.getvalue()
    assert b"fdAT" not in given
    assert same_pixels(opened(given), source())


def test_a_thumbnail_within_the_first_segment_goes() -> None:
    content = jpeg()
    thumbnail = b"\x01\x01abc"
    held = content[6:18] + thumbnail
    planted = content[:2] + pack(">BBH", 0xFF, 0xE0, len(held) + 2) + held + content[20:]
    assert content[2:4] == b"\xff\xe0"
    given = strip(planted, "jpg")
    assert thumbnail not in given
    assert same_pixels(opened(given), opened(content))


def test_a_second_picture_inside_the_first_goes() -> None:
    content = picture("JPEG")
    assert strip(content[:-2] + picture("JPEG", shade=9), "jpg") == strip(content, "jpg")


class TestWhatIsNotGivenOut:
    @pytest.mark.parametrize("ending", sorted(stripping.ENDINGS))
    @pytest.mark.parametrize("content", [b"", b"x", b"GIF89a" + bytes(100), bytes(5000)])
    def test_another_kind_of_file(self, ending: str, content: bytes) -> None:
        with pytest.raises(Unknown):
            strip(content, ending)

    @pytest.mark.parametrize("ending", ["tif", "heic", ""])
    def test_what_cannot_be_stripped(self, ending: str) -> None:
        with pytest.raises(Unknown):
            strip(picture("TIFF"), ending)

    @pytest.mark.parametrize(("ending", "make"), [("png", png), ("webp", webp), ("jpg", jpeg)])
    def test_a_file_that_breaks_off_in_its_head(self, ending: str, make: Callable[..., bytes]) -> None:
        for length in range(2, 400, 7):
            try:
                given = strip(make()[:length], ending)
            except Unknown:
                continue
            assert not any(secret in given for secret in SECRETS)

    def test_a_picture_that_moves(self) -> None:
        data = io.BytesIO()
        frames = [source(), source().rotate(180)]
        frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:])
        with pytest.raises(Unknown):
            strip(data.getvalue(), "webp")

    def test_more_segments_than_any_program_writes(self) -> None:
        with pytest.raises(Unknown):
            strip(b"\xff\xd8" + b"\xff\xfe\0\2" * 20_000, "jpg")


def test_a_large_file_is_never_held_whole() -> None:
    noise = Image.effect_noise((3000, 3000), 90)
    data = io.BytesIO()
    Image.merge("RGB", [noise] * 3).save(data, "JPEG", quality=95, exif=exif())
    content = data.getvalue()
    assert len(content) > 6_000_000
    tracemalloc.start()
    try:
        length = sum(map(len, stripping.stripped(pieces(content, 1 << 18), size=len(content), ending="jpg")))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert length > 6_000_000
    assert peak < 2_000_000
