"""What the family knows better: colours at places, a livelier or a warmer photo. Each becomes a version of its own."""

from django.db import IntegrityError

from .. import words
from ..asked import Asked
from ..models import Coloring, Photo
from . import coloring


class Refused(words.Refusal):
    """It cannot be saved now."""


def save(*, photo: Photo, asked: Asked, name: str = "") -> Coloring:
    """Have ``photo`` coloured as ``asked``, before all the bulk. Once done it is the version that is seen.

    What is seen until then stays as a version beside it.

    Raises:
        Refused: the photo is not ready, or another colouring of it is under way, whose wishes would be lost.
    """
    if photo.state != Photo.State.READY:
        raise Refused("not_ready")
    try:
        return coloring.begin(photo=photo, based_on=photo.shown, name=name, **asked.fields)
    except IntegrityError as error:
        raise Refused("coloring_open") from error
