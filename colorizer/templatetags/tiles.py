"""The tiles of a grid, as far as they are many: an album's page has five hundred, and each is made in Python."""

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from .. import words
from ..models import Photo
from ..selectors.shares import SharedPhoto
from .heirloom import alt, photo_url

register = template.Library()


@register.simple_tag(takes_context=True)
def tile_begin(context: dict[str, Any], photo: Photo) -> str:
    """The `<li>` of a photo that can change: it is swapped by events and refreshed where these fail."""
    standing, pk = photo.standing, photo.pk
    speaks = standing in ("refused", "failed") or (standing == "asks" and context["can_edit"])
    wait = f' data-seconds="{photo.wait.seconds}" data-left="{words.roughly(photo.wait.seconds)}"' if photo.wait else ""
    oob = ' hx-swap-oob="true"' if context.get("oob") else ""
    return SafeString(
        f'<li class="tile ar-{_ratio(photo)}{" tile-speaks" if speaks else ""}" id="photo-{pk}" data-photo="{pk}"'
        f' data-refresh="{escape(photo.address)}tile/" data-state="{escape(standing)}"{wait}'
        f' sse-swap="photo-{pk}" hx-swap="outerHTML"{oob}>'
    )


@register.simple_tag(takes_context=True)
def tile_photo(context: dict[str, Any], photo: Photo | SharedPhoto, href: str, caption: str = "") -> str:
    """The picture of a tile, which leads to `href`; `caption` where there is room to say it."""
    pictures = _picture(context, photo, "grey")
    if photo.shown_id:
        pictures += _picture(context, photo, "colour")
    said = f'<span class="tile-caption" aria-hidden="true">{escape(caption)}</span>' if caption else ""
    return SafeString(f'<a class="tile-photo" id="open-{photo.pk}" href="{escape(href)}">{pictures}{said}</a>')


def _picture(context: dict[str, Any], photo: Photo | SharedPhoto, side: str) -> str:
    """It is kept over a swap (hx-preserve): loaded anew it would blink whenever a place in line changes."""
    is_grey = side == "grey"
    return (
        f'<img class="tile-{side}" id="{side}-{photo.pk if is_grey else photo.shown_id}" hx-preserve'
        f' src="{escape(photo_url(context, photo, f"{side}-480"))}" width="{photo.width}" height="{photo.height}"'
        f' alt="{escape(alt(photo)) if is_grey else ""}" loading="lazy" decoding="async"'
        f' data-coloring="{"" if is_grey else photo.shown_id}">'
    )


def _ratio(photo: Photo) -> int:
    """Width against height in fiftieths, as the classes of `aspect.css` are named."""
    return round(photo.width / photo.height * 50) if photo.height else 0
