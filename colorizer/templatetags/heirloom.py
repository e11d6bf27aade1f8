"""What the templates ask of a photo."""

from django import template
from django.urls import reverse

from .. import words
from ..models import Photo, Status

register = template.Library()
register.filter("roughly", words.roughly)


@register.simple_tag
def photo_url(photo: Photo, what: str, download: bool = False) -> str:
    """The address of one of a photo's files. It names the version, so that a browser may keep it for good."""
    version = photo.pk if what.startswith("grey-") or what == "original" else photo.shown_id
    address = reverse("photo_file", args=[photo.pk, what])
    return f"{address}?v={version}{'&download=1' if download else ''}"


@register.filter
def failure(photo: Photo) -> str:
    """What went wrong with a photo and what to do, in words; empty where nothing did."""
    code = _code(photo)
    return " ".join(words.say(code)) if code else ""


@register.filter
def failure_sentence(photo: Photo) -> str:
    """What went wrong with a photo, without what to do."""
    code = _code(photo)
    return words.say(code)[0] if code else ""


@register.filter
def can_retry(photo: Photo) -> bool:
    """Whether trying again can help: what a file is does not change, what a machine had trouble with does."""
    if photo.state == Photo.State.REFUSED:
        return photo.refusal in words.PASSING
    coloring = photo.coloring
    return bool(coloring and coloring.status in (Status.FAILED, Status.CANCELLED))


def _code(photo: Photo) -> str:
    if photo.state == Photo.State.REFUSED:
        return photo.refusal or "internal"
    coloring = photo.coloring
    return coloring.reason or "internal" if coloring and coloring.status == Status.FAILED else ""
