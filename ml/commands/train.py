"""``python -m ml train``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.training import Report, Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--run", type=Path, required=True, help="folder for the state, the log and the result")
    parser.add_argument("--network", default="lite", help="which architecture (default: lite)")
    parser.add_argument("--steps", type=int, help="end after this many batches")
    parser.add_argument("--epochs", type=float, help="end after as many views as this many times the photos")
    parser.add_argument("--minutes", type=float, help="end after this many minutes of training")
    parser.add_argument("--batch", type=int, help="views a step")
    parser.add_argument("--crop", type=int, help="pixels of a view's side")
    parser.add_argument("--rate", type=float, help="learning rate at the top")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting of the trainer or network"
    )
    parser.add_argument(
        "--licence", action="append", choices=["open", "research-only", "unclear"], default=[], help="only these photos"
    )
    parser.add_argument("--weights", type=Path, help="start from this model (.safetensors with its card)")
    parser.add_argument("--encoder", type=Path, help="pre-trained encoder (default: the one that fetch wrote)")
    parser.add_argument("--from-scratch", action="store_true", help="start from random weights")
    parser.add_argument("--threads", type=int, help="processor threads (default: torch's own choice)")
    parser.add_argument("--export", type=Path, help="when done, write the model into this folder")
    parser.add_argument("--name", help="the exported model's name (default: the network's)")


def run(args: argparse.Namespace) -> int:
    """Load the photos, train, and export if asked."""
    import torch

    from ml import data, networks, training
    from ml.checkpoint import load, read_tensors
    from ml.export import describe_data, export, write_data
    from ml.fetch import encoder_path, origin_of
    from ml.sampler import Photos
    from ml.settings import Settings

    if args.threads:
        torch.set_num_threads(args.threads)
    named = {k: getattr(args, k) for k in ("steps", "epochs", "minutes", "batch", "crop", "rate", "seed")}
    given = {k: v for k, v in named.items() if v is not None} | dict(map(_setting, args.set))
    settings = Settings.of(args.network, **given)
    initial = encoder = None
    origin: dict[str, object] = {"name": "random weights"}
    if args.weights:
        start, card = load(args.weights)
        initial = start.state_dict()
        origin = {"name": card["name"], "sha256": card["sha256"]}
    elif (name := networks.find(args.network).pretrained) and not args.from_scratch:
        file = args.encoder or encoder_path(name)
        if not file.is_file():
            raise FileNotFoundError(
                f"no encoder at {file}: run 'python -m ml fetch {name}' first, or give --from-scratch"
            )
        encoder = read_tensors(file)
        origin = origin_of(file)

    rows = [r for r in data.read_index(args.data, "train", args.licence) if r.colourfulness >= data.DULL]
    held_out = data.read_index(args.data, "val")
    write_data(args.run, describe_data(rows, args.licence, origin))
    print(f"decoding {len(rows)} photos and {len(held_out)} to validate on", flush=True)
    training.train(
        settings,
        Photos(data.load_planes(args.data, rows), [r.category for r in rows]),
        args.run,
        validation=Photos(data.load_planes(args.data, held_out), [r.category for r in held_out]),
        initial=initial,
        encoder=encoder,
        on_step=_tell,
    )
    if args.export:
        print(export(args.run, args.export, args.name or args.network))
    return 0


def _setting(text: str) -> tuple[str, object]:
    """NAME=VALUE; numbers, true and false are read as such. Raises ValueError without "="."""
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"--set wants NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _tell(report: Report) -> Verdict:
    if report.step % 50 == 0:
        print(f"step {report.step}, {100 * report.progress:.1f} %, loss {report.loss:.3f}", flush=True)
    return "continue"
