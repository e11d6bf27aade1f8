"""``python -m ml evaluate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--split", default="val", help="which photos (default: val)")
    parser.add_argument("--limit", type=int, help="this many photos, spread evenly")
    parser.add_argument("--model", default="lite", help="a shipped model's name or a .safetensors file")
    parser.add_argument("--calibrate", action="store_true", help="first find the default vividness, into the card")
    parser.add_argument("--calibration-photos", type=int, default=240, help="photos to calibrate on (default: 240)")
    parser.add_argument("--record", action="store_true", help="write the figures into the card")
    parser.add_argument("--sheet", type=Path, help="write a picture of 24 photos: grey, coloured, true")


def run(args: argparse.Namespace) -> int:
    """Print the figures for all photos and for people alone."""
    from ml import evaluation, skin
    from ml.calibration import calibrate
    from ml.checkpoint import shipped, write_card
    from ml.data import read_index
    from ml.method import load_method

    path = shipped().get(args.model, Path(args.model))
    rows = read_index(args.data, args.split)
    if args.calibrate:
        chosen = _spread(rows, args.calibration_photos)
        for line in calibrate(path, args.data, chosen):
            print(line, flush=True)
    rows = _spread(rows, args.limit or len(rows))
    method = load_method(path, device="cpu")
    photos = evaluation.triples(args.data, rows, evaluation.through_pipeline(method))
    if args.sheet:
        evaluation.sheet(_spread(photos, 24)).save(args.sheet)
    people = [i for i, row in enumerate(rows) if is_of_people(row.category)]
    counts = {"all": len(photos), "people": len(people)}
    figures: dict[str, Any] = {"all": evaluation.evaluate(photos)}
    if people:
        figures["people"] = evaluation.evaluate([photos[i] for i in people])
    for group, values in figures.items():
        print(f"{group}: {counts[group]} photos of split {args.split}\n{evaluation.table(values)}")
    try:
        skin_tones = skin.judge(args.data, [rows[i] for i in people], [photos[i] for i in people])
    except ModuleNotFoundError as error:
        skin_tones = {"not_measured": f"{error.name} is not installed"}
    print(f"skin: {skin_tones}")
    if args.record:
        card = method.card
        card["figures"] = {"split": args.split, "photos": counts, **figures, "skin_tones": skin_tones}
        write_card(path.parent, card)
    return 0


def is_of_people(category: str) -> bool:
    """Whether a category of the photo pack shows people above all."""
    return category.startswith(("people", "portrait", "everyday-people"))


def _spread(items: list[Any], count: int) -> list[Any]:
    count = min(count, len(items))
    return [items[i * len(items) // count] for i in range(count)]
