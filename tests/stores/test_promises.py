"""What every store promises, tried on the one that these tests run on: the disk, or S3 where they run on servers."""

import hashlib
import threading
import tracemalloc
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.core.files.base import ContentFile
from django.utils import timezone

from colorizer import storage
from colorizer.stores import NoSuchPart, Store
from colorizer.stores.disk import HALF
from tests.servers import BUCKET

SMALL = b"an old box of photos"
LARGE = 20_000_000
"""Bytes: some pieces of a write to S3."""


@pytest.fixture
def store() -> Store:
    return storage.results()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    with path.open("wb") as file:
        for number in range(LARGE // 1000):
            file.write(f"{number:1000}".encode())
    return path


def content(store: Store, key: str) -> bytes:
    with closing(store.part(key)) as part:
        return b"".join(part)


def lies_there(store: Store, key: str) -> list[str]:
    """All that the store holds of the key, half-written things too."""
    return [file.key for file in store.files(key)] + [half.key for half in store.half_written() if half.key == key]


# --- Written once -------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_overwritten(store: Store, key: str) -> None:
    assert store.save(key, ContentFile(SMALL)) == key
    with pytest.raises(FileExistsError):
        store.save(key, ContentFile(b"another photo"))
    assert content(store, key) == SMALL
    assert lies_there(store, key) == [key]


def test_a_large_file_does_not_take_the_place_of_another_either(store: Store, key: str, large: Path) -> None:
    store.save(key, ContentFile(SMALL))
    with large.open("rb") as source, pytest.raises(FileExistsError):
        store.save(key, File(source))
    assert content(store, key) == SMALL
    assert lies_there(store, key) == [key]


def test_of_many_who_write_the_same_at_once_one_wins_and_all_know(store: Store, key: str) -> None:
    start, told = threading.Barrier(8), []

    def write(number: int) -> None:
        start.wait()
        try:
            store.save(key, ContentFile(f"{number}".encode() * 1000))
            told.append(number)
        except FileExistsError:
            told.append(None)

    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for number in told if number is not None]
    assert len(told) == 8
    assert content(store, key) == f"{winner}".encode() * 1000


def test_an_original_is_never_overwritten_and_a_second_try_leaves_it(key: str) -> None:
    storage.save_original(key, ContentFile(SMALL))
    with pytest.raises(FileExistsError):
        storage.save_original(key, ContentFile(b"another"))
    assert content(storage.originals(), key) == SMALL
    storage.originals().delete(key)


# --- Replaced -----------------------------------------------------------------------------------------------------


def test_a_replacement_takes_the_place_of_what_was_there(store: Store, key: str, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.write_bytes(b"new")
    storage.put(store, key, new)
    assert content(store, key) == b"new"
    new.write_bytes(b"newer")
    storage.put(store, key, new)
    assert content(store, key) == b"newer"
    assert lies_there(store, key) == [key]


def test_of_several_files_that_travel_side_by_side_one_that_fails_is_told_of(
    store: Store, key: str, tmp_path: Path
) -> None:
    files = {f"{key}-{number}": tmp_path / str(number) for number in range(4)}
    for number, path in enumerate(files.values()):
        path.write_bytes(bytes([number]) * 100_000)
    storage.put_all(store, files)
    assert {name: content(store, name) for name in files} == {name: path.read_bytes() for name, path in files.items()}
    with pytest.raises(FileNotFoundError):
        storage.put_all(store, files | {f"{key}-4": tmp_path / "gone"})
    for name in files:
        store.delete(name)


def test_who_reads_while_it_is_replaced_finds_the_old_or_the_new_whole(store: Store, key: str) -> None:
    versions = [bytes([number]) * 300_000 for number in range(8)]
    store.replace(key, ContentFile(versions[0]))
    is_over, seen = threading.Event(), []

    def read() -> None:
        while not is_over.is_set():
            seen.append(content(store, key))

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions[1:]:
        store.replace(key, ContentFile(version))
    is_over.set()
    reader.join()
    assert seen
    assert all(each in versions for each in seen)


# --- Broken off ---------------------------------------------------------------------------------------------------


class Breaking(File):  # type: ignore[type-arg]
    """A file that cannot be read to its end."""

    def read(self, *size: int) -> Any:
        if self.tell() > LARGE // 2:
            raise OSError("The upload's own file cannot be read.")
        return super().read(*size)


@pytest.mark.parametrize("write", ["save", "replace"])
def test_a_write_that_breaks_off_leaves_neither_a_file_nor_half_of_one(
    store: Store, key: str, large: Path, write: str
) -> None:
    with large.open("rb") as source, pytest.raises(OSError, match="cannot be read"):
        getattr(store, write)(key, Breaking(source))
    assert lies_there(store, key) == []


def test_a_replacement_that_breaks_off_leaves_what_was_there(store: Store, key: str, large: Path) -> None:
    store.save(key, ContentFile(SMALL))
    with large.open("rb") as source, pytest.raises(OSError, match="cannot be read"):
        store.replace(key, Breaking(source))
    assert content(store, key) == SMALL
    assert lies_there(store, key) == [key]


def test_what_a_killed_process_left_half_written_is_swept_up_in_time(store: Store, key: str) -> None:
    leave_half(store, key)
    (half,) = [half for half in store.half_written() if half.key == key]
    assert storage.forget_half_written(before=half.began_at) == 0
    assert storage.forget_half_written(before=half.began_at + timedelta(seconds=1)) >= 1
    assert lies_there(store, key) == []


def leave_half(store: Store, key: str) -> None:
    """As a process does that is killed while it writes."""
    if settings.SERVERS:
        at = {"Bucket": BUCKET, "Key": f"results/{key}"}
        client = settings.SERVERS.store.client()
        upload = client.create_multipart_upload(**at)["UploadId"]
        client.upload_part(**at, UploadId=upload, PartNumber=1, Body=bytes(5_000_000))
        return
    path = Path(store.path(key))
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.x1y2z3{HALF}").write_bytes(bytes(5_000_000))


# --- Read in parts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, None, SMALL),
        (3, None, SMALL[3:]),
        (3, 6, SMALL[3:6]),
        (0, 1, SMALL[:1]),
        (5, 10_000, SMALL[5:]),
        (-6, None, SMALL[-6:]),
        (-10_000, None, SMALL),
    ],
)
def test_a_part_is_that_part(store: Store, key: str, start: int, stop: int | None, expected: bytes) -> None:
    store.save(key, ContentFile(SMALL))
    with closing(store.part(key, start=start, stop=stop)) as part:
        assert b"".join(part) == expected == SMALL[part.start : part.stop]
        assert part.total == len(SMALL)


