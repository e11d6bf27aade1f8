"""A page of headings, sentences, tables and pictures, as Markdown and as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Heading:
    """A section's title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Plain sentences."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; the first row is its head."""

    rows: list[list[str]]


@dataclass(frozen=True)
class Picture:
    """A file beside the page."""

    file: str
    about: str


Block = Heading | Paragraph | Code | Table | Picture


def as_markdown(blocks: Sequence[Block]) -> str:
    """The page as Markdown."""
    parts = []
    for block in blocks:
        match block:
            case Heading(text, level):
                parts.append(f"{'#' * level} {text}")
            case Paragraph(text):
                parts.append(text)
            case Code(text):
                parts.append(f"```\n{text}\n```")
            case Table([head, *rows]):
                lines = [head, ["---"] * len(head), *rows]
                parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
            case Picture(file, about):
                parts.append(f"![{about}]({file})\n\n{about}")
    return "\n\n".join(parts) + "\n"


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #2a2622;
  background: #fbf8f3 }
h1, h2 { font-family: Georgia, serif; font-weight: normal }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.9rem; display: block; overflow-x: auto }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid #ddd4c6; text-align: right }
th:first-child, td:first-child { text-align: left }
img { max-width: 100% } pre { background: #f1ebe0; padding: 0.7rem; overflow-x: auto }
"""


def as_html(blocks: Sequence[Block]) -> str:
    """The page as one HTML file."""
    parts = []
    for block in blocks:
        match block:
            case Heading(text, level):
                parts.append(f"<h{level}>{html.escape(text)}</h{level}>")
            case Paragraph(text):
                parts.append(f"<p>{html.escape(text)}</p>")
            case Code(text):
                parts.append(f"<pre><code>{html.escape(text)}</code></pre>")
            case Table([head, *rows]):
                cells = "".join(f'<th scope="col">{html.escape(c)}</th>' for c in head)
                lines = [f"<thead><tr>{cells}</tr></thead>", "<tbody>"]
                for first, *others in rows:
                    numbers = "".join(f"<td>{html.escape(c)}</td>" for c in others)
                    lines.append(f'<tr><th scope="row">{html.escape(first)}</th>{numbers}</tr>')
                parts.append("\n".join(["<table>", *lines, "</tbody></table>"]))
            case Picture(file, about):
                said = html.escape(about)
                parts.append(
                    f'<figure><img src="{html.escape(file)}" alt="{said}"><figcaption>{said}</figcaption></figure>'
                )
    title = html.escape(next(b.text for b in blocks if isinstance(b, Heading)))
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
        f"<body>\n{chr(10).join(parts)}\n</body>\n</html>\n"
    )


def write(folder: Path, name: str, blocks: Sequence[Block]) -> None:
    """Write ``<name>.md`` and ``<name>.html``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(as_markdown(blocks), encoding="utf-8")
    (folder / f"{name}.html").write_text(as_html(blocks), encoding="utf-8")
