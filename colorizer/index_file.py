"""A dataset as a folder: photos, and an ``index.csv`` beside them in the form that `ml.data` reads."""

import csv
import io
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from .models import Licence, Split
from .spreadsheet import as_csv

NAME = "index.csv"
COLUMNS = ("path", "category", "source", "licence", "split", "width", "height", "colourfulness")
NEEDED = frozenset({"path", "category", "source", "licence", "split"})
LARGEST = 16_000_000
"""Bytes; the index of 20,000 photos has two million."""


class BadIndex(Exception):
    """It cannot be read; says why in a sentence."""


class Described(NamedTuple):
    """What an index, or whoever adds photos, says of one."""

    category: str = ""
    source: str = ""
    licence: str = Licence.UNCLEAR
    split: str = ""
    """Empty: to be chosen."""


def read(data: bytes) -> dict[str, Described]:
    """What an index says, by path. Raises BadIndex."""
    try:
        table = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True)
        if lacking := NEEDED - set(table.fieldnames or ()):
            raise BadIndex(_("The index.csv lacks the columns %(columns)s.") % {"columns": ", ".join(sorted(lacking))})
        return {row["path"]: _described(row) for row in table}
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadIndex(_("The index.csv cannot be read: it is no table of comma-separated values in UTF-8.")) from error


def write(rows: Iterable[tuple[Any, ...]]) -> str:
    """An index with these rows, in the order of `COLUMNS`."""
    return as_csv(COLUMNS, rows, line_end="\n")


def licence_of(said: str) -> str:
    """A licence that an index may name. A family's consent is given on its own page, never by an index."""
    known = {Licence.OPEN, Licence.RESEARCH_ONLY}
    return said if said in known else Licence.UNCLEAR


def _described(row: dict[str, Any]) -> Described:
    def said(column: str, most: int) -> str:
        return (row[column] or "").strip()[:most]

    split = said("split", 5)
    licence = licence_of(said("licence", 20))
    return Described(said("category", 40), said("source", 300), licence, split if split in Split.values else "")
