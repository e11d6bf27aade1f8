"""The photos of a training are decoded once, however often that is broken off."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

from colorizer.models import FrozenItem
from ml.spread import read_photos
from tests.school import frozen
from worker import planes


@pytest.fixture
def items(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[FrozenItem]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return list(FrozenItem.objects.filter(version=frozen(20)))


class Urgent(Exception):
    pass


def test_what_was_broken_off_goes_on_where_it_was(items: list[FrozenItem], monkeypatch: pytest.MonkeyPatch) -> None:
    straight = read_photos(planes.photos(items[:], lambda: None)).planes
    planes.keep_alone(planes.photos(items[:1], lambda: None))
    opened: list[str] = []
    row_of = planes.row_of
    monkeypatch.setattr(planes, "row_of", lambda item, path: opened.append(item.sha256) or row_of(item, path))
    for calls in (1, 1, 0):
        quiet = iter(range(calls))

        def heed(quiet: object = quiet) -> None:
            if next(quiet, None) is None:  # type: ignore[call-overload]
                raise Urgent

        with pytest.raises(Urgent):
            planes.photos(items, heed)
    broken = read_photos(planes.photos(items, lambda: None))
    assert len(broken.planes) == len(items)
    assert all(map(np.array_equal, broken.planes, straight))
    assert opened == [item.sha256 for item in items]
    assert planes.count(planes.photos(items, Urgent)) == len(items)


def test_only_the_sets_in_use_stay(items: list[FrozenItem], tmp_path: Path) -> None:
    def break_off() -> None:
        raise Urgent

    kept = planes.photos(items[:2], lambda: None)
    planes.photos(items[2:4], lambda: None)
    with pytest.raises(Urgent):
        planes.photos(items[4:], break_off)
    planes.keep_alone(kept)
    assert {file.name for file in (tmp_path / "planes").iterdir()} == {kept.name, kept.with_suffix(".bin").name}
