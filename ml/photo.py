"""Read a photo at full fidelity: orientation, ICC profile, 8 or 16 bit, pages, resolution.

`inspect` reads headers only. `open_page` decodes one page completely, under limits, and gives a
`Photo`: its full-size picture as a lazy libvips image and a small copy in memory. Saving is in
`ml.saving`, the question "is it in colour already?" in `ml.cast`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyvips

from ml.sniff import Format

PREVIEW_LONG_SIDE = 1600


class Refusal(StrEnum):
    """Why a file is not taken. The web mirrors these values and words them for the family."""

    EMPTY = "empty"
    """Nothing in it: zero bytes."""
    NOT_AN_IMAGE = "not_an_image"
    """No kind of picture we know, or a document, an archive, a video (see `PhotoError.found`)."""
    UNSUPPORTED = "unsupported"
    """A picture, but of a kind we do not read (see `PhotoError.found`)."""
    TOO_LARGE = "too_large"
    """More pixels or more pages than the limits allow."""
    TRUNCATED = "truncated"
    """The beginning is sound, the end is missing."""
    UNREADABLE = "unreadable"
    """The right kind of file, but damaged."""


class PhotoError(Exception):
    """A file that cannot be taken as a photo.

    Attributes:
        code: why, for a program.
        found: what the file is, as far as its first bytes tell.
        detail: the technical reason in English, for a log or the command line.
    """

    def __init__(self, code: Refusal, detail: str, found: Format = Format.UNKNOWN) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.found = found
        self.detail = detail


@dataclass(frozen=True)
class Limits:
    """What a file may ask of us before any pixel is decoded."""

    pixels: int = 200_000_000
    """Most pixels of one page."""
    total_pixels: int = 2_000_000_000
    """Most pixels of all pages together."""
    pages: int = 200


@dataclass(frozen=True)
class Info:
    """What a file's headers say. Width and height are of the first page, as a viewer shows it."""

    format: Format
    width: int
    height: int
    pages: int
    bits: int
    """Bits a sample: 8 or 16."""


@dataclass(frozen=True)
class Photo:
    """One page of a file, checked and ready to be worked on. Made by `open_page`."""

    path: Path
    page: int
    info: Info
    """Of this page."""
    preview: pyvips.Image
    """A copy in memory, long side at most `PREVIEW_LONG_SIDE`: upright, 8-bit sRGB, 3 bands or, where the file is grey, 1."""

    def image(self) -> pyvips.Image:
        """The full-size picture: upright, sRGB, 1 or 3 bands, 8 or 16 bit, metadata attached.

        Lazy: decoded as it is read, from the top down, once a call where the file allows it.
        """
        raise NotImplementedError


def inspect(path: Path | str, limits: Limits = Limits()) -> Info:
    """Read a file's headers, never its pixels.

    Raises:
        PhotoError: empty, not an image, unsupported, too large, or headers that make no sense.
        OSError: the path cannot be read.
    """
    raise NotImplementedError


def open_page(path: Path | str, page: int = 0, limits: Limits = Limits()) -> Photo:
    """Decode one page (0-based) from its first to its last row and keep a small copy.

    Raises:
        PhotoError: as `inspect`, and truncated or unreadable where decoding fails.
        IndexError: the file has no such page.
        OSError: the path cannot be read.
    """
    raise NotImplementedError
