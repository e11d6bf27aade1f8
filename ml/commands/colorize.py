"""`python -m ml colorize PHOTO... --out DIR`: colour photos without a site or a queue."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import NoneType

import pyvips

from ml.checkpoint import CheckpointError
from ml.commands.arguments import between
from ml.field import MOST_WARMTH
from ml.guide_files import GuideError
from ml.likeness import Likened
from ml.method import CLASSIC, DEFAULT_MODEL, Guide, Method, check_guide, find_method
from ml.photo import Info, PhotoError, inspect
from ml.pins import Pins, read_pins
from ml.pipeline import colorize_file
from ml.reference import Reference, read_reference
from ml.saving import output_format, suffix

_SHORTEST_SIDE = 16
# The noise of a JPEG's black.
_DARKEST = 2


@dataclass(frozen=True)
class Plan:
    """One photo to colour and where its result goes."""

    source: Path
    page: int
    info: Info
    out: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP, TIFF or HEIC")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the coloured photos go")
    known = f"a shipped model, a .safetensors file or its folder, {' or '.join(CLASSIC)} (default: {DEFAULT_MODEL})"
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help=known)
    parser.add_argument("--vividness", type=_vividness, default=1.0, metavar="X", help="0 to 2, 1 is the default")
    warmth = f"-{MOST_WARMTH:g} (bluer) to {MOST_WARMTH:g} (yellower), in units of b*; 0 is the default"
    parser.add_argument("--warmth", type=_warmth, default=0.0, metavar="X", help=warmth)
    pins = 'JSON: [{"x": 0.5, "y": 0.4, "colour": "#a06040", "radius": 0.01}, ...]; levin needs them'
    parser.add_argument("--pins", type=Path, metavar="FILE", help=pins)
    taken_over = "in colour: its colours are taken over where it shows the same things; welsh takes all from it"
    parser.add_argument("--reference", type=Path, metavar="PHOTO", help=taken_over)
    swatches = 'JSON: [{"reference": [left, top, right, bottom], "photo": [...]}, ...]: rectangles that belong together'
    parser.add_argument("--swatches", type=Path, metavar="FILE", help=swatches)


def run(args: argparse.Namespace) -> int:
    """Colour every photo that can be; 0 if all were, 1 if some were not, 2 if the request itself is wrong."""
    plans, failures = _plan(args.photos, args.out)
    clash = _clash(plans)
    if clash:
        return _complain(clash, 2)
    if not plans:
        return 1
    try:
        pins, reference = _guides(args, len(plans) + failures)
        method, guide = _guided(find_method(args.model), pins, reference)
    except (FileNotFoundError, CheckpointError, GuideError) as error:
        return _complain(str(error), 2)
    args.out.mkdir(parents=True, exist_ok=True)
    for plan in plans:
        failures += not _colour(plan, method, guide, args)
    return 1 if failures else 0


def _guides(args: argparse.Namespace, photos: int) -> tuple[Pins | None, Reference | None]:
    """What is given beside the photos. Raises GuideError where it does not go together or cannot be read."""
    if args.pins and args.reference and args.model in CLASSIC:
        raise GuideError(f"--pins and --reference do not go together with {args.model}")
    if args.swatches and args.model != "welsh":
        raise GuideError("--swatches goes with --model welsh alone")
    if args.swatches and not args.reference:
        raise GuideError("--swatches needs the --reference whose rectangles it names")
    if (args.pins or args.swatches) and photos > 1:
        raise GuideError(f"{'--pins' if args.pins else '--swatches'} belongs to one photo, and here are {photos}")
    try:
        reference = read_reference(args.reference, args.swatches) if args.reference else None
        return read_pins(args.pins) if args.pins else None, reference
    except (PhotoError, OSError) as error:
        file = getattr(error, "filename", None) or args.reference
        raise GuideError(f"{file}: {_reason(error)}") from error


def _guided(method: Method, pins: Pins | None, reference: Reference | None) -> tuple[Method, Guide]:
    """The method and what it is given. Raises GuideError where it cannot use that."""
    if reference and NoneType in method.guides:
        method, reference = Likened(method, reference), None
    guide = pins or reference
    check_guide(method, guide)
    return method, guide


def _plan(photos: list[Path], out: Path) -> tuple[list[Plan], int]:
    """What is to be done, and how many photos cannot be opened (each is named on stderr)."""
    plans: list[Plan] = []
    failures = 0
    for photo in photos:
        try:
            info = inspect(photo)
        except (PhotoError, OSError) as error:
            failures += _complain(f"{photo}: {_reason(error)}", 1)
            continue
        if min(info.width, info.height) < _SHORTEST_SIDE:
            size = f"{info.width} x {info.height} pixels"
            failures += _complain(f"{photo}: too small: {size}, and no side may be under {_SHORTEST_SIDE}", 1)
            continue
        ending = suffix(output_format(info.format))
        for page in range(info.pages):
            name = photo.stem if page == 0 else f"{photo.stem}-{page + 1}"
            plans.append(Plan(photo, page, info, out / (name + ending)))
    return plans, failures


def _clash(plans: list[Plan]) -> str | None:
    """Why the results cannot all be written, in a sentence, or None.

    Names that differ in case alone are one file on many disks.
    """
    taken = {_identity(plan.source): plan.source for plan in plans}
    for plan in plans:
        key = _identity(plan.out)
        if key in taken:
            return f"{plan.out} would overwrite {taken[key]}: choose another --out, or rename {plan.source}"
        if plan.out.exists():
            return f"{plan.out} is there already: choose another --out, or move it away"
        taken[key] = plan.out
    return None


def _identity(path: Path) -> str:
    return str(path.resolve()).casefold()


def _colour(plan: Plan, method: Method, guide: Guide, dials: argparse.Namespace) -> bool:
    started = time.monotonic()
    try:
        coloured = colorize_file(
            plan.source,
            plan.out,
            method,
            page=plan.page,
            guide=guide,
            vividness=dials.vividness,
            warmth=dials.warmth,
        )
    except (PhotoError, OSError, GuideError) as error:
        _complain(f"{plan.source}: {_reason(error)}", 1)
        return False
    if shade := _one_shade(coloured.preview):
        plan.out.unlink()
        _complain(f"{plan.source}: all {shade}: there is nothing that could hold a colour", 1)
        return False
    print(f"{plan.out}  {time.monotonic() - started:.1f} s", flush=True)
    return True


def _one_shade(picture: pyvips.Image) -> str:
    """Either "black" or "white" where a picture is nothing else, at which sRGB has no colour; else empty."""
    if picture.max() <= _DARKEST:
        return "black"
    return "white" if picture.min() >= 255 - _DARKEST else ""


def _reason(error: PhotoError | OSError | GuideError) -> str:
    if isinstance(error, PhotoError):
        return f"{error.code.replace('_', ' ')}: {error.detail}"
    return str(error) if isinstance(error, GuideError) else error.strerror or str(error)


def _complain(sentence: str, code: int) -> int:
    print(f"colorize: {sentence}", file=sys.stderr)
    return code


def _vividness(text: str) -> float:
    return between(text, 0, 2)


def _warmth(text: str) -> float:
    return between(text, -MOST_WARMTH, MOST_WARMTH)
