"""The command that looks and puts right."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from colorizer import storage
from colorizer.models import Original, Photo
from colorizer.stores import DiskStore, Store
from tests.conftest import on_disk_alone

pytestmark = on_disk_alone


def verify(*options: str) -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify", *options, stdout=out, stderr=err)
    assert isinstance(end.value.code, int)
    return end.value.code, out.getvalue() + err.getvalue()


def test_the_command_says_what_is_wrong_and_ends_with_1(photo: Photo) -> None:
    code, said = verify()
    assert code == 0
    assert said.startswith("Looked at 1 originals, 1 prepared photos, 1 colourings, 0 open jobs;")
    assert said.endswith("Nothing is wrong.\n")
    Original.objects.update(name="grandmother-1931.jpg")
    storage.originals().delete(photo.original.key)
    code, said = verify("--quick")
    assert code == 1
    assert "Originals that are MISSING" in said
    assert str(photo.original_id) in said
    assert "grandmother" not in said


def test_the_command_ends_with_0_where_all_was_put_right(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    storage.results().delete(key)
    code, said = verify("--fix")
    assert (code, "queued to be made again" in said) == (0, True)


def test_the_command_answers_programs(photo: Photo) -> None:
    storage.originals().delete(photo.original.key)
    code, said = verify("--json", "--fix")
    answer = json.loads(said)
    assert code == 1
    assert answer["checked"]["originals"] == 1
    assert [(finding["kind"], finding["id"]) for finding in answer["findings"]] == [
        ("original_missing", str(photo.original_id))
    ]
    assert answer["done"][0]["is_right"] is False


@pytest.mark.parametrize("error", [DatabaseError("gone"), OSError("unplugged")])
def test_the_command_ends_with_2_where_it_cannot_look(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(store: Store) -> None:
        raise error

    monkeypatch.setattr(DiskStore, "files", fails)
    code, said = verify()
    assert code == 2
    assert "could not be checked" in said
