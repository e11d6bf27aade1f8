"""The report's experiment: sets, hold-outs, going on, and the page; small, with `tiny` in the large networks' place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from skimage import data as skimage_data

from ml import document, networks, report, report_page
from ml.checkpoint import read_card
from ml.data import PhotoRow
from ml.export import RANDOM, export
from ml.report import Plan, System
from ml.settings import Settings
from tests.ml.tiny import Tiny

pytestmark = pytest.mark.long


class SmallPlan(Plan):
    """The same experiment with a small network on small views."""

    @property
    def systems(self) -> list[System]:
        return [replace(system, network="tiny") for system in super().systems]

    def settings(self, system: System) -> Settings:
        return Settings.of(
            "tiny", epochs=self.epochs, batch=4, crop=32, views="whole", mix=False, augment="none", warm_up=0
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten small cut-outs of a cat as nature, ten of the astronaut as people, two to validate."""
    folder = tmp_path_factory.mktemp("pack")
    lines = ["path,category,source,licence,split,width,height,colourfulness,report_set"]
    for name, key in (("chelsea", "1"), ("astronaut", "2")):
        photo = Image.fromarray(getattr(skimage_data, name)())
        for i in range(11):
            photo.crop((10 * i, 0, 10 * i + 200, 200)).resize((40, 40)).save(folder / f"{name}{i}.png")
            split, marked = ("train", key) if i < 10 else ("val", "")
            lines.append(f"{name}{i}.png,{name},scikit-image,open,{split},40,40,40,{marked}")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def done(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallPlan, dict[str, Any]]]:
    """A finished experiment and its results."""
    plan = SmallPlan(folder, tmp_path_factory.mktemp("run"), epochs=1, judged=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(networks._registry, "tiny", Tiny)
        report.train(plan, {}, lambda system, step: None)
        yield plan, report.results(plan, None, lambda sentence: None)


@pytest.fixture
def copied(done: tuple[SmallPlan, dict[str, Any]], tmp_path: Path) -> SmallPlan:
    """The same in a folder that may be changed."""
    plan, _ = done
    return replace(plan, run=shutil.copytree(plan.run, tmp_path / "run"))


def rows_of(key: str, count: int) -> list[PhotoRow]:
    return [PhotoRow(f"{key}-{i}", "x", "y", "open", "train", 40.0, key) for i in range(count)]


def test_no_photo_is_held_out_in_one_set_and_learned_from_in_another() -> None:
    sets = report.report_sets([*rows_of("1", 30), *rows_of("2", 20), *rows_of("", 9)])
    assert [len(sets[k].held_out) for k in "123"] == [3, 2, 5]
    assert [len(sets[k].train) for k in "123"] == [24, 16, 40]
    learned = {r.path for split in sets.values() for r in split.train}
    assert not learned & {r.path for split in sets.values() for r in split.held_out + split.stop}


def test_a_trial_takes_fewer_photos_of_each_set_and_a_set_of_too_few_is_refused() -> None:
    rows = [*rows_of("1", 30), *rows_of("2", 20)]
    assert [len(split.train) for split in report.report_sets(rows, limit=10).values()] == [8, 8, 16]
    with pytest.raises(ValueError, match="report_set 2 has 9 photos"):
        report.report_sets(rows[:39])


def test_the_reports_settings_are_its_own(tmp_path: Path) -> None:
    plan = Plan(tmp_path, tmp_path)
    own, gan, autoencoder = plan.systems[0], *plan.systems[-2:]
    settings = plan.settings(own)
    assert (settings.batch, settings.epochs, settings.patience, settings.cached) == (64, 2000, 50, True)
    assert [system.claimed for system in plan.systems] == [91.2, 73.0, 89.19, None, None]
    assert plan.settings(gan).minutes == plan.settings(autoencoder).minutes == 60
    assert plan.settings(autoencoder).options["error"] == "squared"
    baseline = replace(plan, adversarial=0.0)
    assert baseline.systems[-2].name != gan.name
    assert baseline.settings(baseline.systems[-2]).options["adversarial"] == 0


def test_a_finished_training_is_not_made_again_and_not_judged_again(done: tuple[SmallPlan, dict[str, Any]]) -> None:
    plan, found = done
    report.train(plan, {}, lambda system, step: pytest.fail("trained on"))
    said: list[str] = []
    assert report.results(plan, None, said.append) == json.loads(json.dumps(found))
    assert said == []


def test_what_was_trained_can_be_used_like_any_model(done: tuple[SmallPlan, dict[str, Any]], tmp_path: Path) -> None:
    plan, _ = done
    card = read_card(export(plan.run / "autoencoder-set3", tmp_path / "model"))
    assert card["data"]["photos_by_source"] == {"open": {"scikit-image": 16}}
    assert card["data"]["started_from"] == {"name": RANDOM}
    assert card["training"]["command"] == "python -m ml report --data DIR --run RUN"


def test_an_experiment_that_is_told_to_stop_goes_on_later(folder: Path, tmp_path: Path, tiny: None) -> None:
    plan, steps = SmallPlan(folder, tmp_path, epochs=1, judged=1), list[str]()
    report.train(plan, {}, lambda system, step: steps.append(system.name), is_stopped=lambda: len(steps) == 3)
    assert steps == ["vgg16-set1", "vgg16-set1", "vgg16-set2"]
    steps += ["done so far"]
    report.train(plan, {}, lambda system, step: steps.append(system.name), is_stopped=lambda: len(steps) == 5)
    assert steps[-1] == "vgg16-set2"


def test_a_trial_on_other_photos_is_not_gone_on_with(copied: SmallPlan) -> None:
    file = copied.run / "vgg16-set1" / "about.json"
    about = json.loads(file.read_text())
    about["data"]["index_sha256"] = "0" * 64
    file.write_text(json.dumps(about))
    with pytest.raises(ValueError, match="on other photos"):
        report.train(copied, {}, lambda system, step: pytest.fail("trained on"))


def test_what_was_judged_without_an_eye_or_before_there_was_one_is_judged_again(copied: SmallPlan) -> None:
    file = copied.run / report.RESULTS
    known = json.loads(file.read_text())
    del known["systems"]["vgg16-set1"]["with_eye"]
    file.write_text(json.dumps(known))
    said: list[str] = []
    found = report.results(copied, None, said.append)
    assert said == ["judging vgg16, set 1 after 1.0 epochs"]
    assert found["systems"]["vgg16-set1"]["with_eye"] is False


def test_more_epochs_go_on_where_the_training_ended(copied: SmallPlan) -> None:
    steps: list[int] = []
    report.train(replace(copied, epochs=2), {}, lambda system, step: steps.append(step.step))
    assert steps[0] == 3


def test_a_folder_from_before_the_autoencoder_gets_it_beside_what_it_holds(copied: SmallPlan) -> None:
    shutil.rmtree(copied.run / "autoencoder-set3")
    file = copied.run / report.RESULTS
    known = json.loads(file.read_text())
    del known["systems"]["autoencoder-set3"]
    file.write_text(json.dumps(known))
    trained: set[str] = set()
    said: list[str] = []
    report.train(copied, {}, lambda system, step: trained.add(system.name))
    report.results(copied, None, said.append)
    assert trained == {"autoencoder-set3"}
    assert said == ["judging autoencoder, set 3 after 1.0 epochs"]


def test_each_system_is_tested_on_every_set(done: tuple[SmallPlan, dict[str, Any]]) -> None:
    plan, found = done
    assert list(found["systems"]) == [system.name for system in plan.systems]
    for result in found["systems"].values():
        assert set(result["on_held_out"]) == {"1", "2", "3"}
        assert result["training"]["epochs"] == 1
        assert result["training"]["ended"] == "all 1 epochs"
        assert result["on_val"]["photos"] == 1
        assert result["network_time_256"]["milliseconds"] > 0


def test_the_page_says_the_same_in_markdown_and_in_html(done: tuple[SmallPlan, dict[str, Any]]) -> None:
    plan, found = done
    blocks = report_page.page(plan, found, "grid.jpg", report.SHIPPED_CREDIT)
    markdown, html = document.as_markdown(blocks), document.as_html(blocks)
    for text in ("91.2 %", "73 %", "89.19 %", "98 %", "all 1 epochs", "hue accuracy", "Eileen Collins", "grid.jpg"):
        assert text in markdown
        assert text in html
    assert "<script" not in html
    assert str(plan.run) not in markdown


def test_the_grid_has_a_column_for_each_system_between_input_and_truth(
    done: tuple[SmallPlan, dict[str, Any]],
) -> None:
    plan, _ = done
    titles, made = report.grid(plan, report.shown_photos(plan, 2))
    assert titles == ["vgg16, set 1", "vgg16, set 2", "vgg16, set 3", "pix2pix, set 3", "autoencoder, set 3"]
    picture = report_page.draw_grid(titles, made)
    assert picture.width > 7 * 190
    assert picture.height > 2 * 190


def test_before_any_training_there_is_nothing_to_judge(folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    assert report.results(SmallPlan(folder, tmp_path), None, said.append)["systems"] == {}
    assert len(said) == 5
