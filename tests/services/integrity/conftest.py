"""A house in order, on storages of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from colorizer.models import Album, Photo, User
from webapp.stores import on_disk

from .house import in_colour


@pytest.fixture(autouse=True)
def _no_file_of_others(data_dir: Path, settings: Settings, tmp_path: Path) -> None:
    """Storages that hold what this test puts there, and nothing else."""
    settings.STORAGES = settings.STORAGES | on_disk(tmp_path)


@pytest.fixture
def photo(album: Album, editor: User) -> Photo:
    """A photo in colour, prepared long ago, with all its files."""
    return in_colour(album, editor)
