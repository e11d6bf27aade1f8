"""Memory is bounded whatever the size of a scan. The figures of 80 megapixels come from `python -m tests.memory`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.method import models
from tests.memory import make_scan, measure

KIND = "RGB, tiles, deflate"

pytestmark = pytest.mark.long


@pytest.mark.skipif(not models(), reason="no weights in this tree")
def test_six_times_the_pixels_hardly_take_more_memory(tmp_path: Path) -> None:
    small, large = (
        measure(make_scan(tmp_path / f"{width}.tif", (width, height), KIND), "colorize")
        for width, height in ((1600, 1250), (4000, 3000))
    )
    # The pixels alone grew by 60 MB, and by twice that as floats.
    assert large.peak - small.peak < 50
