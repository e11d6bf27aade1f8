"""`verify`, `backup` and `restore` on PostgreSQL and an S3 store, as on SQLite and the disk."""

import io
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from colorizer import rows, storage
from colorizer.findings import Kind
from colorizer.models import Album, Family, Original, Photo, Tombstone, User
from colorizer.selectors import integrity
from colorizer.services import backup, reconciling, restoring
from colorizer.stores import Store
from tests.archives import everything
from tests.conftest import on_servers_alone
from tests.files import picture

from .integrity.house import content_of, found, in_colour

pytestmark = [on_servers_alone, pytest.mark.django_db(transaction=True)]
NONE = timedelta(0)


def stores() -> list[Store]:
    return [storage.originals(), storage.results(), storage.models()]


def emptied() -> None:
    for store in stores():
        for file in list(store.files()):
            store.delete(file.key)


@pytest.fixture(autouse=True)
def _nothing_of_others(transactional_db: None) -> Iterator[None]:
    emptied()
    yield
    emptied()


@pytest.fixture
def photo(album: Album, editor: User) -> Photo:
    return in_colour(album, editor, name="a.tif")


def test_a_house_in_order_is_clean_and_what_is_missing_or_changed_is_told(photo: Photo) -> None:
    assert found(grace=NONE) == {}
    store, key = storage.originals(), photo.original.key
    content = bytearray(content_of(store, key))
    content[-3] ^= 1
    store.replace(key, ContentFile(bytes(content)))
    storage.results().delete(storage.grey_keys(photo)[0])
    wrong = {Kind.ORIGINAL_CHANGED: [key], Kind.RENDITION_MISSING: storage.grey_keys(photo)[:1]}
    assert found() == wrong
    store.delete(key)
    assert found(quick=True)[Kind.ORIGINAL_MISSING] == [key]


def test_orphans_and_halves_are_put_right(photo: Photo, family: Family) -> None:
    original, result = storage.original_key(family.pk, uuid4(), "jpeg"), f"photos/{uuid4()}/grey-480.webp"
    storage.originals().save(original, ContentFile(picture("JPEG", shade=9)))
    storage.results().save(result, ContentFile(b"colour"))
    half = storage.originals()
    where = {"Bucket": half.bucket_name, "Key": f"originals/{original}-half"}  # type: ignore[attr-defined]
    half.client.create_multipart_upload(**where)  # type: ignore[attr-defined]
    assert found() == {}, "All of it may be an upload in progress."

    report = integrity.check(grace=NONE)
    assert {finding.kind: finding.key for finding in report.findings} == {
        Kind.ORIGINAL_ORPHAN: original,
        Kind.RESULT_ORPHAN: result,
        Kind.UPLOAD_UNFINISHED: f"{original}-half",
    }
    assert all(outcome.is_right for outcome in reconciling.fix(report=report))
    assert Original.objects.get(key=original).photos.get().album.is_unsorted
    assert found(grace=NONE, quick=True).keys() <= {Kind.JOB_UNSENT}


def test_a_backup_comes_back_whole(photo: Photo) -> None:
    key, now = photo.original.key, timezone.now()
    before, content, out = everything(), content_of(storage.originals(), photo.original.key), io.BytesIO()
    assert backup.write(out=out, with_results=True).files["results"] == 7
    with connection.cursor() as cursor:
        tables = ", ".join(f'"{model._meta.db_table}"' for model in rows.kept())
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    emptied()

    restored = restoring.restore(source=io.BytesIO(out.getvalue()))

    assert restored.queued == 0
    assert everything() == before
    assert content_of(storage.originals(), key) == content
    assert found(grace=NONE) == {}
    # Its number comes after those that were restored.
    assert User.objects.create_user("new@example.org", date_joined=now).pk
    assert Tombstone.objects.create(family=Family.objects.get(), sha256="2" * 64, reason="deleted").pk


def test_a_backup_sees_one_moment(family: Family) -> None:
    with rows.snapshot():
        assert Family.objects.count() == 1
        with connection.cursor() as cursor, pytest.raises(Exception, match="read-only transaction"):
            cursor.execute("DELETE FROM colorizer_family")
