"""Files made to take a machine along. Each ends as failed, in words that a family understands, and the worker lives."""

import struct

import pytest

from colorizer.models import Album, Photo, Status, User
from colorizer.services import intake
from tests import files
from tests.conftest import StartWorker, on_disk_alone
from tests.stack import Process

from .conftest import Upload, child_of, coloring_with, original_with, runs

pytestmark = [pytest.mark.worker, on_disk_alone]  # the limits of decoding know of neither


def tiff_of_one_tile(side: int, *, tile: int) -> bytes:
    """A small picture that says it is made of tiles larger than any memory (CVE-2022-45199 and its like)."""
    entries = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1)]
    entries += [(322, 4, tile), (323, 4, tile), (324, 4, 8), (325, 4, 100)]
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<I", 108) + bytes(100) + struct.pack("<H", len(entries)) + directory + bytes(4)


@pytest.mark.long
def test_decompression_bombs_end_as_too_large_and_the_photo_behind_them_is_coloured(
    worker_process: StartWorker,
    scheduler: Process,
    upload: Upload,
    album: Album,
    editor: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEIRLOOM_PHOTO_MEMORY_MB", "150")
    small = worker_process("small")
    bombs = [
        intake.accept(into=album, user=editor, upload=files.upload("bomb.png", files.interlaced_png(side)))
        for side in (8_000, 11_000)  # one is noticed as it grows, one asks for all at once
    ]
    behind = upload()
    for bomb in bombs:
        ended = original_with(Status.FAILED, bomb)
        assert (ended.reason, ended.attempt) == ("no_memory", 1)
        bomb.refresh_from_db()
        assert (bomb.state, bomb.refusal) == (Photo.State.REFUSED, "no_memory")
    coloring_with(Status.DONE, behind)
    assert not small.has_ended


@pytest.mark.parametrize("tile", [65_536, 1 << 20, 1 << 30])
def test_a_tiff_of_huge_tiles_is_refused(
    worker: Process, upload: Upload, album: Album, editor: User, tile: int
) -> None:
    child = child_of(coloring_with(Status.DONE, upload()))
    hostile = files.upload("tiles.tif", tiff_of_one_tile(64, tile=tile))
    photo = intake.accept(into=album, user=editor, upload=hostile)
    ended = original_with(Status.FAILED, photo)
    assert (ended.reason, ended.attempt) in (("unreadable", 1), ("no_memory", 1), ("truncated", 1))
    assert runs(child)
