"""The small copies of a picture that pages show."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pyvips

from colorizer import storage
from ml.saving import rendition


@contextmanager
def copies_of(preview: pyvips.Image, folder: Path) -> Iterator[dict[int | str, Path]]:
    """Make them in ``folder``, each by its size, beside what the block does. At its end they are there.

    An encoder of WebP works on one processor, however many there are.

    Raises:
        OSError: a copy cannot be written.
    """
    copies: dict[int | str, Path] = {size: Path(folder, f"{size}.webp") for size in storage.SIZES}
    with ThreadPoolExecutor(len(copies)) as pool:
        made = [pool.submit(rendition, preview, size, copies[size]) for size in storage.SIZES]
        yield copies
        for each in made:
            each.result()
