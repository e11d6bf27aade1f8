"""Is a photo in colour, or grey under a cast: sepia, cyanotype, toner, yellowed paper?"""

from __future__ import annotations

import pyvips


def is_in_colour(preview: pyvips.Image) -> bool:
    """True if hues vary after the cast of the whole print is removed.

    Args:
        preview: `Photo.preview`.
    """
    raise NotImplementedError
