"""``python -m ml report``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.commands.arguments import count
from ml.commands.stopping import INTERRUPTED, stoppable

if TYPE_CHECKING:
    from PIL import Image

    from ml.report import Plan, System
    from ml.training import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--data", type=Path, required=True, help="folder whose index.csv has the column report_set")
    parser.add_argument("--run", type=Path, required=True, help="folder for states, results and pictures; goes on")
    parser.add_argument("--out", type=Path, help="also write the page here, with photos that may be shown")
    parser.add_argument(
        "--minutes", type=float, default=60, help="of training for pix2pix, and for autoencoder (default: 60)"
    )
    parser.add_argument("--adversarial", type=float, default=1, help="the discriminator's weight; 0 leaves it out")
    parser.add_argument("--epochs", type=float, default=2000, help="most epochs of vgg16 (default: 2000)")
    parser.add_argument("--patience", type=int, default=50, help="epochs without gain that end it (default: 50)")
    parser.add_argument("--limit", type=count, help="this many photos of each set, for a trial")
    parser.add_argument("--judged", type=count, default=240, help="photos that figures are made of (default: 240)")
    parser.add_argument("--page-only", action="store_true", help="train no further; judge and write what there is")
    parser.add_argument("--accelerator", choices=["cpu", "cuda", "auto"], default="cpu", help="default: cpu")
    parser.add_argument("--threads", type=count, help="processor threads (default: torch's own choice)")


def run(args: argparse.Namespace) -> int:
    """Train what is not trained yet, judge it, write the page."""
    import torch

    from ml import report
    from ml.checkpoint import read_tensors
    from ml.fetch import origin_of
    from ml.frechet import Eye
    from ml.heap import keep_freed_memory

    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    plan = report.Plan(
        data=args.data,
        run=args.run,
        minutes=args.minutes,
        epochs=args.epochs,
        patience=args.patience,
        adversarial=args.adversarial,
        limit=args.limit,
        judged=args.judged,
    )
    if not args.page_only:
        encoder = _encoder()
        with stoppable() as is_stopped:
            report.train(
                plan,
                read_tensors(encoder),
                _tell,
                args.accelerator,
                _say,
                origin=origin_of(encoder),
                is_stopped=is_stopped,
            )
        if is_stopped():
            _say(f"stopped, and saved in {args.run}: the same command goes on")
            return INTERRUPTED
    try:
        eye = Eye()
    except FileNotFoundError as error:
        print(f"report: {error}; the page goes without FD-Lite0", file=sys.stderr)
        eye = None
    found = report.results(plan, eye, _say)
    if not found["systems"]:
        raise ValueError(f"{args.run} holds no training yet: leave --page-only away")
    _write(plan, args.run, found, report.shown_photos(plan), report.RUN_CREDIT)
    if args.out:
        _write(plan, args.out, found, report.shipped_photos(), report.SHIPPED_CREDIT)
    return 0


def _write(plan: Plan, folder: Path, found: dict[str, Any], photos: list[Image.Image], credit: str) -> None:
    from ml import document, report, report_page

    folder.mkdir(parents=True, exist_ok=True)
    report_page.draw_grid(*report.grid(plan, photos)).save(folder / "grid.jpg", quality=88)
    document.write(folder, "report", report_page.page(plan, found, "grid.jpg", credit))
    print(folder / "report.html", flush=True)


def _encoder() -> Path:
    from ml.fetch import encoder_path

    file = encoder_path("vgg16")
    if not file.is_file():
        raise FileNotFoundError(f"no encoder at {file}: run 'python -m ml fetch vgg16' first")
    return file


def _tell(system: System, report: Report) -> None:
    if report.step % 20 == 0:
        done = f"step {report.step}, {100 * report.progress:.1f} %, loss {report.loss:.4f}"
        print(f"{system.title}: {done}", flush=True)


def _say(sentence: str) -> None:
    print(sentence, flush=True)
