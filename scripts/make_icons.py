"""Draw the site's mark, a photo half grey and half warm with a divider through it, as the icons in static/icons."""

from pathlib import Path

from PIL import Image, ImageDraw

PAPER, SHEET, INK, GREY, WARM = "#f3e9d8", "#fffdf9", "#2a241e", "#8f887d", "#d99a3a"
TARGET = Path(__file__).resolve().parent.parent / "static" / "icons"
FINER = 4
"""Drawn so many times larger, then made small: Pillow's lines have hard edges."""


def mark(side: int, *, share: float) -> Image.Image:
    """The mark on a square of paper, ``share`` of its side wide."""
    size = side * FINER
    image = Image.new("RGB", (size, size), PAPER)
    draw = ImageDraw.Draw(image)
    unit = size * share / 28
    left, top = (size - 28 * unit) / 2, (size - 24 * unit) / 2

    def box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        return left + x * unit, top + y * unit, left + (x + width) * unit, top + (y + height) * unit

    draw.rectangle(box(0, 0, 28, 24), fill=SHEET, outline=INK, width=round(1.2 * unit))
    draw.rectangle(box(3, 3, 11, 18), fill=GREY)
    draw.rectangle(box(14, 3, 11, 18), fill=WARM)
    draw.rectangle(box(13.3, -2.5, 1.4, 29), fill=INK)
    return image.resize((side, side), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for name, side, share in (
        ("icon-192.png", 192, 0.74),
        ("icon-512.png", 512, 0.74),
        ("icon-maskable-512.png", 512, 0.56),
        ("apple-touch-icon.png", 180, 0.66),
    ):
        mark(side, share=share).quantize(64).save(TARGET / name, optimize=True)
