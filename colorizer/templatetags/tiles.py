"""The tiles of a grid, as far as they are many: an album's page has five hundred, and each is made in Python."""

from html import escape

from django import template
from django.template import Context, Engine
from django.utils.safestring import SafeString

from .. import words
from ..models import Photo
from ..selectors.shares import SharedPhoto
from .heirloom import alt, photo_url

register = template.Library()


@register.simple_tag(takes_context=True)
def tile(context: Context, photo: Photo) -> str:
    """One photo of the grid, in whatever state it is; it is swapped by events and refreshed where these fail.

    ``photo`` with its ``coloring`` and ``wait``; the context's ``can_edit``, and ``oob`` where it swaps itself.
    """
    standing, pk = photo.standing, str(photo.pk)
    speaks = standing in ("refused", "failed") or (standing == "asks" and context["can_edit"])
    wait = f' data-seconds="{photo.wait.seconds}" data-left="{words.roughly(photo.wait.seconds)}"' if photo.wait else ""
    oob = ' hx-swap-oob="true"' if context.get("oob") else ""
    inside = tile_photo(context, photo, photo.address, photo.caption) if standing == "done" else _words(context, photo)
    return SafeString(
        f'<li class="tile ar-{_ratio(photo)}{" tile-speaks" if speaks else ""}" id="photo-{pk}" data-photo="{pk}"'
        f' data-refresh="{escape(photo.address)}tile/" data-state="{escape(standing)}"{wait}'
        f' sse-swap="photo-{pk}" hx-swap="outerHTML"{oob}>'
        f"{inside}</li>"
    )


def _words(context: Context, photo: Photo) -> str:
    """What there is to say of a photo that is not done. They are few, and made as all else is."""
    with context.push(photo=photo, standing=photo.standing, coloring=photo.coloring, wait=photo.wait):
        return Engine.get_default().get_template("partials/tile_words.html").render(context)


@register.simple_tag(takes_context=True)
def tile_photo(context: Context, photo: Photo | SharedPhoto, href: str, caption: str = "") -> str:
    """The picture of a tile, which leads to `href`; `caption` where there is room to say it."""
    pictures = _picture(context, photo, "grey", str(photo.pk), alt(photo))
    if photo.shown_id:
        pictures += _picture(context, photo, "colour", str(photo.shown_id), "")
    said = f'<span class="tile-caption" aria-hidden="true">{escape(caption)}</span>' if caption else ""
    return SafeString(f'<a class="tile-photo" id="open-{photo.pk}" href="{escape(href)}">{pictures}{said}</a>')


def _picture(context: Context, photo: Photo | SharedPhoto, side: str, owner: str, said: str) -> str:
    """It is kept over a swap (hx-preserve): loaded anew it would blink whenever a place in line changes."""
    return (
        f'<img class="tile-{side}" id="{side}-{owner}" hx-preserve'
        f' src="{escape(photo_url(context, photo, f"{side}-480"))}" width="{photo.width}" height="{photo.height}"'
        f' alt="{escape(said)}" loading="lazy" decoding="async"'
        f' data-coloring="{owner if side == "colour" else ""}">'
    )


def _ratio(photo: Photo) -> int:
    """Width against height in fiftieths, as the classes of `aspect.css` are named."""
    return round(photo.width / photo.height * 50) if photo.height else 0
