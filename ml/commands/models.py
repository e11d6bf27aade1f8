"""``python -m ml models``."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options: none."""


def run(args: argparse.Namespace) -> int:
    """Print what can be used and what can be trained; 1 where a model cannot be used, which is named."""
    from ml import networks
    from ml.checkpoint import CheckpointError, load, shipped, training_command
    from ml.method import CLASSIC, find_method, needs

    broken = 0
    for name, path in shipped().items():
        try:
            _, card = load(path)
        except (CheckpointError, OSError) as error:
            print(f"models: {name}: {error}", file=sys.stderr)
            broken += 1
            continue
        size = path.stat().st_size / 1e6
        architecture = card["architecture"]
        print(f"{name}: {architecture['network']}, {architecture['weights'] / 1e6:.1f} M weights, {size:.1f} MB")
        gains = card.get("figures", {}).get("all", {}).get("model")
        if gains:
            ratio = gains["colourfulness_ratio"]
            print(f"  {gains['gain']:+.2f} dB over grey at a colourfulness ratio of {ratio:.2f}")
    for name in CLASSIC:
        print(f"{name}: no weights; needs {needs(find_method(name))}")
    for name in networks.names():
        if name not in shipped():
            print(f"{name}: can be trained; has no weights here until you make some with\n  {training_command(name)}")
    return 1 if broken else 0
