"""What the report's page says, of results that were made up for it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml import document, report_page, skin
from ml.commands.report import add_arguments
from ml.report import SETS, Plan


def figures(ratio: float = 0.5) -> dict[str, dict[str, float]]:
    names = ("psnr", "gain", "ciede2000", "auc", "auc_rebalanced", "ssim", "epsilon_2", "epsilon_5", "hue_accuracy")
    one = dict.fromkeys(names, 0.5)
    return {who: {**one, "colourfulness_ratio": ratio} for who in ("model", "grey", "mean_ab")}


def result(ratio: float = 0.5) -> dict[str, Any]:
    training = {"rate": 0.001, "batch": 4, "view": "64 px, whole", "weights": 1e6, "epochs": 2, "minutes": 60}
    return {
        "training": {**training, "ended": "60 minutes"},
        "on_training": figures(),
        "on_held_out": {key: figures() for key in SETS},
        "on_val": {"photos": 4, "all": figures(ratio), "skin_tones": {"faces": 0}},
        "network_time_256": {"milliseconds": 41.4, "fastest": 40.0, "threads": 3},
    }


@pytest.fixture
def plan() -> Plan:
    return Plan(Path("photos"), Path("run"))


@pytest.fixture
def found(plan: Plan) -> dict[str, Any]:
    """Results of every system: pix2pix with a colourfulness ratio of 0.7, the others of 0.5."""
    counts = {"photos": 20, "learned": 16, "held_out": 2}
    systems = {system.name: result(0.7 if system.network == "pix2pix" else 0.5) for system in plan.systems}
    return {"sets": dict.fromkeys(SETS, counts), "systems": systems, "judged": 240}


def markdown(plan: Plan, found: dict[str, Any]) -> str:
    return document.as_markdown(report_page.page(plan, found, "grid.jpg", "Nobody's photos."))


def rows(page: str, title: str) -> list[list[str]]:
    """Cells of every table row that begins with a title."""
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith(f"| {title} |")]
    return [cells[1:] for cells in lines]


def test_the_autoencoder_stands_in_every_table_that_pix2pix_stands_in(plan: Plan, found: dict[str, Any]) -> None:
    page = markdown(plan, found)
    assert len(rows(page, "autoencoder, set 3")) == len(rows(page, "pix2pix, set 3")) > 0


def test_the_gans_colourfulness_is_held_against_the_autoencoders(plan: Plan, found: dict[str, Any]) -> None:
    said = "pix2pix, set 3, is 0.70 after 60 minutes of training, and that of autoencoder, set 3, 0.50 after 60 minutes"
    assert f"{said}: the former's is 0.20 higher" in markdown(plan, found)
    found["systems"]["autoencoder-set3"] = result(0.9)
    assert "the former's is 0.20 lower" in markdown(plan, found)
    del found["systems"]["autoencoder-set3"]
    assert "the former's" not in markdown(plan, found)


def test_the_page_says_exactly_what_the_frozen_convolutions_are(plan: Plan, found: dict[str, Any]) -> None:
    assert "keeps frozen" not in markdown(plan, found)
    for name, of in found["systems"].items():
        of["training"]["started_from"] = "a VGG-16, tuned" if name.startswith("vgg16") else "random weights"
    assert "What vgg16 keeps frozen: a VGG-16, tuned." in markdown(plan, found)
    assert "random weights" not in markdown(plan, found)


def test_each_system_stands_with_the_time_that_it_takes(plan: Plan, found: dict[str, Any]) -> None:
    assert "41 ms (3)" in rows(markdown(plan, found), "vgg16, set 1")[0]


def test_a_systems_errors_are_shown_by_skin_tone(plan: Plan, found: dict[str, Any]) -> None:
    faces = [*[(50.0, 4.0)] * 30, *[(20.0, 8.0)] * 30, (0.0, 6.0)]
    found["systems"]["vgg16-set1"]["on_val"]["skin_tones"] = skin.summarise(faces)
    assert rows(markdown(plan, found), "vgg16, set 1")[-1] == [
        "6.00 (61 faces)",
        "4.00 (4.00 to 4.00, 30 faces)",
        "8.00 (8.00 to 8.00, 30 faces)",
        "6.00 (6.00 to 6.00, 1 face)",
        "+33 %",
    ]


def test_of_too_few_faces_no_band_is_judged(plan: Plan, found: dict[str, Any]) -> None:
    found["systems"]["vgg16-set1"]["on_val"]["skin_tones"] = skin.summarise([(50.0, 4.0)])
    assert rows(markdown(plan, found), "vgg16, set 1")[-1][1:] == [
        "4.00 (4.00 to 4.00, 1 face)",
        "0 faces",
        "0 faces",
        "not judged",
    ]


@pytest.mark.parametrize(
    ("tones", "why"),
    [({"faces": 0}, "no face was found"), ({"not_measured": "scikit-image is not installed"}, "not installed")],
)
def test_skin_tones_that_could_not_be_measured_say_why(
    plan: Plan, found: dict[str, Any], tones: dict[str, Any], why: str
) -> None:
    found["systems"]["vgg16-set1"]["on_val"]["skin_tones"] = tones
    first = rows(markdown(plan, found), "vgg16, set 1")[-1][0]
    assert first.startswith("not measured: ")
    assert why in first


OTHERS: list[dict[str, Any]] = [
    {},
    {"minutes": 30.0, "epochs": 12.5},
    {"patience": 7, "adversarial": 0.25, "limit": 20, "judged": 1_000_000},
]


@pytest.mark.parametrize("others", OTHERS)
def test_the_command_on_the_page_makes_the_same_plan_again(
    plan: Plan, found: dict[str, Any], others: dict[str, Any]
) -> None:
    changed = replace(plan, **others)
    command = next(line for line in markdown(changed, found).splitlines() if line.startswith("python -m ml report "))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = command.removeprefix("python -m ml report ").split()
    given = vars(parser.parse_args(options))
    assert Plan(**{name: given[name] for name in vars(plan)}) == replace(changed, data=Path("DATA"), run=Path("RUN"))
    assert given["out"] == Path("docs/report")
    assert len(options) == 2 * (3 + len(others)), "what is as by default is not said"


def test_the_page_names_the_encoders_that_it_needs(plan: Plan, found: dict[str, Any]) -> None:
    assert "fetch vgg16" in markdown(plan, found)
    assert "fetch lite0" not in markdown(plan, found)
    found["systems"]["vgg16-set1"]["on_val"]["all"]["model"]["fd_lite0"] = 150.0
    assert "fetch lite0" in markdown(plan, found)


def test_the_page_says_by_which_weights_each_network_is_judged(plan: Plan, found: dict[str, Any]) -> None:
    page = markdown(plan, found)
    for title in ("pix2pix, set 3", "autoencoder, set 3"):
        assert rows(page, title)[0][-1] == "moving average (0.999)"
    assert rows(page, "vgg16, set 1")[0][-1] == "best validation"
    assert rows(markdown(replace(plan, patience=0), found), "vgg16, set 1")[0][-1] == "last weights"
    assert "not quite what came out of training" in page