def test_a_part_behind_the_end_is_not_there_and_the_end_is_told(store: Store, key: str) -> None:
    store.save(key, ContentFile(SMALL))
    for start in (len(SMALL), 2**40):
        with pytest.raises(NoSuchPart) as found:
            store.part(key, start=start)
        assert found.value.total == len(SMALL)


def test_an_empty_file_is_read_as_one(store: Store, key: str) -> None:
    store.save(key, ContentFile(b""))
    assert content(store, key) == b""
    assert store.size(key) == 0


def test_what_is_not_there_is_said_to_be_so(store: Store, key: str) -> None:
    for look in (store.part, store.size, store.get_modified_time, lambda name: store.open(name).close()):
        with pytest.raises(FileNotFoundError):
            look(key)  # type: ignore[operator]
    assert not store.exists(key)
    store.delete(key)


def test_a_large_file_goes_in_and_comes_out_in_little_memory(store: Store, key: str, large: Path) -> None:
    tracemalloc.start()
    try:
        storage.put(store, key, large)
        digest = hashlib.sha256()
        with closing(store.part(key, start=1000)) as part:
            for chunk in part:
                digest.update(chunk)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert digest.hexdigest() == hashlib.sha256(large.read_bytes()[1000:]).hexdigest()
    assert most < LARGE
    assert store.size(key) == LARGE


def test_an_opened_file_is_read_from_wherever_one_likes(store: Store, key: str, large: Path) -> None:
    storage.put(store, key, large)
    whole = large.read_bytes()
    with store.open(key) as file:
        assert file.read(10) == whole[:10]
        file.seek(15_000_000)
        assert file.read(10) == whole[15_000_000:15_000_010]
        file.seek(-5, 2)
        assert file.read() == whole[-5:]
        assert file.size == LARGE


def test_a_copy_on_this_machine_has_the_same_bytes(store: Store, key: str, large: Path) -> None:
    storage.put(store, key, large)
    with storage.local_copy(store, key) as path:
        assert path.read_bytes() == large.read_bytes()


# --- Looked through -----------------------------------------------------------------------------------------------


def test_files_are_listed_with_size_and_time_each_store_for_itself(store: Store, key: str) -> None:
    store.save(key, ContentFile(SMALL))
    (found,) = store.files(key.rpartition("/")[0])
    assert (found.key, found.size) == (key, len(SMALL))
    assert abs(found.changed_at - timezone.now()) < timedelta(minutes=1)
    assert not list(storage.originals().files(key))
    assert not storage.models().exists(key)


@pytest.mark.parametrize("name", ["../outside.jpg", "a/../../outside.jpg", "/etc/passwd"])
def test_no_name_leads_out_of_a_store(store: Store, name: str) -> None:
    with pytest.raises(SuspiciousOperation):
        store.save(name, ContentFile(SMALL))
    for act in (store.exists, store.delete, store.part):
        with pytest.raises((SuspiciousOperation, ValueError)):
            act(name)
