"""A family's photos with all their files, and what is found wrong with them."""

import os
from contextlib import suppress
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from colorizer import storage
from colorizer.findings import Kind
from colorizer.models import Album, Coloring, Original, Photo, Status, User
from colorizer.selectors import integrity
from colorizer.services import intake, reconciling
from colorizer.stores import Store
from tests.files import picture, upload

OLD = timedelta(days=2)


def in_colour(album: Album, user: User, *, name: str = "a.jpg", shade: int = 0) -> Photo:
    kind = {"jpg": "JPEG", "tif": "TIFF"}[name.rsplit(".", 1)[-1]]
    photo = intake.accept(into=album, user=user, upload=upload(name, picture(kind, shade=shade)))
    Original.objects.filter(pk=photo.original_id).update(status=Status.DONE)
    coloring = Coloring.objects.create(photo=photo, status=Status.DONE, size=6)
    Coloring.objects.filter(pk=coloring.pk).update(key=storage.result_key(coloring, "full"))
    coloring.refresh_from_db()
    for key in [*storage.grey_keys(photo), storage.full_key(coloring), *storage.copy_keys(coloring)]:
        put(storage.results(), key)
    long_ago = timezone.now() - OLD
    Photo.objects.filter(pk=photo.pk).update(state=Photo.State.READY, shown=coloring, changed_at=long_ago)
    for model in (Original, Coloring):
        model.objects.update(changed_at=long_ago)
    photo.refresh_from_db()
    photo.original.refresh_from_db()
    return photo


def put(store: Store, key: str, content: bytes = b"colour", *, age: timedelta = OLD) -> None:
    store.save(key, ContentFile(content))
    then = (timezone.now() - age).timestamp()
    with suppress(NotImplementedError):  # an S3 store says itself when it was
        os.utime(store.path(key), (then, then))


def damage(store: Store, key: str, content: bytes) -> None:
    store.replace(key, ContentFile(content))


def content_of(store: Store, key: str) -> bytes:
    return b"".join(store.part(key))


def shown(photo: Photo) -> Coloring:
    assert photo.shown is not None
    return photo.shown


def found(**how: object) -> dict[Kind, list[str]]:
    """The kinds of what is wrong, each with the keys or ids that are named."""
    wrong: dict[Kind, list[str]] = {}
    for finding in integrity.check(**how).findings:  # type: ignore[arg-type]
        wrong.setdefault(finding.kind, []).append(finding.key or finding.id)
    return wrong


def fix() -> dict[str, str]:
    report = integrity.check()
    return {outcome.finding.key or outcome.finding.id: outcome.done for outcome in reconciling.fix(report=report)}
