"""``python -m ml evaluate``: what is judged how, from the outside."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image
from skimage import data as skimage_data

from ml import checkpoint, judgement, networks, pin_protocol, pipeline
from ml.__main__ import main
from ml.side_by_side import Each, side_by_side


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One photo to judge and one for the pin protocol."""
    folder = tmp_path_factory.mktemp("set")
    (folder / "val").mkdir()
    (folder / "pins24").mkdir()
    Image.fromarray(skimage_data.coffee()).resize((60, 40)).save(folder / "val" / "coffee.png")
    Image.fromarray(skimage_data.chelsea()).resize((60, 40)).save(folder / "pins24" / "cat.png")
    return folder


def figures(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main(["evaluate", "--json", *(str(a) for a in arguments)]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def model(tmp_path: Path, tiny: None) -> Path:
    """One that knows nothing, and learned nothing about pins."""
    card = {"calibration": checkpoint.calibration(0.5, 1.2), "preprocessing": {"input": "L*"}}
    return checkpoint.save(tmp_path / "model", "small", networks.create("tiny"), card)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Five photos and a file that is none, without a pins24."""
    (tmp_path / "plain").mkdir()
    for i in range(5):
        Image.fromarray(skimage_data.coffee()).resize((60 + i, 40)).save(tmp_path / "plain" / f"{i}.png")
    (tmp_path / "plain" / "0-broken.png").write_bytes(b"not a photo")
    return tmp_path / "plain"


def test_levin_is_judged_with_sixteen_true_pins_and_by_the_pin_protocol(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "_TIMED_RUNS", 1)  # each takes more than a second
    monkeypatch.setattr(pipeline, "NETWORK_SHORT_SIDE", 48)
    found = figures(capsys, "--data", folder, "--model", "levin")
    assert found["guided_by"] == "16 true pins"
    assert found["all"]["model"]["gain"] > 2
    assert found["all"]["model"]["ciede2000"] < 0.8 * found["all"]["grey"]["ciede2000"]
    errors = found["pins"]["mean_ab_error"]
    assert list(errors) == ["0", "1", "4", "16", "40", "100"]
    assert errors["100"] < errors["16"] < errors["0"]
    assert found["network_time_256"]["milliseconds"] > 0


def test_welsh_is_judged_with_a_reference_and_refused_without(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = folder / "val" / "coffee.png"
    found = figures(capsys, "--data", folder, "--model", "welsh", "--reference", reference)
    assert found["photos"] == 1
    assert found["guided_by"] == "the reference coffee.png"
    assert found["all"]["model"]["colourfulness"] > 0
    assert "pins" not in found
    assert main(["evaluate", "--data", str(folder), "--model", "welsh"]) == 1
    assert "--reference" in capsys.readouterr().err


def test_without_a_folder_of_their_own_pins_are_measured_on_some_of_the_judged_photos(
    plain: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin_protocol, "PHOTOS", 2)
    assert main(["evaluate", "--data", str(plain), "--model", str(model), "--json", "--record"]) == 1
    pins = json.loads(capsys.readouterr().out)["pins"]
    assert (pins["photos"], pins["from"], pins["files"]) == (2, "the judged photos", ["0.png", "2.png"])
    assert list(pins["mean_ab_error"]) == ["0", "1", "4", "16", "40", "100"]
    assert pins["mean_ab_error"]["100"] < pins["mean_ab_error"]["0"]
    kept = checkpoint.read_card(model)["figures"]["pins"]
    assert kept == {k: v for k, v in pins.items() if k != "files"}, "a card does not name photos"


def test_the_folder_of_pinned_photos_can_be_named_and_is_said(
    folder: Path, plain: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["evaluate", "--data", str(plain), "--model", str(model), "--pins", str(folder / "pins24")]
    assert main(options) == 1
    assert "pins, on 1 photos from the folder pins24: cat.png" in capsys.readouterr().out


def test_no_more_photos_are_at_work_at_once_than_was_asked_for_with_pins_neither(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def heard(threads: int | None = None) -> AbstractContextManager[Each]:
        asked.append(threads)
        return side_by_side(threads)

    monkeypatch.setattr(judgement, "side_by_side", heard)
    monkeypatch.setattr(pin_protocol, "side_by_side", heard)
    figures(capsys, "--data", folder, "--model", model, "--threads", 1)
    assert asked == [1] * (1 + 1 + len(pin_protocol.GRIDS))


@pytest.mark.parametrize("name", ["sheet", "sheet.txt", "none/sheet.png"])
def test_a_sheet_that_cannot_be_written_is_refused_before_anything_is_judged(
    folder: Path, model: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "judge", lambda *_, **__: pytest.fail("judged"))
    sheet = folder / name
    assert main(["evaluate", "--data", str(folder), "--model", str(model), "--sheet", str(sheet)]) == 1
    assert "sheet" in capsys.readouterr().err


def test_the_datas_own_photos_for_pins_are_read_before_anything_is_judged(
    plain: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "judge", lambda *_, **__: pytest.fail("judged"))
    (plain / "pins24").mkdir()
    assert main(["evaluate", "--data", str(plain), "--model", str(model)]) == 1
    assert "pins24 holds no photo" in capsys.readouterr().err


def test_pins_can_be_left_out(folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "pins" not in figures(capsys, "--data", folder, "--model", model, "--no-pins")


def test_a_method_without_a_card_has_nowhere_to_record(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", str(folder), "--model", "levin", "--record"]) == 1
    assert "has no card" in capsys.readouterr().err


def test_a_reference_that_is_no_photo_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_bytes(b"%PDF-1.4 " * 40)
    assert main(["evaluate", "--data", str(folder), "--model", "welsh", "--reference", str(letter)]) == 1
    assert "letter.jpg: not a JPEG" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_limit_is_a_number_of_photos(folder: Path, count: str) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--data", str(folder), f"--limit={count}"])
