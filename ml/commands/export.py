"""``python -m ml export``."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "Write the averaged weights of a training, also of one that still runs, as a model with its card."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--run", dest="folder", type=Path, required=True, help="the training's folder")
    parser.add_argument("--to", type=Path, required=True, help="folder for the model's three files")
    parser.add_argument("--name", default="lite", help="the model's name (default: lite)")


def run(args: argparse.Namespace) -> int:
    """Export and say where it lies."""
    from ml.export import export

    print(export(args.folder, args.to, args.name))
    return 0
