"""The page of `ml.report`: what it says of the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from PIL import Image, ImageDraw

from ml.document import Block, Code, Heading, Paragraph, Picture, Table
from ml.evaluation import Triple, against_grey
from ml.report import SETS, Plan, System
from ml.settings import Settings
from ml.skin import BANDS, FEWEST

# What the report wishes its accuracy were, in percent.
WISHED = 98.0
_SIDE = 192
_LABEL = 22
_MARGIN = 6


def page(plan: Plan, found: dict[str, Any], grid: str, credit: str) -> list[Block]:
    """The whole page. ``found``: of `ml.report.results`; ``grid``: a file name; ``credit``: whose photos it shows."""
    systems = {s.name: s for s in plan.systems if s.name in found["systems"]}
    results = found["systems"]
    return [
        Heading("The source report's experiment, redone", 1),
        Paragraph(
            "The report trained one network, VGG-16's frozen convolutions under a small decoder that regresses a* and "
            "b*, on three sets of photos, and gave an accuracy for each. This page does the same with the sets that "
            "the photo pack rebuilds, and puts a GAN (pix2pix) and a convolutional autoencoder on the third set beside "
            "it. It is made by these commands, of which the last goes on where it was interrupted:"
        ),
        Code("\n".join(_commands(plan, results))),
        *_encoder(results),
        Paragraph(
            "The photo pack (DATA) and the networks' weights stay out of the repository; the last command leaves the "
            "weights, with a grid of held-out photos, in the folder RUN."
        ),
        *_specification(plan, systems, results),
        *_sets(found["sets"]),
        *_accuracy(systems, found),
        *_cross(systems, results),
        *_protocol(systems, results),
        *_skin_tones(systems, results),
        Heading("Pictures"),
        Picture(grid, "Each row: the grey input, each network's colours, and the truth."),
        Paragraph(credit),
    ]


def _encoder(results: dict[str, Any]) -> list[Block]:
    """What the frozen convolutions are."""
    origins = {of["training"].get("started_from") for name, of in results.items() if name.startswith("vgg16")} - {None}
    return [Paragraph(f"What vgg16 keeps frozen: {origin}.") for origin in sorted(origins)]


def _commands(plan: Plan, results: dict[str, Any]) -> list[str]:
    """What makes this page, with all that the plan has other than by default."""
    chosen = {f.name: getattr(plan, f.name) for f in fields(plan) if getattr(plan, f.name) != f.default}
    options = {**chosen, "data": "DATA", "run": "RUN", "out": "docs/report"}
    said = " ".join(f"--{name} {str(value).removesuffix('.0')}" for name, value in options.items())
    eyed = any("fd_lite0" in of["on_val"]["all"]["model"] for of in results.values())
    encoders = ["vgg16", "lite0"] if eyed else ["vgg16"]
    return [*(f"python -m ml fetch {name}" for name in encoders), f"python -m ml report {said}"]


def _specification(plan: Plan, systems: dict[str, System], results: dict[str, Any]) -> list[Block]:
    rows = [
        [
            "",
            "optimiser",
            "rate",
            "loss",
            "batch",
            "view",
            "weights",
            "time (threads)",
            "epochs run",
            "minutes",
            "ended by",
            "judged by",
        ]
    ]
    for name, system in systems.items():
        training, time = results[name]["training"], results[name]["network_time_256"]
        rows.append(
            [
                system.title,
                system.optimiser,
                f"{training['rate']:g}",
                system.loss,
                str(training["batch"]),
                training["view"],
                f"{training['weights'] / 1e6:.1f} M",
                f"{time['milliseconds']:.0f} ms ({time['threads']})",
                f"{training['epochs']:.1f}",
                f"{training['minutes']:.0f}",
                training["ended"],
                _judged_by(plan.settings(system)),
            ]
        )
    return [
        Heading("What was trained, and how long"),
        Table(rows),
        Paragraph(
            "The time is what the network alone takes for one photo at 256 px, as the median of several runs on the "
            "processor that it was judged on. The last column says which of its weights a network is judged by: those "
            "of its best validation, or an average of its last ones. Such an average is not quite what came out of "
            "training: at each step the share in brackets of it stays, and the step's weights make up the rest."
        ),
    ]


def _judged_by(settings: Settings) -> str:
    """Which of its weights a network is judged by, see `ml.runs.averaged_weights`."""
    if settings.patience:
        return "best validation"
    return f"moving average ({settings.averaging:g})" if settings.averaging else "last weights"


def _sets(sets: dict[str, Any]) -> list[Block]:
    rows = [["set", "photos", "learned from", "held out"]]
    rows += [
        [f"{k}: {SETS[k]}", *(str(sets[k][part]) for part in ("photos", "learned", "held_out"))] for k in sorted(sets)
    ]
    return [
        Heading("The three sets"),
        Table(rows),
        Paragraph(
            "Every tenth photo of a set is held out, and another tenth tells when to stop. The third set is the other "
            "two together, so that no photo is held out in one and learned from in another."
        ),
    ]


def _accuracy(systems: dict[str, System], found: dict[str, Any]) -> list[Block]:
    results = found["systems"]
    rows = [["data set", "the report's accuracy", "ours, training photos", "ours, held-out photos", "grey, held-out"]]
    for name, system in systems.items():
        key = system.trained_on
        on_training, held = results[name]["on_training"], results[name]["on_held_out"][key]
        claimed = f"{system.claimed:g} %" if system.claimed else ""
        shares = (on_training["model"], held["model"], held["grey"])
        rows.append([system.title, claimed, *(_percent(share["hue_accuracy"]) for share in shares)])
    return [
        Heading("Data set against accuracy"),
        Table(rows),
        Paragraph(
            "Our reading of the report's accuracy is hue accuracy: the share of pixels at which the larger of a* and "
            "b* is the right one, which is what a classification accuracy over the two output channels would count. It "
            "says nothing of how far a colour is off: the last column is what leaving the photo grey gives by it. "
            f"The report wishes for {WISHED:g} %. Of a network's training photos at most {found['judged']} are judged, "
            "spread evenly."
        ),
    ]


def _cross(systems: dict[str, System], results: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = [
        Heading("Training set against test set"),
        Paragraph(
            "Held-out photos only. The report claims that the third set is best, and that the second fails on what is "
            "not people."
        ),
    ]
    own = {name: s for name, s in systems.items() if s.claimed}
    for title, cell in (
        ("hue accuracy", lambda f: _percent(f["model"]["hue_accuracy"])),
        ("CIEDE2000 (grey's in brackets; less is better)", _ciede),
        ("gain over grey in dB, at a colourfulness ratio", _gain),
    ):
        rows = [[title, *(f"tested on {k}: {about}" for k, about in SETS.items())]]
        rows += [[s.title, *(cell(results[name]["on_held_out"][k]) for k in SETS)] for name, s in own.items()]
        blocks.append(Table(rows))
    return [*blocks, *_verdict(own, results)]


def _verdict(own: dict[str, System], results: dict[str, Any]) -> list[Block]:
    """What the matrix says of the report's two claims, in words that follow the figures."""
    if len(own) < len(SETS):
        return []
    error = {s.trained_on: results[name]["on_held_out"] for name, s in own.items()}

    def ciede(trained: str, tested: str) -> float:
        return float(error[trained][tested]["model"]["ciede2000"])

    best = min(SETS, key=lambda k: ciede(k, "3"))
    off = ciede("2", "1") / ciede("1", "1") - 1
    grey = float(error["2"]["1"]["grey"]["ciede2000"])
    others = "" if best == "3" else f", set 3 gives {ciede('3', '3'):.2f}"
    return [
        Paragraph(
            f"By CIEDE2000 over both kinds of photo, set {best} is best ({ciede(best, '3'):.2f}{others}). On nature "
            f"the network of set 2 is {abs(100 * off):.0f} % {'worse' if off > 0 else 'better'} than that of set 1, "
            f"and {'worse' if ciede('2', '1') > grey else 'no worse'} than no colour at all ({grey:.2f})."
        )
    ]


