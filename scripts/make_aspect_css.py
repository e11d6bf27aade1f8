"""Write static/css/aspect.css: a class for each proportion that a photo is laid out in.

Rows of photos in their own proportions need each photo's width : height in the style sheet. The content security policy
forbids inline styles, so a tile carries a class instead: `ar-75` is 75 / 50 = 1.5 (`{% widthratio width height 50 %}`).
"""

from pathlib import Path

STEPS = 50
NARROWEST, WIDEST = 12, 250

TARGET = Path(__file__).resolve().parent.parent / "static" / "css" / "aspect.css"

if __name__ == "__main__":
    classes = "\n".join(f".ar-{n}{{--ar:{n / STEPS:g}}}" for n in range(NARROWEST, WIDEST + 1))
    TARGET.write_text(
        f"/* Heirloom, 3 of 7: proportions, made by scripts/make_aspect_css.py. */\n{classes}\n", encoding="utf-8"
    )
