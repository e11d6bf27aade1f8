"""``python -m ml train``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.commands.arguments import count
from ml.commands.stopping import INTERRUPTED, stoppable

if TYPE_CHECKING:
    from ml.settings import Settings
    from ml.training import Report, Verdict

_LINE_SECONDS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with index.csv, or with a folder of photos for each class"
    )
    parser.add_argument("--run", type=Path, required=True, help="folder for the state, the log and the result")
    # --model as in the other commands; of what has no weights yet it can only be the architecture.
    parser.add_argument(
        "--network", "--model", metavar="NAME", default="lite", help="which architecture (default: lite)"
    )
    parser.add_argument("--steps", type=int, help="end after this many batches")
    parser.add_argument("--epochs", type=float, help="end after as many views as this many times the photos")
    parser.add_argument("--minutes", type=float, help="end after this many minutes of training")
    parser.add_argument("--batch", type=int, help="views a step, over all devices")
    parser.add_argument("--crop", type=int, help="pixels of a view's side")
    parser.add_argument("--rate", type=float, help="learning rate at the top")
    parser.add_argument("--find-rate", action="store_true", help="only look for a good --rate: it rises until it fails")
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting of the trainer or of the network's objective; a wrong name is answered with all",
    )
    parser.add_argument(
        "--licence", action="append", choices=["open", "research-only", "unclear"], default=[], help="only these photos"
    )
    parser.add_argument("--limit", type=count, help="this many photos, spread evenly")
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--weights", metavar="MODEL", help="start from this model: a shipped one, or a .safetensors file"
    )
    start.add_argument("--from-scratch", action="store_true", help="start from random weights")
    parser.add_argument(
        "--recall", type=float, default=0, help="move the encoder of --weights this share back to the pre-trained one"
    )
    parser.add_argument("--encoder", type=Path, help="pre-trained encoder (default: the one that fetch wrote)")
    parser.add_argument("--accelerator", choices=["cpu", "cuda", "auto"], default="cpu", help="default: cpu")
    parser.add_argument("--devices", type=count, default=1, help="processes, each on a device of its own (default: 1)")
    parser.add_argument("--loaders", type=int, default=0, help="processes that make the views (default: 0, a thread)")
    parser.add_argument("--precision", help="32-true, bf16-mixed or 16-mixed")
    parser.add_argument("--threads", type=count, help="processor threads of a process (default: torch's own choice)")
    parser.add_argument("--export", type=Path, help="when done, write the model into this folder")
    parser.add_argument("--name", help="the exported model's name (default: the network's)")


def run(args: argparse.Namespace) -> int:
    """Load the photos, train, and export if asked."""
    import torch

    from ml import data, training
    from ml.devices import fabric_of
    from ml.export import describe_data, export
    from ml.heap import keep_freed_memory
    from ml.rate_range import find_rate
    from ml.runs import check_data
    from ml.sampler import load_photos
    from ml.settings import NAMED, Settings

    keep_freed_memory()
    given = {k: getattr(args, k) for k in NAMED if getattr(args, k) is not None} | dict(map(_setting, args.set))
    if args.from_scratch:
        given = _all_learn(args.network) | given
    if args.find_rate:
        given = {"steps": 100, **given}
    settings = Settings.of(args.network, **given)
    start, origin = _start(args, settings)
    rows, held_out = data.train_and_held_out(args.data, args.licence)
    left_out = f"photos with a colourfulness under {data.DULL:g}" if isfinite(rows[0].colourfulness) else "none"
    rows = data.evenly(data.without_dull(rows), args.limit)
    described = describe_data(rows, args.licence, origin, settings.mix, args.limit, left_out)
    described |= {"index_sha256": data.digest(rows), "held_out": len(held_out)}
    check_data(args.run, described)
    fabric = fabric_of(settings, args.accelerator, args.devices)
    if args.threads:
        torch.set_num_threads(args.threads)
    fabric.print(f"decoding {len(rows)} photos and {len(held_out)} to validate on", flush=True)
    photos = load_photos(args.data, rows, _warn)
    if unreadable := len(rows) - len(photos.planes):
        described["unreadable"] = unreadable
    if args.find_rate:
        steps = settings.steps or 100
        sweep = find_rate(settings, photos, args.run, fabric=fabric, steps=steps, on_step=_tell_rates(), **start)
        fabric.print(f"rate {sweep.rate:.2g}: there the loss falls fastest; see {args.run / 'rates.svg'}")
        return 0
    validation = load_photos(args.data, held_out, _warn)
    with stoppable() as is_stopped:
        teller = _Teller(is_stopped)
        training.train(
            settings,
            photos,
            args.run,
            validation=validation,
            data=described,
            fabric=fabric,
            loaders=args.loaders,
            on_step=teller,
            **start,
        )
    if is_stopped():
        fabric.print(f"stopped, and saved in {args.run}: the same command goes on")
        return INTERRUPTED
    if args.export and fabric.is_global_zero:
        print(export(args.run, args.export, args.name))
    return 0


def _all_learn(network: str) -> dict[str, bool]:
    """Settings by which no part is kept as it is: random weights know nothing that is worth keeping."""
    from ml import networks

    return {f.name: False for f in fields(networks.find(network).objective.Options) if f.name.startswith("freeze_")}


def _start(args: argparse.Namespace, settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The weights to start from, as :func:`ml.training.train` takes them, and what the card says of them."""
    from ml import networks
    from ml.checkpoint import find, load, read_tensors
    from ml.export import RANDOM, ancestor
    from ml.fetch import origin_of
    from ml.recall import recall

    name = networks.find(settings.network).pretrained
    if args.recall and not (args.weights and name):
        raise ValueError("--recall needs --weights, and a network that begins with a pre-trained encoder")
    if args.weights:
        model, card = load(find(args.weights))
        if model.name != settings.network:
            raise ValueError(f"{args.weights} is of the network {model.name}: give --network {model.name}")
        initial, origin = model.state_dict(), ancestor(card)
        if args.recall:
            file = _encoder(args, name)
            initial = recall(initial, read_tensors(file), args.recall)
            origin |= {"recalled": {"share": args.recall, **origin_of(file)}}
        return {"initial": initial}, origin
    if args.from_scratch and name == "vgg16":
        raise ValueError(f"{settings.network} keeps VGG-16 as it was pre-trained: it cannot begin from scratch")
    if args.from_scratch or not name:
        return {}, {"name": RANDOM}
    file = _encoder(args, name)
    return {"encoder": read_tensors(file)}, origin_of(file)