def _protocol(systems: dict[str, System], results: dict[str, Any]) -> list[Block]:
    columns = {
        "PSNR": "psnr",
        "gain": "gain",
        "ratio": "colourfulness_ratio",
        "CIEDE2000": "ciede2000",
        "AuC": "auc",
        "AuC rebalanced": "auc_rebalanced",
        "SSIM": "ssim",
        "2 %": "epsilon_2",
        "5 %": "epsilon_5",
        "hue": "hue_accuracy",
        "FD-Lite0": "fd_lite0",
    }
    blocks: list[Block] = [Heading("By the protocol, on photos of neither set")]
    for group in ("all", "people"):
        rows = [[group, *columns]]
        for name, system in systems.items():
            figures = results[name]["on_val"].get(group)
            if figures:
                controls = [("grey", "grey"), ("mean_ab", "mean tint")] if len(rows) == 1 else []
                for who, label in (*controls, ("model", system.title)):
                    rows.append([label, *(_number(figures[who].get(c)) for c in columns.values())])
        if len(rows) > 1:
            blocks.append(Table(rows))
    for name, system in systems.items():
        val = results[name]["on_val"]
        sentence = f"{system.title}: {val['photos']} photos of the val split, {against_grey(val['all'])}."
        blocks.append(Paragraph(sentence))
    return [
        *blocks,
        *_colourfulness(systems, results),
        Paragraph(
            "Nothing lifts the networks' colours after training. A network that regresses gains PSNR by being dull, so "
            "read the gain beside the ratio. FD-Lite0 is a Frechet distance on EfficientNet-Lite0's features and not "
            "to be compared with a published FID."
        ),
    ]


