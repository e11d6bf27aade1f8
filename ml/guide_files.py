"""JSON that people write for us: read with a sentence for whatever is wrong in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class GuideError(ValueError):
    """A guide that cannot be used, or is missing; a sentence for people."""


def read_list(path: Path, what: str, example: str) -> list[tuple[Any, str]]:
    """The items of a JSON list, or of the list that an object holds under `what`, each with its place for an error.

    Args:
        path: the file.
        what: the items, in the plural: "pins".
        example: a list of one item, as it should be.

    Raises:
        GuideError: not JSON, no list, or an empty one.
        OSError: the file cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise GuideError(f"{path} is no JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get(what)
    if not isinstance(content, list):
        raise GuideError(f"{path} is no list of {what}, such as {example}")
    if not content:
        raise GuideError(f"{path} holds no {what}")
    return [(item, f"{path}, {what} {i}") for i, item in enumerate(content, 1)]


def fields(item: Any, needed: Sequence[str], optional: Sequence[str], place: str) -> dict[str, Any]:
    """The item itself. Raises GuideError unless it is an object of the needed fields and perhaps the optional ones."""
    if not isinstance(item, dict):
        raise GuideError(f"{place} is no object with {', '.join(needed)}")
    if unknown := set(item) - set(needed) - set(optional):
        raise GuideError(f"{place}: unknown {', '.join(sorted(unknown))}; known are {', '.join([*needed, *optional])}")
    if missing := set(needed) - set(item):
        raise GuideError(f"{place} lacks {', '.join(sorted(missing))}")
    return item


def number(value: Any, low: float, high: float, place: str) -> float:
    """The value. Raises GuideError unless it is a number from `low` to `high`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise GuideError(f"{place} must be a number from {low} to {high}, not {json.dumps(value)}")
    return float(value)
