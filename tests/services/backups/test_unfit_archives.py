"""An archive that is damaged, foreign or made to deceive is refused in words, and nothing is left of it."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from colorizer import archive
from colorizer.archive import Unfit
from colorizer.models import (
    Photo,
)
from colorizer.services import restoring
from colorizer.stores import DiskStore
from colorizer.tarball import Damaged
from tests.archives import archived, nothing_is_left, rebuilt, restore
from tests.conftest import on_disk_alone

pytestmark = on_disk_alone


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "newer Heirloom"),
        ({"migrations": ["colorizer.9999_of_tomorrow"]}, "newer Heirloom"),
        ({"migrations": []}, "older Heirloom"),
    ],
)
def test_an_archive_of_another_heirloom_is_refused_with_what_to_do(
    house: Photo, elsewhere: Callable[[], None], change: dict[str, Any], said: str
) -> None:
    def other(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        yield name, json.dumps(json.loads(inside) | change).encode() if name == archive.HEADER else inside

    content = rebuilt(archived(), other)
    elsewhere()
    with pytest.raises(Unfit, match=said):
        restore(content)
    assert nothing_is_left()


def test_whatever_byte_is_wrong_nothing_is_left_of_a_restore(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived(with_results=True)
    elsewhere()
    for place in range(300, len(content) - 1024, len(content) // 25):
        if content[place]:  # between members lie zeros that say nothing
            broken = bytearray(content)
            broken[place] ^= 1
            with pytest.raises((Damaged, Unfit)):
                restore(bytes(broken))
            assert nothing_is_left(), place


def test_wherever_it_is_cut_off_nothing_is_left_of_a_restore(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived(with_results=True)
    elsewhere()
    for length in (0, 100, 512, *range(1024, len(content) - 1024, len(content) // 12)):
        with pytest.raises(Damaged):
            restore(content[:length])
        assert nothing_is_left(), length


def test_where_the_storage_has_no_room_nothing_is_left_of_a_restore(
    house: Photo, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archived()
    elsewhere()
    stored: list[str] = []
    save = DiskStore._save

    def full(self: DiskStore, name: str, file: Any) -> str:
        if stored:
            raise OSError("No space left on device")
        stored.append(save(self, name, file))
        return name

    monkeypatch.setattr(DiskStore, "_save", full)
    with pytest.raises(OSError, match="No space"):
        restore(content)
    assert stored
    assert nothing_is_left()


def _as(new: str) -> Callable[[str, bytes], Iterator[tuple[str, bytes]]]:
    """The first original under another name."""

    def change(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        yield (new if name.startswith("originals/") else name), inside

    return change


def _twice(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, inside
    if name.startswith("originals/"):
        yield name, inside


def _another_row(model: str, **fields: Any) -> Callable[[str, bytes], Iterator[tuple[str, bytes]]]:
    """Each row of ``model`` with other fields."""

    def change(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        if name.startswith("rows/"):
            said = [json.loads(line) for line in inside.splitlines()]
            for row in said:
                if row["model"] == model:
                    row["fields"] |= fields
            inside = "".join(json.dumps(row) + "\n" for row in said).encode()
        yield name, inside

    return change


def _more_rows(row: dict[str, Any]) -> Callable[[str, bytes], Iterator[tuple[str, bytes]]]:
    def change(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        yield name, inside + json.dumps(row).encode() + b"\n" if name.startswith("rows/") else inside

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_as("../../etc/cron.d/job"), id="a path upwards"),
        pytest.param(_as("/etc/cron.d/job"), id="a path from the root"),
        pytest.param(_as("originals/../x.jpg"), id="a path through a folder"),
        pytest.param(_as(f"originals/{uuid4()}.jpg"), id="an original of no row"),
        pytest.param(_as(f"results/photos/{uuid4()}/grey-480.webp"), id="a result of no row"),
        pytest.param(_twice, id="a member twice"),
        pytest.param(_another_row("colorizer.original", key="../../../etc/x.jpg"), id="a row that leads upwards"),
        pytest.param(_another_row("colorizer.original", key="stray.jpg"), id="a row that leads elsewhere"),
        pytest.param(_another_row("colorizer.coloring", key="colorings/../../x.jpg"), id="a result that leads upwards"),
        pytest.param(_another_row("colorizer.coloring", photo=str(uuid4())), id="a row of no photo"),
        pytest.param(_another_row("colorizer.original", sha256="0" * 64), id="a row of another file"),
        pytest.param(_another_row("colorizer.family", unknown=1), id="a field that is not known"),
        pytest.param(_more_rows({"model": "colorizer.session", "pk": "x", "fields": {}}), id="a model left out"),
        pytest.param(_more_rows({"model": "no.such", "pk": 1, "fields": {}}), id="a model that is not known"),
        pytest.param(
            _more_rows({"model": "auth.group", "pk": 77, "fields": {"name": "More"}}), id="more rows than told"
        ),
    ],
)
def test_an_archive_made_to_deceive_is_refused(
    photo: Photo, elsewhere: Callable[[], None], change: Callable[[str, bytes], Iterator[tuple[str, bytes]]]
) -> None:
    content = rebuilt(archived(with_results=True), change)
    elsewhere()
    with pytest.raises(Damaged):
        restore(content)
    assert nothing_is_left()


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.GNUTYPE_SPARSE,
        tarfile.XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
    ],
)
def test_links_folders_and_files_that_swell_are_refused_before_they_are_read(
    photo: Photo, elsewhere: Callable[[], None], kind: bytes
) -> None:
    header = tarfile.TarInfo("originals/x")
    header.type, header.linkname, header.size = kind, "/etc/passwd", 1 << 40
    elsewhere()
    with pytest.raises(Damaged, match="not a plain file"):
        restore(header.tobuf(tarfile.GNU_FORMAT))
    assert nothing_is_left()


def test_an_archive_whose_description_is_a_bomb_is_not_read_into_memory(
    elsewhere: Callable[[], None], db: None
) -> None:
    class Endless(io.RawIOBase):
        read_so_far = 0

        def read(self, size: int = -1) -> bytes:
            self.read_so_far += size
            return header if self.read_so_far == 512 else bytes(size)

    described = tarfile.TarInfo("heirloom.json")
    described.size = 7 << 30
    header = described.tobuf(tarfile.USTAR_FORMAT)
    source = Endless()
    elsewhere()
    with pytest.raises(Damaged, match="larger than"):
        restoring.restore(source=source)  # type: ignore[arg-type]
    assert source.read_so_far < 10_000
