"""A house with a bit of everything, and another machine to restore it on."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.db import connection
from pytest_django import Settings

from colorizer import rows, storage
from colorizer.models import (
    Action,
    Album,
    AuditEntry,
    Coloring,
    Dataset,
    KeptColour,
    ModelVersion,
    Photo,
    Session,
    Share,
    Tombstone,
    User,
)
from colorizer.services import datasets
from tests.curation import accept, add, encoded, measure, photos, picture
from tests.services.integrity.house import in_colour, put
from webapp.stores import on_disk


@pytest.fixture(autouse=True)
def _storages_of_its_own(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | on_disk(tmp_path / "before")


@pytest.fixture
def photo(album: Album, editor: User) -> Photo:
    return in_colour(album, editor)


@pytest.fixture
def house(photo: Photo, album: Album, editor: User, owner: User) -> Photo:
    """A bit of everything that a family leaves in the database."""
    in_colour(album, editor, name="a.tif", shade=3)
    group = Group.objects.create(name="Keepers")
    group.permissions.add(Permission.objects.get(codename="change_family"))
    owner.groups.add(group)
    owner.user_permissions.add(Permission.objects.get(codename="view_user"))
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    sha256 = hashlib.sha256(b"weights").hexdigest()
    version = ModelVersion.objects.create(name="own", sha256=sha256, card={"gain": 1.1}, state=ModelVersion.State.LIVE)
    put(storage.models(), storage.weights_key(sha256), b"weights")
    Coloring.objects.update(model_version=version)
    Share.objects.create(family=album.family, album=album, token_sha256="0" * 64, created_by=owner)
    AuditEntry.objects.create(action=Action.SHARE_MADE, actor_id=owner.pk, family_id=album.family_id)
    Tombstone.objects.create(family=album.family, sha256="1" * 64, reason="deleted")
    KeptColour.objects.create(family=album.family, name="Uniform", colour="#6b6f52", kept_by=editor)
    dataset = datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=owner)
    add(dataset, owner, photos(2) | {"copy.jpg": encoded(picture(0), quality=50)}, licence="open")
    measure()
    accept(dataset)
    datasets.freeze(dataset=dataset, by=owner)
    return photo


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    """Go to a new machine: nothing in the database, nothing in the storages."""

    def move() -> None:
        with connection.cursor() as cursor:
            for model in rows.kept():
                for table in (model._meta.db_table, *(each.m2m_db_table() for each in model._meta.local_many_to_many)):
                    cursor.execute(f'DELETE FROM "{table}"')
        Session.objects.all().delete()
        settings.STORAGES = settings.STORAGES | on_disk(tmp_path / f"after-{uuid4()}")

    return move
