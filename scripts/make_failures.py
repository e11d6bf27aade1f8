"""Write docs/model/failures.jpg: photos that may be shown, each grey, as the shipped weights colour it, and as it was.

`python -m scripts.make_failures`; run it again when better weights ship, and read docs/model/failures.md beside it.
"""

from pathlib import Path

from PIL import Image
from skimage import data

from ml.evaluation import through_pipeline
from ml.method import load_method

TARGET = Path(__file__).resolve().parent.parent / "docs" / "model" / "failures.jpg"
PHOTOS = (data.astronaut, data.coffee, data.chelsea, data.rocket)
_WIDTH, _GAP, _PAPER = 340, 6, "#fbf8f3"


def main() -> None:
    colour = through_pipeline(load_method())
    rows = []
    for load in PHOTOS:
        truth = Image.fromarray(load())
        grey = truth.convert("L")
        size = (_WIDTH, round(_WIDTH * truth.height / truth.width))
        shown = (grey.convert("RGB"), colour(grey), truth)
        rows.append([picture.resize(size, Image.Resampling.LANCZOS) for picture in shown])
    height = sum(row[0].height + _GAP for row in rows) + _GAP
    page = Image.new("RGB", (3 * (_WIDTH + _GAP) + _GAP, height), _PAPER)
    top = _GAP
    for row in rows:
        for column, picture in enumerate(row):
            page.paste(picture, (_GAP + column * (_WIDTH + _GAP), top))
        top += row[0].height + _GAP
    page.save(TARGET, quality=88)


if __name__ == "__main__":
    main()
