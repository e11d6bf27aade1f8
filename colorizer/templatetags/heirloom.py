"""What the templates ask of a photo."""

import json

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from .. import gate, roles, words
from ..models import Coloring, Photo, Status, User
from ..selectors.shares import SharedPhoto

register = template.Library()
register.filter("roughly", words.roughly)
register.filter("amount", words.amount)
register.filter("gate_sentence", gate.sentence)


@register.simple_tag(takes_context=True)
def photo_url(
    context: Context,
    photo: Photo | SharedPhoto,
    what: str,
    download: bool = False,
    version: Coloring | None = None,
) -> str:
    """The address of one of a photo's files. It names the version, so that a browser may keep it for good.

    ``version``: in whose colours, where not in those that the family sees.
    """
    if isinstance(photo, SharedPhoto):
        return _shared_url(context, photo, what, download=download)
    if version:
        return f"{photo.address}versions/{version.pk}/{what}/?v={version.pk}"
    owner = photo.pk if what.startswith("grey-") or what == "original" else photo.shown_id
    return f"{photo.address}{what}/?v={owner}{'&download=1' if download else ''}"


@register.simple_tag(takes_context=True)
def side_url(context: Context, photo: Photo, version: Coloring | None, size: str) -> str:
    """The address of one side of a comparison: the photo in the colours of ``version``; None: as it was."""
    return photo_url(context, photo, f"colour-{size}" if version else f"grey-{size}", version=version)


@register.filter
def as_json(what: object) -> str:
    """For a script to read out of an attribute."""
    return json.dumps(what)


@register.filter
def unlocalized(number: float) -> str:
    """A number as SVG has it, whatever the reader's language."""
    return f"{number:.1f}"


@register.filter
def short(number: float) -> str:
    """A number of any size in a few characters: 0.0003."""
    return f"{number:.3g}"


@register.filter
def may_teach(user: User) -> bool:
    """Whether the workshop is shown to ``user``."""
    return roles.has_any(user)


@register.filter
def alt(photo: Photo | SharedPhoto) -> str:
    """What a photo is called for those who do not see it."""
    if isinstance(photo, SharedPhoto):
        return photo.title
    return photo.caption or _("Photo without a caption: %(name)s") % {"name": photo.original.name}


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


def _shared_url(context: Context, photo: SharedPhoto, what: str, *, download: bool) -> str:
    """For a visitor: the largest size is what a screen shows, unless the share lets photos be downloaded."""
    if not context["share"].can_download:
        what = what.replace("-zoom", "-1600")
    address = reverse("share_file", args=[context["share_token"], photo.pk, what])
    return f"{address}?download=1" if download else address
