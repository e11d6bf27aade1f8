"""Write static/img/before.webp and after.webp: a sample photo as it is, and as the shipped weights colour it.

Run it again when better weights ship: the first page that a stranger sees shows what Heirloom really does.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "photographer.jpg"
TARGET = ROOT / "static" / "img"

if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "ml", "colorize", SAMPLE, "--out", folder], cwd=ROOT, check=True)
        for name, path in (("before", SAMPLE), ("after", Path(folder, SAMPLE.name))):
            with Image.open(path) as picture:
                picture.save(TARGET / f"{name}.webp", quality=88, method=6)
