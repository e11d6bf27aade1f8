"""The demo family and its sample album, made at the first start."""

import json
from pathlib import Path

from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from ..models import Album, Coloring, Photo, User
from . import account, intake

EMAIL = "demo@heirloom.local"


def create(*, password: str, folder: Path) -> None:
    """The demo family with the photos that ``folder`` holds, described in its ``album.json``.

    Run again after it was broken off, it completes what is missing.
    """
    described = json.loads((folder / "album.json").read_text())
    user, album = _family(password=password, title=described["title"], description=described["description"])
    for position, sample in enumerate(described["photos"], start=1):
        upload = SimpleUploadedFile(sample["file"], (folder / sample["file"]).read_bytes(), content_type="image/jpeg")
        try:
            photo = intake.accept(into=album, user=user, upload=upload, position=position)
        except intake.AlreadyHere:
            continue
        photo.caption, photo.taken = sample["caption"], sample["taken"]
        photo.save(update_fields=["caption", "taken"])


@transaction.atomic
def _family(*, password: str, title: str, description: str) -> tuple[User, Album]:
    user = User.objects.filter(email=EMAIL).first()
    if user is None:
        user = User.objects.create_user(EMAIL, password, name="Demo")
        # Nobody could open the link that a site with mail would send there.
        EmailAddress.objects.create(user=user, email=EMAIL, primary=True, verified=True)
        account.found_family(user=user, name="The Demo Family")
    family = user.families.earliest("created_at")
    album, _ = Album.objects.get_or_create(family=family, title=title, defaults={"description": description})
    return user, album


def is_coloured() -> bool:
    """Whether a photo of the demo family is in colour, or none is left that could become so."""
    photos = Photo.objects.filter(album__family__members__email=EMAIL)
    if photos.filter(shown__isnull=False).exists():
        return True
    waits = photos.filter(state=Photo.State.PREPARING).exists()
    return not (waits or Coloring.objects.filter(photo__in=photos, status__in=Coloring.OPEN).exists())


def opens(*, password: str) -> bool:
    """Whether ``password`` is still the demo user's, who may have changed it or be gone."""
    user = User.objects.filter(email=EMAIL).first()
    return user is not None and user.check_password(password)