def _encoder(args: argparse.Namespace, name: str) -> Path:
    from ml.fetch import encoder_path

    file: Path = args.encoder or encoder_path(name)
    if not file.is_file():
        raise FileNotFoundError(f"no encoder at {file}: run 'python -m ml fetch {name}' first")
    return file


def _warn(sentence: str) -> None:
    print(f"train: {sentence}", file=sys.stderr)


def _setting(text: str) -> tuple[str, object]:
    """NAME=VALUE; numbers, true and false are read as such. Raises ValueError without "="."""
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"--set wants NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _tell_rates() -> Callable[[float, float], None]:
    """Says now and then how far a sweep is."""
    told = time.monotonic()

    def tell(rate: float, loss: float) -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= _LINE_SECONDS:
            told = now
            print(f"rate {rate:.1e}, loss {loss:.4f}", flush=True)

    return tell


class _Teller:
    """Says how far a training is: a bar that stays in its line on a terminal, a line now and then elsewhere.

    Pauses it where that was asked for.
    """

    def __init__(self, is_stopped: Callable[[], bool]) -> None:
        self._is_stopped = is_stopped
        self._started = self._told = time.monotonic()
        self._from: Report | None = None

    def __call__(self, report: Report) -> Verdict:
        now = time.monotonic()
        self._from = self._from or report
        terminal = sys.stdout.isatty()
        if now - self._told >= (0.5 if terminal else _LINE_SECONDS):
            self._told = now
            gone = report.progress - self._from.progress
            left = (now - self._started) * (1 - report.progress) / gone / 60 if gone > 0 else None
            print(_line(report, left, terminal), end="" if terminal else "\n", flush=True)
        return "pause" if self._is_stopped() else "continue"


def _line(report: Report, minutes_left: float | None, bar: bool) -> str:
    left = "" if minutes_left is None else f", {minutes_left:.0f} min left"
    line = f"step {report.step}, {100 * report.progress:.1f} %, loss {report.loss:.4f}{left}"
    full = round(report.progress * 30)
    return f"\r\x1b[K[{'#' * full}{'.' * (30 - full)}] {line}" if bar else line
