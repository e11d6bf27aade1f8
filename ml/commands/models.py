"""``python -m ml models``."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options: none."""


def run(args: argparse.Namespace) -> int:
    """Print a line a model."""
    from ml.checkpoint import read_card, shipped

    for name, path in shipped().items():
        card = read_card(path)
        size = path.stat().st_size / 1e6
        architecture = card["architecture"]
        print(f"{name}: {architecture['network']}, {architecture['weights'] / 1e6:.1f} M weights, {size:.1f} MB")
        gains = card.get("figures", {}).get("all", {}).get("model")
        if gains:
            ratio = gains["colourfulness_ratio"]
            print(f"  {gains['gain']:+.2f} dB over grey at a colourfulness ratio of {ratio:.2f}")
    return 0
