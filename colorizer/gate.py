"""The gate: may a candidate go into service by its figures alone? Each check is a code with its numbers, said in words
where a page shows it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FEWEST = 50
"""Photos that say which of two models is better. Fewer say too little."""
GAIN_LOST = 0.1
"""dB of the gain over grey that a candidate may lose against the live model: within what chance does."""
AUC_LOST = 0.005
"""The same of the rebalanced AuC."""
RATIO = (0.85, 1.1)
"""How colourful its photos may be on the whole, as a share of the true ones."""
WORST_BAND = 0.25
"""How much further from the truth than the mean of all faces those of one skin-tone band may be."""

SENTENCES: Mapping[str, str | Promise] = {
    "few": _("Only %(photos)s photos could be judged on, and %(fewest)s are needed."),
    "gain": _("Its gain over the grey photo is %(candidate)s dB, the live model's %(live)s dB."),
    "gain_lost": _("It loses against the live model: a gain over the grey photo of %(candidate)s dB, not %(live)s dB."),
    "ratio": _("Its photos are %(candidate)s times as colourful as the true ones."),
    "ratio_low": _("Its photos are dull: %(candidate)s times as colourful as the true ones; %(least)s is the least."),
    "ratio_high": _("Its photos are loud: %(candidate)s times as colourful as the true ones; %(most)s is the most."),
    "auc": _(
        "Rare colours come as near to the truth: a rebalanced AuC of %(candidate)s, the live model's is %(live)s."
    ),
    "auc_lost": _(
        "Rare colours come less near to the truth: a rebalanced AuC of %(candidate)s, the live model's is %(live)s."
    ),
    "auc_grey": _("Rare colours come no nearer than in the grey photo: a rebalanced AuC of %(candidate)s."),
    "skin": _("In the skin-tone band that it does worst, faces are %(candidate)s %% further from the truth than all."),
    "skin_lost": _(
        "In the skin-tone band that it does worst, faces are %(candidate)s %% further from the truth than all; "
        "%(most)s %% is the most, or what the live model does (%(live)s %%)."
    ),
    "skin_unknown": _("No skin-tone band has 20 faces in the benchmark, so none is judged."),
    "canary": _("It colours the sample photos that ship with Heirloom as it should."),
    "canary_no_numbers": _("It gives the sample photos colours that are no numbers."),
    "canary_lightness": _("It changes how light the sample photos are."),
    "canary_dull": _("The sample photos come out less than half as colourful as by the live model."),
    "canary_loud": _("The sample photos come out more than twice as colourful as by the live model."),
    "unknown": _("A figure could not be measured."),
}


@dataclass(frozen=True)
class Check:
    """One question: ``code`` names its answer in SENTENCES, ``values`` its numbers, already as they are said."""

    code: str
    passes: bool
    values: dict[str, list[float]] = field(default_factory=dict)
    """Each a number and the digits behind its point."""


def ask(candidate: Mapping[str, Any], live: Mapping[str, Any], *, photos: int, canary: str = "") -> dict[str, Any]:
    """The gate as a comparison keeps it: ``{"passes", "checks": [{"code", "passes", "values"}]}``.

    Args:
        candidate, live: ``{"model", "grey": figures as `ml.evaluation.evaluate`, "worst_band": share or None}``.
        photos: how many both were judged on: of the benchmark some may have been withdrawn meanwhile, or be damaged.
        canary: why the candidate failed on the sample photos; empty where it did not.
    """
    few = [Check("few", False, {"photos": [photos, 0], "fewest": [FEWEST, 0]})] if photos < FEWEST else []
    checks = [
        *few,
        _gain(candidate["model"], live["model"]),
        _ratio(candidate["model"]),
        _auc(candidate["model"], live["model"], candidate["grey"]),
        _skin(candidate.get("worst_band"), live.get("worst_band")),
        Check(f"canary_{canary}" if canary else "canary", not canary),
    ]
    return {"passes": all(check.passes for check in checks), "checks": [asdict(check) for check in checks]}


def sentence(check: Mapping[str, Any]) -> str:
    """A check in the reader's language."""
    values = check.get("values") or {}
    said = {name: number_format(value, int(digits)) for name, (value, digits) in values.items()}
    return str(SENTENCES.get(str(check.get("code")), SENTENCES["unknown"])) % said


def _gain(candidate: Mapping[str, float], live: Mapping[str, float]) -> Check:
    passes = candidate["gain"] >= live["gain"] - GAIN_LOST
    values = {"candidate": [candidate["gain"], 2], "live": [live["gain"], 2]}
    return Check("gain" if passes else "gain_lost", passes, values)


def _ratio(candidate: Mapping[str, float]) -> Check:
    if (ratio := candidate.get("colourfulness_ratio")) is None:
        return Check("unknown", False)
    least, most = RATIO
    code = "ratio_low" if ratio < least else "ratio_high" if ratio > most else "ratio"
    return Check(code, code == "ratio", {"candidate": [ratio, 2], "least": [least, 2], "most": [most, 2]})


def _auc(candidate: Mapping[str, float], live: Mapping[str, float], grey: Mapping[str, float]) -> Check:
    ours, theirs = candidate["auc_rebalanced"], live["auc_rebalanced"]
    code = "auc_grey" if ours <= grey["auc_rebalanced"] else "auc_lost" if ours < theirs - AUC_LOST else "auc"
    return Check(code, code == "auc", {"candidate": [ours, 3], "live": [theirs, 3]})


def _skin(candidate: float | None, live: float | None) -> Check:
    if candidate is None:
        return Check("skin_unknown", True)
    passes = candidate <= max(WORST_BAND, live or 0.0)
    values = {"candidate": [100 * candidate, 0], "live": [100 * (live or 0.0), 0], "most": [100 * WORST_BAND, 0]}
    return Check("skin" if passes else "skin_lost", passes, values)
