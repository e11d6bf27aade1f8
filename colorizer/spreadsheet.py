"""Tables as CSV, in which no cell is one that a spreadsheet would run as a formula."""

import csv
import io
from collections.abc import Iterable
from typing import Any

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(head: tuple[str, ...], rows: Iterable[Iterable[Any]], *, line_end: str = "\r\n") -> str:
    """``head`` and ``rows``, a line each. What would be a formula has an apostrophe before it."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator=line_end)
    table.writerow(head)
    table.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def _plain(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGINS_A_FORMULA) else cell
