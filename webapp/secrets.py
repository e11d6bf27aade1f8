"""Secrets that are made at first start and kept in the data folder, readable by their owner alone."""

import os
import secrets
from pathlib import Path


def kept(path: Path, length: int = 50) -> str:
    """The secret kept in ``path``; made there first where there is none.

    Two processes that start together agree: the file appears whole or not at all, and the first one wins.
    """
    if not path.exists():
        own = path.with_name(f"{path.name}.{os.getpid()}")
        own.touch(mode=0o600)
        own.write_text(secrets.token_urlsafe(length))
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text().strip()
