"""``python -m ml evaluate``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml.data import PhotoRow
    from ml.evaluation import Colouring
    from ml.frechet import Eye
    from ml.judgement import Judgement
    from ml.method import Guide, Method


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with index.csv, or of photos, laid out as ImageNet or plainly"
    )
    parser.add_argument("--split", default="val", help="which photos (default: val)")
    parser.add_argument("--limit", type=_count, help="this many photos, spread evenly")
    parser.add_argument("--model", default="lite", help="a shipped model, a .safetensors file, welsh or levin")
    parser.add_argument("--reference", type=Path, metavar="PHOTO", help="whose colours every photo gets; for welsh")
    parser.add_argument("--pins", type=Path, metavar="DIR", help="photos of the pin protocol (default: DATA/pins24)")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON, and nothing else")
    parser.add_argument("--threads", type=_count, help="photos at work at once (default: all processors)")
    parser.add_argument("--calibrate", action="store_true", help="first find the default vividness, into the card")
    parser.add_argument("--calibration-photos", type=_count, default=240, help="photos to calibrate on (default: 240)")
    parser.add_argument("--record", action="store_true", help="write the figures into the card")
    parser.add_argument("--sheet", type=Path, help="write a picture of 24 photos: grey, coloured, true")


def run(args: argparse.Namespace) -> int:
    """Print the figures for all photos, for people alone and by category; 1 where photos had to be left out."""
    from ml import evaluation, judgement, pin_protocol
    from ml.checkpoint import find, write_card
    from ml.data import read_photos
    from ml.method import LearnedMethod, check_guide, find_method
    from ml.pins import Pins

    method = find_method(args.model, device="cpu")
    if (args.record or args.calibrate) and not isinstance(method, LearnedMethod):
        raise ValueError(f"{method.name} has no card: leave --record and --calibrate away")
    if args.calibrate:
        method = _calibrated(args)
    found: dict[str, Any] = {"model": method.name, "sha256": method.sha256, "split": args.split}
    guide = _reference(args.reference) if args.reference else None
    if needs_pins := guide is None and method.guides == {Pins}:
        colour = pin_protocol.with_true_pins(method, pin_protocol.SIXTEEN)
        guide = judgement.ONE_PIN
        found["guided_by"] = f"{pin_protocol.count(pin_protocol.SIXTEEN)} true pins"
    else:
        check_guide(method, guide)
        colour = evaluation.through_pipeline(method, guide=guide)
        if args.reference:
            found["guided_by"] = f"the reference {args.reference.name}"
    rows = read_photos(args.data, args.split)
    rows = _spread(rows, args.limit or len(rows))
    judged = _judged(args, rows, colour, sees_truth=needs_pins)
    found |= judged.as_json()
    if Pins in method.guides:
        found["pins"] = _pins(args, method)
    found["network_time_256"] = judgement.network_time(method, guide)
    print(json.dumps(found, indent=2, allow_nan=False) if args.json else _as_text(judged, found))
    if args.record and isinstance(method, LearnedMethod):
        method.card["figures"] = {k: v for k, v in found.items() if k not in ("model", "sha256", "left_out")}
        write_card(find(args.model), method.card)
    return 1 if judged.left_out else 0


def _calibrated(args: argparse.Namespace) -> Method:
    from ml.calibration import calibrate
    from ml.checkpoint import find
    from ml.data import read_photos
    from ml.method import load_method

    rows = _spread(read_photos(args.data, args.split), args.calibration_photos)
    for line in filter(None, calibrate(find(args.model), args.data, rows)):
        print(line, file=sys.stderr, flush=True)
    return load_method(args.model, device="cpu")


def _reference(photo: Path) -> Guide:
    from ml.photo import PhotoError
    from ml.reference import read_reference

    try:
        return read_reference(photo)
    except PhotoError as error:
        raise ValueError(f"{photo}: {error.detail}") from error


def _judged(args: argparse.Namespace, rows: list[PhotoRow], colour: Colouring, sees_truth: bool) -> Judgement:
    from ml import evaluation, judgement

    judged = judgement.judge(
        args.data,
        rows,
        colour,
        sees_truth=sees_truth,
        eye=_eye(),
        threads=args.threads,
        keep=24 if args.sheet else 0,
        tell=_tell,
    )
    for photo in judged.left_out:
        print(f"evaluate: left out {photo.path}: {photo.reason}", file=sys.stderr)
    if args.sheet:
        evaluation.sheet(judged.kept).save(args.sheet)
    return judged


def _eye() -> Eye | None:
    """What looks for FD-Lite0; None, and a sentence, without the fetched encoder."""
    from ml.frechet import Eye

    try:
        return Eye()
    except FileNotFoundError as error:
        print(f"evaluate: {error}; the figures go without it", file=sys.stderr)
        return None


def _pins(args: argparse.Namespace, method: Method) -> dict[str, Any]:
    """Mean ab error by number of pins, or why there is none."""
    from ml import pin_protocol

    folder = args.pins or args.data / "pins24"
    if not args.pins and not folder.is_dir():
        return {"not_measured": f"there is no folder {folder}: give one with --pins"}
    photos = pin_protocol.photos(pin_protocol.files(folder))
    left = {str(count): error for count, error in pin_protocol.judge(method, photos)}
    return {"photos": len(photos), "mean_ab_error": left}


def _as_text(judged: Judgement, found: dict[str, Any]) -> str:
    from ml import evaluation

    lines = [f"every photo is guided by {found['guided_by']}"] if "guided_by" in found else []
    for name, group in judged.groups.items():
        if name in ("all", "people"):
            lines += [f"{name}: {group['photos']} photos of split {found['split']}", evaluation.table(group)]
        else:
            lines.append(f"{name}: {group['photos']} photos, {evaluation.against_grey(group)}")
    for name in ("skin_tones", "pins"):
        if name in found:
            lines.append(f"{name.replace('_', ' ')}: {found[name]}")
    time = found["network_time_256"]
    lines.append(f"network, one photo at 256 px: {time['milliseconds']:.1f} ms with {time['threads']} threads")
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
