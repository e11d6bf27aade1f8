"""Turn a training's result into a model: weights and card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ml import checkpoint, networks
from ml.checkpoint import Card
from ml.color import BIN_STEP, MARGINAL_STEP
from ml.data import PhotoRow, count_sources
from ml.fetch import UNKNOWN
from ml.runs import ABOUT, averaged_weights
from ml.sampler import MIX
from ml.settings import Settings

_PREPROCESSING = {
    "input": "L* (CIE 1976, D65, 0 to 100) of the grey picture",
    "size": "the pipeline's small copy, padded by reflection to the network's multiple",
}
_OUTPUT = {
    "joint": f"logits over ab bins on a {BIN_STEP}-unit grid, annealed mean, times the gain",
    "marginal": f"logits over bins of a* and of b* in steps of {MARGINAL_STEP}, annealed means, times the gain",
    "none": "a* and b*, times the gain",
}
# True of all of them. What one alone gets wrong is written into its card by whoever has looked.
LIMITS = (
    "Colours are a guess. Sky, leaves, skin and wood come right most often; clothes, cars, toys and painted walls "
    "need someone who was there."
)
RANDOM = "random weights"
"""What the card says a training from nothing has started from."""
_NOT_OF_THE_CARD = ("network", "steps", "epochs", "minutes", "save_minutes", "options")


def describe_data(
    rows: Sequence[PhotoRow],
    licences: Sequence[str],
    origin: dict[str, Any],
    mix: bool = True,
    limit: int | None = None,
    left_out: str = "none",
) -> dict[str, Any]:
    """What the card says of the data: photos by licence and source, the mix if any, what the weights started from.

    ``limit``: how many photos were asked for, where not all were. ``left_out``: which photos on purpose.
    """
    return {
        "photos": len(rows),
        "licences_asked_for": list(licences) or ["any"],
        "left_out": left_out,
        "photos_by_licence": {k: sum(v.values()) for k, v in count_sources(rows).items()},
        "photos_by_source": count_sources(rows),
        "mix": {group: share for group, (share, _) in MIX.items()}
        if mix
        else "none: every photo as often as any other",
        "started_from": origin,
        **({"limit": limit} if limit else {}),
    }


def ancestor(card: Card) -> dict[str, Any]:
    """What the card of a model that learned on from another says of that one, and of what it started from itself."""
    earlier, training = card.get("data", {}).get("started_from"), card.get("training", {})
    said = {"name": card["name"], "sha256": card["sha256"]} | {
        k: training[k] for k in ("steps", "command", "commit") if k in training
    }
    return said | ({"started_from": earlier} if earlier else {})


def command(settings: Settings, steps: int, data: dict[str, Any]) -> str:
    """The command of a training that ends after ``steps``: told to end there, whatever the machine's speed.

    ``data``: as :func:`describe_data`; the model that it started from is called by its name and sha256. What
    `ml.report` has trained is made again by that.
    """
    if "report_set" in data:
        return "python -m ml report --data DIR --run RUN"
    said, origin = ["python -m ml train --data DIR --run RUN"], data["started_from"]
    said += [f"--licence {licence}" for licence in data["licences_asked_for"] if licence != "any"]
    said += [f"--limit {data['limit']}"] if "limit" in data else []
    if origin["name"] == RANDOM:
        said.append("--from-scratch")
    elif origin["name"] == UNKNOWN:
        said.append("--encoder FILE")
    elif "package" not in origin:
        said.append(f"--weights {origin['name']}-{origin['sha256'][:8]}.safetensors")
    if "recalled" in origin:
        said.append(f"--recall {origin['recalled']['share']:g}")
    ends_there = replace(settings, steps=steps, minutes=None, epochs=None, save_minutes=5.0)
    return " ".join(said + ends_there.in_words())


def export(run: Path, folder: Path, name: str | None = None) -> Path:
    """Write the averaged weights of a training's folder as the model ``name`` in ``folder``; return the weights.

    ``name``: the network's, where none is given. The card has no figures yet and a provisional calibration:
    ``python -m ml evaluate --calibrate`` adds them.
    Raises FileNotFoundError where the training has saved nothing yet, ValueError where it was not told of its data.
    """
    weights, state = averaged_weights(run)
    network = networks.create(state["settings"]["network"])
    network.load_state_dict(weights)
    temperature, gain = network.uncalibrated
    about = json.loads((run / ABOUT).read_text(encoding="utf-8"))
    data, code = about["data"], about["made_with"][-1]
    if "licences_asked_for" not in data:
        raise ValueError(f"{run} does not say what it learned from and began with: it is of an earlier Heirloom")
    settings = Settings(**state["settings"])
    done = state.get("done", 1.0)
    # One that was stopped had its rate fall towards an end that it did not come to.
    end = round(state["step"] / done) if 0 < done < 1 else state["step"]
    card: Card = {
        "preprocessing": {**_PREPROCESSING, "output": _OUTPUT[network.bins]},
        "calibration": checkpoint.calibration(temperature if network.classifies() else None, gain),
        "data": data,
        "training": {
            "steps": state["step"],
            **({"of_steps": end} if end > state["step"] else {}),
            "photos_seen": state["step"] * state["settings"]["batch"],
            "minutes": round(state["elapsed"] / 60, 1),
            **{k: v for k, v in state["settings"].items() if k not in _NOT_OF_THE_CARD},
            **state["settings"]["options"],
            "command": command(settings, end, data),
            **{k: code[k] for k in ("commit",) if k in code},
        },
        "limits": LIMITS,
    }
    return checkpoint.save(folder, name or network.name, network, card)
