"""Photos into a dataset: what is not fit is refused with a sentence, alone or with its whole ZIP; the rest goes on."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from colorizer import storage
from colorizer.models import Action, AuditEntry, Dataset, Queue, Split, Status, Tombstone, User
from colorizer.services import datasets, importing, unpacking
from tests.conftest import on_disk_alone
from tests.curation import add, encoded, pages, photos, picture, zipped


@pytest.fixture
def dataset(owner: User) -> Dataset:
    return datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=owner)


def said(report: importing.Report) -> str:
    return " ".join(sentence for _name, sentence in report.refused)


def test_photos_are_stored_untouched_and_wait_to_be_measured(dataset: Dataset, owner: User) -> None:
    files = photos(3)
    report = add(dataset, owner, files, category="gardens", source="Our own", licence="open")
    assert (report.taken, report.refused) == (3, [])
    for item in dataset.items.all():
        with storage.models().open(item.key) as file:
            assert file.read() == files[item.name]
        assert (item.status, item.queue, item.state) == (Status.QUEUED, Queue.BULK, "new")
        assert (item.category, item.source, item.licence) == ("gardens", "Our own", "open")
    assert AuditEntry.objects.filter(action=Action.DATASET_IMPORTED, object_id=str(dataset.pk)).exists()


@on_disk_alone  # the database and the store have no part in it
def test_one_photo_in_ten_is_kept_for_validation_the_same_wherever_it_is_added(dataset: Dataset, owner: User) -> None:
    other = datasets.create(name="Others", kind=Dataset.Kind.TRAINING, by=owner)
    files = {f"{n}.png": encoded(picture(n, size=(16, 12)), format="PNG") for n in range(200)}
    add(dataset, owner, files)
    add(other, owner, files)
    splits = dict(dataset.items.values_list("sha256", "split"))
    assert dict(other.items.values_list("sha256", "split")) == splits
    assert 8 <= list(splits.values()).count("val") <= 35


def test_a_benchmark_is_there_to_judge(owner: User) -> None:
    benchmark = datasets.create(name="Judge", kind=Dataset.Kind.BENCHMARK, by=owner)
    add(benchmark, owner, photos(5))
    assert set(benchmark.items.values_list("split", flat=True)) == {Split.VAL}


def test_the_same_file_is_taken_once(dataset: Dataset, owner: User) -> None:
    add(dataset, owner, photos(2))
    report = add(dataset, owner, photos(3))
    assert report.taken == 1
    assert "already" in said(report)
    assert len(list(storage.models().files(f"datasets/{dataset.pk}/"))) == 3


def test_a_file_that_is_no_photo_is_refused_and_the_rest_goes_on(dataset: Dataset, owner: User) -> None:
    files = {
        "notes.txt": b"not a photo",
        "broken.jpg": b"\xff\xd8\xff",
        "named.png": photos(1)["0.jpg"],
        "empty.jpg": b"",
    }
    report = add(dataset, owner, files | photos(2))
    assert report.taken == 2
    assert [name for name, _sentence in report.refused] == ["notes.txt", "broken.jpg", "named.png", "empty.jpg"]
    assert all(sentence.endswith(".") for _name, sentence in report.refused)


def test_of_a_file_of_several_pages_it_is_said_that_the_first_alone_is_taken(dataset: Dataset, owner: User) -> None:
    report = add(dataset, owner, {"scans.tif": pages(3), "one.tif": pages(1)})
    assert (report.taken, report.refused) == (2, [])
    assert report.in_part == [("scans.tif", "It has 3 pages.")]


def test_a_photo_that_its_family_withdrew_does_not_come_back(dataset: Dataset, owner: User) -> None:
    add(dataset, owner, photos(1))
    Tombstone.objects.create(dataset=dataset, sha256=dataset.items.get().sha256, reason=importing.WITHDRAWN)
    dataset.items.all().delete()
    report = add(dataset, owner, photos(1))
    assert (report.taken, "withdrawn" in said(report)) == (0, True)


class TestZip:
    def test_its_folders_are_categories(self, dataset: Dataset, owner: User) -> None:
        one, two, three = photos(3).values()
        add(dataset, owner, {"a.zip": zipped({"x/gardens/1.jpg": one, "x/val/cats/2.jpg": two, "3.jpg": three})})
        found = {item.name: (item.category, item.split) for item in dataset.items.all()}
        assert found["1.jpg"][0] == "gardens"
        assert found["2.jpg"] == ("cats", "val")
        assert found["3.jpg"][0] == ""

    def test_its_index_says_what_its_photos_are(self, dataset: Dataset, owner: User) -> None:
        one, two, three = photos(3).values()
        index = (
            "path,category,source,licence,split,width,height,colourfulness\n"
            "p/1.jpg,portrait,Commons,open,val,1,1,9\np/2.jpg,animals,Attic,consent,train,1,1,9\n"
        )
        files = {"pack/index.csv": index.encode(), "pack/p/1.jpg": one, "pack/p/2.jpg": two, "pack/p/3.jpg": three}
        report = add(dataset, owner, {"a.zip": zipped(files)}, category="else")
        assert report.taken == 3
        found = {item.name: (item.category, item.source, item.licence) for item in dataset.items.all()}
        assert found["1.jpg"] == ("portrait", "Commons", "open")
        assert found["2.jpg"] == ("animals", "Attic", "unclear")  # consent is the family's alone to give
        assert found["3.jpg"][0] == "else"

    def test_what_is_broken_inside_is_refused_alone(self, dataset: Dataset, owner: User) -> None:
        data = bytearray(zipped(photos(3)))
        at = data.index(photos(3)["1.jpg"])
        data[at + 200] ^= 0xFF
        report = add(dataset, owner, {"a.zip": bytes(data)})
        assert report.taken == 2
        assert [name for name, _sentence in report.refused] == ["1.jpg"]
        assert "damaged" in said(report)

    def test_one_within_another_is_refused_alone(self, dataset: Dataset, owner: User) -> None:
        report = add(dataset, owner, {"a.zip": zipped(photos(1) | {"inner.zip": zipped(photos(2))})})
        assert (report.taken, [name for name, _sentence in report.refused]) == (1, ["inner.zip"])

    def test_what_systems_leave_behind_is_passed_over(self, dataset: Dataset, owner: User) -> None:
        junk = {"__MACOSX/._0.jpg": b"x", ".DS_Store": b"x", "a/Thumbs.db": b"x", "a/._1.jpg": b"x"}
        report = add(dataset, owner, {"a.zip": zipped(photos(1) | junk)})
        assert (report.taken, report.refused) == (1, [])

    @pytest.mark.parametrize(
        "path", ["../evil.jpg", "a/../../evil.jpg", "/etc/evil.jpg", "..\\evil.jpg", "C:/evil.jpg"]
    )
    def test_a_path_that_leads_out_refuses_all_of_it(self, dataset: Dataset, owner: User, path: str) -> None:
        report = add(dataset, owner, {"a.zip": zipped(photos(2) | {path: b"x"})})
        assert report.taken == 0
        assert "leads out" in said(report)
        self.nothing_changed(dataset)

    def test_a_bomb_is_refused_unopened(self, dataset: Dataset, owner: User) -> None:
        bomb = zipped(photos(1) | {"bomb.jpg": bytes(60_000_000)}, compressed=True)
        report = add(dataset, owner, {"a.zip": bomb})
        assert "far larger" in said(report)
        self.nothing_changed(dataset)

    def test_a_bomb_that_lies_about_its_size_ends_where_it_said(self, dataset: Dataset, owner: User) -> None:
        data = bytearray(zipped({"bomb.jpg": bytes(60_000_000)}, compressed=True))
        directory = data.index(b"PK\x01\x02")
        data[directory + 24 : directory + 28] = struct.pack("<L", 1000)
        report = add(dataset, owner, {"a.zip": bytes(data)})
        assert (report.taken, "damaged" in said(report)) == (0, True)
        self.nothing_changed(dataset)

    @on_disk_alone  # the database and the store have no part in it
    def test_a_hundred_thousand_files_are_refused_before_they_are_listed(
        self, dataset: Dataset, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for number in range(100_000):
                archive.writestr(zipfile.ZipInfo(f"{number}.jpg"), b"")
        monkeypatch.setattr(unpacking.zipfile, "ZipFile", None)
        report = add(dataset, owner, {"a.zip": data.getvalue()})
        assert "30000 files" in said(report)
        self.nothing_changed(dataset)

    def test_a_directory_that_lies_about_its_length_is_refused_too(self, dataset: Dataset, owner: User) -> None:
        data = bytearray(zipped(photos(1)))
        data[-10:-6] = struct.pack("<L", 500_000_000)
        assert "files" in said(add(dataset, owner, {"a.zip": bytes(data)}))
        self.nothing_changed(dataset)

    @pytest.mark.parametrize("cut", [30, 200, -1])
    def test_a_part_of_one_is_refused(self, dataset: Dataset, owner: User, cut: int) -> None:
        assert "only a part" in said(add(dataset, owner, {"a.zip": zipped(photos(1))[:cut]}))
        self.nothing_changed(dataset)

    def test_one_with_a_password_says_so(self, dataset: Dataset, owner: User) -> None:
        data = bytearray(zipped(photos(1)))
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(mark) + at] |= 1
        assert "password" in said(add(dataset, owner, {"a.zip": bytes(data)}))

    @pytest.mark.parametrize("index", [b"path,category\n1.jpg,x\n", b"\xff\xfe\x00", b'path,"category\n'])
    def test_an_index_that_cannot_be_read_refuses_all_of_it(self, dataset: Dataset, owner: User, index: bytes) -> None:
        report = add(dataset, owner, {"a.zip": zipped(photos(1) | {"index.csv": index})})
        assert (report.taken, "index.csv" in said(report)) == (0, True)
        self.nothing_changed(dataset)

    @staticmethod
    def nothing_changed(dataset: Dataset) -> None:
        assert not dataset.items.exists()
        assert not list(storage.models().files(f"datasets/{dataset.pk}/"))


def test_where_the_rows_cannot_be_written_no_file_stays(
    dataset: Dataset, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("away")

    monkeypatch.setattr(importing.audit, "record", fail)
    with pytest.raises(OSError, match="away"):
        add(dataset, owner, photos(2))
    TestZip.nothing_changed(dataset)


class TestFolder:
    def test_a_folder_comes_in_and_goes_out_again(self, dataset: Dataset, tmp_path: Path) -> None:
        (tmp_path / "in" / "val" / "cats").mkdir(parents=True)
        for name, content in photos(2).items():
            (tmp_path / "in" / "val" / "cats" / name).write_bytes(content)
        call_command("dataset_import", "Gardens", tmp_path / "in")
        assert set(dataset.items.values_list("category", "split")) == {("cats", "val")}

    def test_links_are_not_followed(self, dataset: Dataset, tmp_path: Path) -> None:
        secret = tmp_path / "secret.jpg"
        secret.write_bytes(photos(1)["0.jpg"])
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "link.jpg").symlink_to(secret)
        call_command("dataset_import", "Gardens", tmp_path / "in")
        assert not dataset.items.exists()

    def test_one_that_is_not_there_is_said_so(self, dataset: Dataset, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="There is no folder"):
            call_command("dataset_import", "Gardens", tmp_path / "none")
