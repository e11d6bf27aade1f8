"""``python -m ml evaluate``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml.frechet import Eye
    from ml.judgement import Judgement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with index.csv, or of photos, laid out as ImageNet or plainly"
    )
    parser.add_argument("--split", default="val", help="which photos (default: val)")
    parser.add_argument("--limit", type=_count, help="this many photos, spread evenly")
    parser.add_argument("--model", default="lite", help="a shipped model, a .safetensors file or its folder")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON, and nothing else")
    parser.add_argument("--threads", type=_count, help="photos at work at once (default: all processors)")
    parser.add_argument("--calibrate", action="store_true", help="first find the default vividness, into the card")
    parser.add_argument("--calibration-photos", type=_count, default=240, help="photos to calibrate on (default: 240)")
    parser.add_argument("--record", action="store_true", help="write the figures into the card")
    parser.add_argument("--sheet", type=Path, help="write a picture of 24 photos: grey, coloured, true")


def run(args: argparse.Namespace) -> int:
    """Print the figures for all photos, for people alone and by category; 1 where photos had to be left out."""
    from ml import evaluation, judgement
    from ml.calibration import calibrate
    from ml.checkpoint import find, write_card
    from ml.data import read_photos
    from ml.method import load_method

    path = find(args.model)
    rows = read_photos(args.data, args.split)
    if args.calibrate:
        for line in calibrate(path, args.data, _spread(rows, args.calibration_photos)):
            print(line, file=sys.stderr, flush=True)
    method = load_method(path, device="cpu")
    eye, no_eye = _eye()
    judged = judgement.judge(
        args.data,
        _spread(rows, args.limit or len(rows)),
        evaluation.through_pipeline(method),
        eye=eye,
        threads=args.threads,
        keep=24 if args.sheet else 0,
        tell=_tell,
    )
    if args.sheet:
        evaluation.sheet(judged.kept).save(args.sheet)
    found: dict[str, Any] = {
        "model": method.name,
        "sha256": method.sha256,
        "split": args.split,
        **judged.as_json(),
        "network_time_256": judgement.network_time(method),
    }
    if no_eye:
        found["fd_lite0"] = {"not_measured": no_eye}
    if args.json:
        print(json.dumps(found, indent=2, allow_nan=False))
    else:
        print(_as_text(judged, found))
    for photo in judged.left_out:
        print(f"evaluate: left out {photo.path}: {photo.reason}", file=sys.stderr)
    if args.record:
        card = method.card
        card["figures"] = {k: v for k, v in found.items() if k not in ("model", "sha256", "left_out")}
        write_card(path.parent, card)
    return 1 if judged.left_out else 0


def _eye() -> tuple[Eye | None, str]:
    """What looks for FD-Lite0, or None and why there is none."""
    from ml.frechet import Eye

    try:
        return Eye(), ""
    except FileNotFoundError as error:
        return None, str(error)


def _as_text(judged: Judgement, found: dict[str, Any]) -> str:
    from ml import evaluation

    lines = []
    for name, group in judged.groups.items():
        if name in ("all", "people"):
            lines += [f"{name}: {group['photos']} photos of split {found['split']}", evaluation.table(group)]
        else:
            lines.append(f"{name}: {group['photos']} photos, {evaluation.against_grey(group)}")
    time = found["network_time_256"]
    lines.append(f"network, one photo at 256 px: {time['milliseconds']:.1f} ms with {time['threads']} threads")
    lines.append(f"skin: {found['skin_tones']}")
    if "fd_lite0" in found:
        lines.append(found["fd_lite0"]["not_measured"])
    return "\n".join(lines)


def _tell(what: str, done: int, of: int) -> None:
    if done % 100 == 0 or done == of:
        print(f"{what} {done} of {of} photos", file=sys.stderr, flush=True)


def _spread(items: list[Any], count: int) -> list[Any]:
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text}")
    return int(text)
