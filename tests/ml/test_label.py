"""Every result says honestly what made its colours, and keeps what was said of the photo before."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import pyvips
from PIL import Image

from ml import software
from ml.method import models
from ml.pipeline import colorize_file
from ml.xmp import ALGORITHMICALLY_ENHANCED, Label, labelled

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
EVENT = "{http://ns.adobe.com/xap/1.0/sType/ResourceEvent#}"
TIFF = "{http://ns.adobe.com/tiff/1.0/}"
LABEL = Label("Heirloom 9", "lite", "ab" * 32)
FAMILYS = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Scan 1"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="uuid:1" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="EPSON Scan" xmp:Rating="5"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Instructions="two&#10;lines &amp; &quot;more&quot;"
 xmlns:odd="urn:odd" odd:note="kept">
<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">Oma &lt; Köln</rdf:li></rdf:Alt></dc:title>
<e:DigitalSourceType xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">http://cv.iptc.org/newscodes/digitalsourcetype/print</e:DigitalSourceType>
<xmp:Thumbnails><rdf:Alt><rdf:li>the grey photo</rdf:li></rdf:Alt></xmp:Thumbnails>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()  # noqa: E501


def said(packet: bytes) -> dict[str, str]:
    """All properties of a packet, attributes and elements alike; one that stands there twice fails."""
    found: dict[str, str] = {}
    for description in ElementTree.fromstring(packet.strip()).iter(f"{RDF}Description"):
        pairs = [
            *description.attrib.items(),
            *((child.tag, "".join(child.itertext()).strip()) for child in description),
        ]
        for name, value in pairs:
            assert name not in found or name == f"{RDF}about"
            found[name] = value
    return found


def is_labelled(packet: bytes) -> bool:
    found = said(packet)
    return found[f"{IPTC}DigitalSourceType"] == ALGORITHMICALLY_ENHANCED and f"{XMP}CreatorTool" in found


def save_with(path: Path, pixels: np.ndarray, xmp: bytes) -> Path:
    Image.fromarray(pixels).save(path, **({"tiffinfo": {700: xmp}} if path.suffix == ".tif" else {"xmp": xmp}))
    return path


def xmp_of(path: Path) -> bytes:
    with Image.open(path) as result:
        packet = result.tag_v2[700] if result.format == "TIFF" else result.info["xmp"]
    return bytes(packet)


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif"])
def test_the_familys_xmp_stays_beside_the_label(tmp_path, camera, painter, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    colorize_file(save_with(tmp_path / f"a.{ending}", camera, FAMILYS), out, painter)
    packet = xmp_of(out)
    found = said(packet)
    assert found[f"{IPTC}DigitalSourceType"] == ALGORITHMICALLY_ENHANCED
    assert found[f"{IPTC}AISystemUsed"] == "Heirloom, painter"
    assert found[f"{XMP}CreatorTool"] == software()
    assert found[f"{XMP}Rating"] == "5"
    assert found["{http://ns.adobe.com/photoshop/1.0/}Instructions"] == 'two\nlines & "more"'
    assert found["{http://purl.org/dc/elements/1.1/}title"] == "Oma < Köln"
    assert found["{urn:odd}note"] == "kept"
    assert found[f"{RDF}about"] == "uuid:1"
    assert not {f"{TIFF}Orientation", f"{XMP}Thumbnails"} & found.keys()
    (event,) = ElementTree.fromstring(packet).iter(f"{EVENT}parameters")
    assert "EPSON Scan" in str(event.text)
    assert "digitalsourcetype/print" in str(event.text)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_a_photo_without_xmp_is_labelled_too(tmp_path, save_photo, camera, painter, name: str) -> None:
    out = tmp_path / f"out-{name}"
    colorize_file(save_photo(name, camera), out, painter)
    image = pyvips.Image.new_from_file(str(out))
    assert is_labelled(image.get("xmp-data"))
    assert image.width == 256


def test_the_label_names_model_and_hash() -> None:
    found = said(labelled(None, LABEL))
    assert found[f"{IPTC}AISystemUsed"] == "Heirloom, lite"
    assert found[f"{IPTC}AISystemVersionUsed"] == f"sha256:{'ab' * 32}"


def test_a_photo_coloured_twice_carries_one_label_and_two_events() -> None:
    packet = labelled(labelled(FAMILYS, LABEL), Label("Heirloom 10", "other", "cd" * 32))
    found = said(packet)
    assert found[f"{XMP}CreatorTool"] == "Heirloom 10"
    assert len(list(ElementTree.fromstring(packet).iter(f"{EVENT}when"))) == 2


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b']><x:xmpmeta xmlns:x="adobe:ns:meta/">&m;</x:xmpmeta>'
)
FILE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + FAMILYS[FAMILYS.index(b"<x:") :].replace(
    b"two", b"&e;"
)


@pytest.mark.parametrize(
    "hostile",
    [
        BOMB,
        FILE,
        b"\x00",
        b"not XML",
        FAMILYS[:700],
        FAMILYS.replace(b"odd:note", b"unbound:note"),
        b"<a>" * 100_000 + b"</a>" * 100_000,
        FAMILYS.replace(b"<dc:title", b"<a/>" * 60_000 + b"<dc:title"),
        FAMILYS.replace(b"two", b"\xff\xfe"),
        b'<rdf:RDF xmlns:rdf="urn:another"/>',
        b"\xff\xfe" + "<x/>".encode("utf-16-le"),
    ],
    ids=range(11),
)
def test_xmp_that_cannot_be_read_is_left_out_and_the_history_says_so(hostile: bytes) -> None:
    tracemalloc.start()
    packet = labelled(hostile, LABEL)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert is_labelled(packet)
    assert b"could not be read" in packet
    assert b"root:" not in packet
    assert used < 20_000_000


def test_a_hostile_packet_does_not_keep_a_photo_from_its_colours(tmp_path, camera, painter) -> None:
    for ending in ("jpg", "webp", "tif"):
        out = tmp_path / f"out.{ending}"
        colorize_file(save_with(tmp_path / f"a.{ending}", camera, BOMB), out, painter)
        assert is_labelled(xmp_of(out))


def extended(path: Path) -> bytes:
    """The extended XMP of a JPEG, put together by its offsets."""
    whole, data, at = {}, path.read_bytes(), 2
    signature = b"http://ns.adobe.com/xmp/extension/\x00"
    while data[at : at + 2] != b"\xff\xda":
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        if body.startswith(signature):
            guid, (total, offset) = body[35:67], struct.unpack(">II", body[67:75])
            assert guid in xmp_of(path)
            whole[offset] = body[75:]
        at += 2 + size
    joined = b"".join(whole[offset] for offset in sorted(whole))
    assert len(joined) == (total if whole else 0)
    return joined


END = b"</rdf:Description></rdf:RDF></x:xmpmeta>"


def with_story(length: int) -> bytes:
    return FAMILYS.replace(b'odd:note="kept"', b'odd:note="kept" odd:story="%s"' % (b"s" * length))


@pytest.mark.parametrize("length", [58_000, 63_000, 64_200])
def test_a_jpegs_xmp_may_be_as_long_as_one_segment_holds(tmp_path, camera, painter, length: int) -> None:
    out = tmp_path / "out.jpg"
    colorize_file(save_with(tmp_path / "a.jpg", camera, with_story(length)), out, painter)
    assert is_labelled(xmp_of(out))
    rest = extended(out)
    assert bool(rest) == (length > 64_000)
    found = said(xmp_of(out)) | (said(rest) if rest else {})
    assert found["{urn:odd}story"] == "s" * length
    assert found[f"{XMP}Rating"] == "5"


def test_extended_xmp_is_read_and_written(tmp_path, camera, painter) -> None:
    path, out, again = (tmp_path / name for name in ("a.jpg", "out.jpg", "again.jpg"))
    Image.fromarray(camera).save(path)
    guid, rest = b"0123456789ABCDEF" * 2, with_story(200_000)
    rest = rest[: rest.index(b"xmlns:tiff")] + rest[rest.index(b"xmlns:odd") : rest.index(b"<dc:")] + END
    main = FAMILYS.replace(b'odd:note="kept"', b'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="%s"' % guid)
    main = main[: main.index(b"<dc:title")] + main[main.index(b"</rdf:Desc") :]
    segments = [b"http://ns.adobe.com/xap/1.0/\x00" + main]
    for at in reversed(range(0, len(rest), 60_000)):
        head = b"http://ns.adobe.com/xmp/extension/\x00" + guid + struct.pack(">II", len(rest), at)
        segments.append(head + rest[at : at + 60_000])
    plain = path.read_bytes()
    path.write_bytes(
        plain[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments) + plain[2:]
    )
    colorize_file(path, out, painter)
    assert is_labelled(xmp_of(out))
    assert b"s" * 200_000 in extended(out)
    assert len(said(xmp_of(out)) | said(extended(out))) == len(said(xmp_of(out))) + len(said(extended(out))) - 1
    assert said(extended(out))[f"{XMP}Rating"] == "5"
    colorize_file(out, again, painter)
    assert b"s" * 200_000 in extended(again)
    with Image.open(again) as result:
        result.load()


def test_a_jpegs_exif_comes_before_its_xmp(tmp_path, camera, painter) -> None:
    exif = Image.Exif()
    exif[271] = "Acme"
    Image.fromarray(camera).save(tmp_path / "a.jpg", exif=exif)
    colorize_file(tmp_path / "a.jpg", tmp_path / "out.jpg", painter)
    data = (tmp_path / "out.jpg").read_bytes()
    assert data.index(b"Exif\x00") < data.index(b"http://ns.adobe.com/xap") < data.index(b"ICC_PROFILE")


@pytest.mark.skipif(not models(), reason="no weights in this tree")
def test_the_command_line_labels_with_the_shipped_weights_hash(tmp_path, camera) -> None:
    Image.fromarray(camera).save(tmp_path / "a.jpg")
    command = [sys.executable, "-m", "ml", "colorize", str(tmp_path / "a.jpg"), "--out", str(tmp_path / "out")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], capture_output=True)
    found = said(xmp_of(tmp_path / "out" / "a.jpg"))
    assert found[f"{IPTC}AISystemVersionUsed"] == f"sha256:{models()['lite']['sha256']}"
    assert found[f"{XMP}CreatorTool"] == software()


def test_a_method_without_weights_names_no_hash_and_no_trained_model() -> None:
    by_hand = labelled(None, Label("Heirloom 9", "levin", ""))
    assert f"{IPTC}AISystemVersionUsed" not in said(by_hand)
    assert b"trained model" not in by_hand
    assert b"trained model" in labelled(None, LABEL)
