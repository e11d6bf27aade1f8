"""``python -m ml train``."""

from __future__ import annotations

import argparse
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
    parser.add_argument("--minutes", type=float, help="end after this many minutes of training")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--crop", type=int, default=128, help="pixels of a view's side (default: 128)")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate at the top (default: 0.001)")
    parser.add_argument("--rebalance", type=float, default=0.0, help="0 none to 1 full, weight of rare colours")
    parser.add_argument("--regression", type=float, default=1.0, help="weight of the mean colour's own loss")
    parser.add_argument("--seed", type=int, default=1)
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
    from ml.fetch import LITE0, encoder_path

    if args.threads:
        torch.set_num_threads(args.threads)
    settings = training.Settings(
        network=args.network,
        steps=args.steps,
        minutes=args.minutes,
        batch=args.batch,
        crop=args.crop,
        rate=args.rate,
        rebalance=args.rebalance,
        regression=args.regression,
        seed=args.seed,
    )
    initial = encoder = None
    origin: dict[str, object] = {"name": "random weights"}
    if args.weights:
        start, card = load(args.weights)
        initial = start.state_dict()
        origin = {"name": card["name"], "sha256": card["sha256"]}
    elif not args.from_scratch:
        file = args.encoder or encoder_path()
        if not file.is_file():
            raise FileNotFoundError(f"no encoder at {file}: run 'python -m ml fetch' first, or give --from-scratch")
        encoder = read_tensors(file)
        origin = LITE0

    rows = [r for r in data.read_index(args.data, "train", args.licence) if r.colourfulness >= data.DULL]
    held_out = data.read_index(args.data, "val")
    write_data(args.run, describe_data(rows, args.licence, origin))
    print(f"decoding {len(rows)} photos and {len(held_out)} to validate on", flush=True)
    planes = data.load_planes(args.data, rows)
    stride = networks.create(args.network).stride
    training.train(
        settings,
        data.Sampler(planes, [r.category for r in rows], settings.crop, stride, settings.seed),
        data.bin_frequency(planes),
        args.run,
        validation=data.Sampler(
            data.load_planes(args.data, held_out), [r.category for r in held_out], settings.crop, stride, 0
        ),
        initial=initial,
        encoder=encoder,
        on_step=_tell,
    )
    if args.export:
        print(export(args.run, args.export, args.name or args.network))
    return 0


def _tell(report: Report) -> Verdict:
    if report.step % 50 == 0:
        print(f"step {report.step}, {100 * report.progress:.1f} %, loss {report.loss:.3f}", flush=True)
    return "continue"
