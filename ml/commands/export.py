"""``python -m ml export``."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--run", type=Path, required=True, help="the training's folder")
    parser.add_argument("--to", type=Path, required=True, help="folder for the model's three files")
    parser.add_argument("--name", help="the model's name (default: the network's)")


def run(args: argparse.Namespace) -> int:
    """Export and say where it lies."""
    from ml.export import export

    print(export(args.run, args.to, args.name))
    return 0
