"""The work folder: what lies on the disk for a while, for one process alone."""

from pathlib import Path

from django.conf import settings


def work_folder() -> Path:
    """Where it is; made where it is missing. Large lists go there too: `/tmp` may be memory."""
    work: Path = settings.DATA / "work"
    work.mkdir(mode=0o700, exist_ok=True)
    return work
