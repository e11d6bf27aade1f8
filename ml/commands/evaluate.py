"""``python -m ml evaluate``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ml.commands.arguments import count

if TYPE_CHECKING:
    from PIL import Image

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
    parser.add_argument("--limit", type=count, help="this many photos, spread evenly")
    parser.add_argument("--model", default="lite", help="a shipped model, a .safetensors file, welsh or levin")
    parser.add_argument("--reference", type=Path, metavar="PHOTO", help="whose colours every photo gets; for welsh")
    pins = parser.add_mutually_exclusive_group()
    pinned = "photos of the pin protocol (default: DATA/pins24, else 24 of those that are judged)"
    pins.add_argument("--pins", type=Path, metavar="DIR", help=pinned)
    pins.add_argument("--no-pins", action="store_true", help="leave the pin protocol out, which takes a minute or so")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON, and nothing else")
    parser.add_argument("--threads", type=count, help="photos at work at once (default: all processors)")
    parser.add_argument("--calibrate", action="store_true", help="first find the default vividness, into the card")
    parser.add_argument("--calibration-photos", type=count, default=240, help="photos to calibrate on (default: 240)")
    parser.add_argument("--record", action="store_true", help="write the figures into the card")
    parser.add_argument("--sheet", type=Path, help="write a picture of 24 photos: grey, coloured, true")


def run(args: argparse.Namespace) -> int:
    """Print the figures for all photos, for people alone and by category; 1 where photos had to be left out."""
    from ml import evaluation, judgement, pin_protocol
    from ml.checkpoint import find, write_card
    from ml.data import evenly
    from ml.method import LearnedMethod, check_guide, find_method
    from ml.pins import Pins

    # What cannot be is said before minutes of judging.
    _check_sheet(args.sheet)
    method = find_method(args.model, device="cpu")
    is_pinned = not args.no_pins and bool(method.guides & {NoneType, Pins})
    pins = args.pins or args.data / "pins24"
    pinned = _Pinned.of_folder(pins) if args.pins or (is_pinned and pins.is_dir()) else None
    if (args.record or args.calibrate) and not isinstance(method, LearnedMethod):
        raise ValueError(f"{method.name} has no card: leave --record and --calibrate away")
    rows = _rows(args, method)
    if args.calibrate:
        method = _calibrated(args, rows)
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
    rows = evenly(rows, args.limit)
    judged = _judged(args, rows, colour, sees_truth=needs_pins)
    found |= judged.as_json()
    if is_pinned:
        left_out = {photo.path for photo in judged.left_out}
        pinned = pinned or _Pinned.of_judged(args.data, [row for row in rows if row.path not in left_out])
        found["pins"] = pinned.judged(method, args.threads)
    found["network_time_256"] = judgement.network_time(method, guide)
    print(json.dumps(found, indent=2, allow_nan=False) if args.json else _as_text(judged, found))
    if args.record and isinstance(method, LearnedMethod):
        method.card["figures"] = _without_names(found)
        write_card(find(args.model), method.card)
    return 1 if judged.left_out else 0


def _check_sheet(sheet: Path | None) -> None:
    """Raise FileNotFoundError or ValueError where no picture can be written there."""
    from PIL import Image

    if sheet and not sheet.resolve().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {sheet.parent} for the sheet")
    if sheet and Image.registered_extensions().get(sheet.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"the sheet is a picture: {sheet} should end in .png or .jpg")


def _rows(args: argparse.Namespace, method: Method) -> list[PhotoRow]:
    from ml.data import read_photos, unseen
    from ml.method import LearnedMethod

    learned_from = method.card.get("data", {}) if isinstance(method, LearnedMethod) else {}
    if rows := unseen(args.data, args.split, learned_from):
        print(
            f"evaluate: {method.name} has learned from the others: {len(rows)} held-out photos count", file=sys.stderr
        )
        return rows
    return read_photos(args.data, args.split)


def _without_names(found: dict[str, Any]) -> dict[str, Any]:
    """The figures for a card, which goes further than the photos do and does not name them."""
    figures = {k: v for k, v in found.items() if k not in ("model", "sha256", "left_out")}
    if "pins" in figures:
        figures["pins"] = {k: v for k, v in figures["pins"].items() if k != "files"}
    return figures


def _calibrated(args: argparse.Namespace, rows: list[PhotoRow]) -> Method:
    from ml.calibration import calibrate
    from ml.checkpoint import find
    from ml.data import evenly
    from ml.method import load_method

    some = evenly(rows, args.calibration_photos)
    for line in filter(None, calibrate(find(args.model), args.data, some)):
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


class _Pinned(NamedTuple):
    """Photos for the pin protocol, and where they are from."""

    source: str
    names: list[str]
    photos: list[Image.Image]

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        from ml import pin_protocol

        files = pin_protocol.files(folder)
        return cls(f"the folder {folder.name}", [file.name for file in files], pin_protocol.photos(files))

    @classmethod
    def of_judged(cls, data: Path, judged: list[PhotoRow]) -> Self:
        from ml import pin_protocol
        from ml.data import evenly

        names = [row.path for row in evenly(judged, pin_protocol.PHOTOS)]
        return cls("the judged photos", names, pin_protocol.photos(data / name for name in names))

    def judged(self, method: Method, threads: int | None) -> dict[str, Any]:
        """Mean ab error by number of pins, and on which photos."""
        from ml import pin_protocol

        errors = {str(count): error for count, error in pin_protocol.judge(method, self.photos, threads)}
        return {"photos": len(self.names), "from": self.source, "files": self.names, "mean_ab_error": errors}


def _as_text(judged: Judgement, found: dict[str, Any]) -> str:
    from ml import evaluation

    lines = [f"every photo is guided by {found['guided_by']}"] if "guided_by" in found else []
    for name, group in judged.groups.items():
        if name in ("all", "people"):
            lines += [f"{name}: {group['photos']} photos of split {found['split']}", evaluation.table(group)]
        else:
            lines.append(f"{name}: {group['photos']} photos, {evaluation.against_grey(group)}")
    lines.append(f"skin tones: {found['skin_tones']}")
    if pins := found.get("pins"):
        lines.append(f"pins, on {pins['photos']} photos from {pins['from']}: {', '.join(pins['files'])}")
        errors = (f"{error:.2f} with {count}" for count, error in pins["mean_ab_error"].items())
        lines.append(f"  mean ab error {', '.join(errors)}")
    time = found["network_time_256"]
    lines.append(f"network, one photo at 256 px: {time['milliseconds']:.1f} ms with {time['threads']} threads")
    return "\n".join(lines)


def _tell(what: str, done: int, of: int) -> None:
    if done % 100 == 0 or done == of:
        print(f"{what} {done} of {of} photos", file=sys.stderr, flush=True)
