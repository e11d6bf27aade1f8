"""Curves of a run as an SVG: any browser shows it, and it grows while the training goes on."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ml.runs import read_log

_WIDTH, _HEIGHT, _MARGIN = 880, 300, 60
_POINTS = 200
_COLOURS = ("#b3702a", "#2f6f8f", "#5b7f3b", "#8a4f7d", "#7a7368")
_UNSHOWN = ("step", "elapsed", "progress")

Curve = Sequence[tuple[float, float]]


def draw(folder: Path) -> Path:
    """Draw ``losses.svg`` of a run's folder from its log: a panel a figure, against steps, means of many steps."""
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in read_log(folder):
        for name, value in entry.items():
            if name not in _UNSHOWN and math.isfinite(value):
                found.setdefault(name, []).append((entry["step"], value))
    panels: dict[str, dict[str, Curve]] = {}
    for name, curve in found.items():
        panels.setdefault(name.removeprefix("val_"), {})[name] = _thinned(curve)
    file = folder / "losses.svg"
    part = file.with_suffix(".part")
    part.write_text(plot(panels), encoding="utf-8")
    part.replace(file)
    return file


def plot(panels: Mapping[str, Mapping[str, Curve]], log_x: bool = False) -> str:
    """An SVG of one panel above another: each curve is a list of (x, y), drawn between its panel's own limits."""
    height = _HEIGHT * len(panels)
    body = "".join(_panel(i * _HEIGHT, title, curves, log_x) for i, (title, curves) in enumerate(panels.items()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fbf8f2"/>\n{body}</svg>\n'
    )


def _panel(top: int, title: str, curves: Mapping[str, Curve], log_x: bool) -> str:
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return ""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)

    def along(x: float) -> float:
        if right <= left:
            return _MARGIN
        share = math.log(x / left) / math.log(right / left) if log_x else (x - left) / (right - left)
        return _MARGIN + share * (_WIDTH - 2 * _MARGIN)

    def up(y: float) -> float:
        share = (y - low) / (high - low) if high > low else 0.5
        return top + _HEIGHT - 40 - share * (_HEIGHT - 80)

    lines = [f'<text x="{_MARGIN}" y="{top + 24}" font-weight="bold">{html.escape(title)}</text>']
    for y in (low, (low + high) / 2, high):
        lines.append(f'<path d="M{_MARGIN} {up(y):.1f}H{_WIDTH - _MARGIN}" stroke="#ddd5c6"/>')
        lines.append(f'<text x="{_MARGIN - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{y:.4g}</text>')
    for x, anchor in ((left, "start"), (right, "end")):
        lines.append(f'<text x="{along(x):.1f}" y="{top + _HEIGHT - 18}" text-anchor="{anchor}">{x:.4g}</text>')
    for i, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        path = " ".join(f"{along(x):.1f},{up(y):.1f}" for x, y in curve)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        if len(curve) == 1:  # no line goes through it
            lines.append(f'<circle cx="{along(curve[0][0]):.1f}" cy="{up(curve[0][1]):.1f}" r="3" fill="{colour}"/>')
        where = _WIDTH - _MARGIN - 130 * (len(curves) - 1 - i)
        lines.append(f'<text x="{where}" y="{top + 24}" fill="{colour}" text-anchor="end">{html.escape(name)}</text>')
    return "\n".join(lines) + "\n"


def _thinned(curve: Curve) -> Curve:
    """At most so many points as can be told apart, each the mean of its neighbours."""
    size = max(1, len(curve) // _POINTS)
    groups = [curve[i : i + size] for i in range(0, len(curve), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