def _colourfulness(systems: dict[str, System], results: dict[str, Any]) -> list[Block]:
    """The GAN's colourfulness against the autoencoder's, in words that follow the figures."""
    beside = {name: system for name, system in systems.items() if system.claimed is None}
    if len(beside) < 2:
        return []
    gan, autoencoder = beside.values()
    ratios = [results[name]["on_val"]["all"]["model"]["colourfulness_ratio"] for name in beside]
    minutes = [f"{results[name]['training']['minutes']:.0f} minutes" for name in beside]
    apart = ratios[0] - ratios[1]
    return [
        Paragraph(
            f"On all of these photos the colourfulness ratio of {gan.title}, is {ratios[0]:.2f} after {minutes[0]} of "
            f"training, and that of {autoencoder.title}, {ratios[1]:.2f} after {minutes[1]}: the former's is "
            f"{abs(apart):.2f} {'higher' if apart > 0 else 'lower'}."
        )
    ]


def _skin_tones(systems: dict[str, System], results: dict[str, Any]) -> list[Block]:
    rows = [["CIEDE2000", "all faces", *BANDS, "worst band against all"]]
    for name, system in systems.items():
        tones = results[name]["on_val"]["skin_tones"]
        if not tones.get("faces"):
            why = tones.get("not_measured", "no face was found")
            rows.append([system.title, f"not measured: {why}", *["" for _ in BANDS], ""])
            continue
        worst = tones["worst_against_mean"]
        rows.append(
            [
                system.title,
                f"{tones['ciede2000']:.2f} ({_faces(tones)})",
                *(_band(tones["bands"][band]) for band in BANDS),
                "not judged" if worst is None else f"{100 * worst:+.0f} %",
            ]
        )
    return [
        Heading("By skin tone"),
        Table(rows),
        Paragraph(
            "Faces that scikit-image's cascade finds in the same photos, by the typology angle of the true skin: the "
            "mean error in the central half of the face, and its 95 % bootstrap interval. Light and shade move the "
            f"angle, so a band sorts photos, not people. A band of under {FEWEST} faces is shown, not judged."
        ),
    ]


def _band(band: dict[str, Any]) -> str:
    if not band["faces"]:
        return _faces(band)
    low, high = band["interval"]
    return f"{band['ciede2000']:.2f} ({low:.2f} to {high:.2f}, {_faces(band)})"


def _faces(tones: dict[str, Any]) -> str:
    return f"{tones['faces']} {'face' if tones['faces'] == 1 else 'faces'}"


def _ciede(figures: dict[str, Any]) -> str:
    return f"{figures['model']['ciede2000']:.2f} ({figures['grey']['ciede2000']:.2f})"


def _gain(figures: dict[str, Any]) -> str:
    return f"{figures['model']['gain']:+.2f} at {figures['model']['colourfulness_ratio']:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.2f}"


def draw_grid(titles: Sequence[str], photos: Sequence[Sequence[Triple]]) -> Image.Image:
    """A row a photo: grey input, each system's colours, truth; the columns' titles above."""
    columns = ["input", *titles, "truth"]
    step = _SIDE + _MARGIN
    sheet = Image.new("RGB", (len(columns) * step + _MARGIN, _LABEL + len(photos) * step + _MARGIN), "#fbf8f3")
    pen = ImageDraw.Draw(sheet)
    for i, title in enumerate(columns):
        pen.text((_MARGIN + i * step, _MARGIN), title, fill="#2a2622")
    for j, made in enumerate(photos):
        pictures = [made[0].grey, *(of.output for of in made), made[0].truth]
        for i, pixels in enumerate(pictures):
            small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
            sheet.paste(small, (_MARGIN + i * step, _LABEL + _MARGIN + j * step))
    return sheet
