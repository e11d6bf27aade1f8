"""Names that are safe to give to a browser, a ZIP and any file system."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from .models import Photo

LONGEST = 100
"""Characters of a stem. Some systems allow 255 bytes a name; four bytes a character leave room for the ending."""

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def file_name(upload_name: str) -> str:
    """The last part of the name that a device gave an upload, without what cannot be seen, at most 255 characters."""
    last = upload_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = _visible(last).strip() or "photo"
    ending = PurePosixPath(name).suffix[:20]
    return name if len(name) <= 255 else name[: 255 - len(ending)] + ending


def stem(text: str) -> str:
    """``text`` as the stem of a file's name on any system; "photo" where nothing of it is left."""
    clean = _visible(_FORBIDDEN.sub(" ", unicodedata.normalize("NFC", text)))
    clean = " ".join(clean.split())[:LONGEST].strip(" .")
    return f"{clean}_" if clean.lower() in _RESERVED else clean or "photo"


def of_photo(photo: "Photo", what: str) -> str:
    """The stem under which ``photo`` is downloaded: its caption, or its file's own name; colours are called so."""
    name = stem(photo.caption or PurePosixPath(photo.original.name).stem)
    page = f"-{photo.page}" if photo.page > 1 and not what.startswith("original") else ""
    in_colour = _("in colour")  # on a line of its own: xgettext does not look into f-strings
    return f"{name}{page} ({in_colour})" if what.startswith(("colour", "result")) else f"{name}{page}"


def unique(stem: str, ending: str, taken: set[str]) -> str:
    """``stem.ending``, or ``stem (2).ending`` and so on, not yet in ``taken`` whatever the case; it is added there."""
    name, number = f"{stem}.{ending}", 1
    while name.lower() in taken:
        number += 1
        name = f"{stem} ({number}).{ending}"
    taken.add(name.lower())
    return name


def unique_folder(path: str, taken: set[str]) -> str:
    """``path``, or ``path (2)`` and so on, not yet in ``taken`` whatever the case; it is added there."""
    name, number = path, 1
    while name.lower() in taken:
        number += 1
        name = f"{path} ({number})"
    taken.add(name.lower())
    return name


def _visible(text: str) -> str:
    """Without control and format characters: a right-to-left mark can hide an ending."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
