"""A dataset out of Heirloom and in again: what `python -m ml` reads, and what a second Heirloom takes in the same."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from colorizer import storage
from colorizer.models import Dataset, User
from colorizer.services import datasets, exporting
from ml.data import load_planes, read_photos
from tests.curation import accept, add, measure, photos


@pytest.fixture
def dataset(owner: User) -> Dataset:
    made = datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=owner)
    add(made, owner, photos(3), category="a/../b", source="=SUM(1)", licence="open", split="train")
    add(made, owner, photos(1, first=3), split="val")
    measure()
    accept(made)
    return made


def test_a_folder_is_read_by_the_trainer_and_taken_in_again(dataset: Dataset, owner: User, tmp_path: Path) -> None:
    call_command("dataset_export", "Gardens", tmp_path / "out")
    train, val = (read_photos(tmp_path / "out", split) for split in ("train", "val"))
    assert (len(train), len(val)) == (3, 1)
    assert train[0].licence == "open"
    assert train[0].colourfulness > 0
    assert load_planes(tmp_path / "out", train)[2] == []
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert len(files) == 5
    call_command("dataset_import", "Again", tmp_path / "out")
    again = Dataset.objects.get(name="Again")
    labels = ("sha256", "licence", "split")
    assert set(again.items.values_list(*labels)) == set(dataset.items.values_list(*labels))


def test_a_frozen_version_comes_out_as_it_was(dataset: Dataset, owner: User) -> None:
    version = datasets.freeze(dataset=dataset, by=owner)
    dataset.items.update(category="else", state="rejected")
    packed = b"".join(exporting.packed(dataset=dataset, version=version, by=owner))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        rows = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode())))
        assert {row["path"] for row in rows} == set(archive.namelist()) - {"index.csv"}
        assert {row["category"] for row in rows} == {"a/../b", ""}
        assert not any(".." in row["path"].split("/") for row in rows)
        assert {row["source"] for row in rows} == {"'=SUM(1)", ""}  # no formula for a spreadsheet to run


def test_a_photo_whose_file_has_gone_is_neither_there_nor_in_the_index_nor_counted(
    dataset: Dataset, owner: User, tmp_path: Path
) -> None:
    gone = dataset.items.order_by("sha256")[1]
    storage.models().delete(gone.key)
    packed = b"".join(exporting.packed(dataset=dataset, version=None, by=owner))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        in_the_zip, index = set(archive.namelist()) - {"index.csv"}, archive.read("index.csv").decode()
    assert exporting.into_folder(dataset=dataset, version=None, folder=tmp_path) == len(in_the_zip) == 3
    assert {row["path"] for row in csv.DictReader(io.StringIO(index))} == in_the_zip
    in_the_folder = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert in_the_folder == in_the_zip | {"index.csv"}
    assert (tmp_path / "index.csv").read_text() == index
    assert gone.sha256[:16] not in index


def test_a_folder_that_is_not_empty_stays_as_it_is(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="not an empty folder"):
        call_command("dataset_export", "Gardens", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("arguments", [["None"], ["Gardens", "--frozen", "3"]])
def test_what_is_not_there_is_said_so(dataset: Dataset, tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="no"):
        call_command("dataset_export", arguments[0], tmp_path / "out", *arguments[1:])
