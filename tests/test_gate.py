"""The gate lets pass what is no worse than the live model, and says in sentences why it does not."""

from typing import Any

import pytest

from colorizer import gate

GREY = {"gain": 0.0, "auc_rebalanced": 0.79}
LIVE = {"model": {"gain": 0.2, "colourfulness_ratio": 1.0, "auc_rebalanced": 0.83}, "grey": GREY, "worst_band": 0.2}


def of(worst_band: float | None = 0.1, **figures: float) -> dict[str, Any]:
    return {"model": LIVE["model"] | figures, "grey": GREY, "worst_band": worst_band}  # type: ignore[operator]


def failing(said: dict[str, Any]) -> list[str]:
    assert said["passes"] == all(check["passes"] for check in said["checks"])
    return [check["code"] for check in said["checks"] if not check["passes"]]


def test_what_is_as_good_passes_and_every_check_is_a_sentence() -> None:
    said = gate.ask(of(), LIVE, photos=50)
    assert failing(said) == []
    assert len(said["checks"]) == 5
    sentences = [gate.sentence(check) for check in said["checks"]]
    assert sentences[0] == "Its gain over the grey photo is 0.20 dB, the live model's 0.20 dB."
    assert all("%(" not in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("candidate", "code", "says"),
    [
        (of(gain=0.05), "gain_lost", "0.05 dB, not 0.20 dB"),
        (of(colourfulness_ratio=0.84), "ratio_low", "0.84 times as colourful"),
        (of(colourfulness_ratio=1.11), "ratio_high", "1.11 times as colourful"),
        (of(auc_rebalanced=0.82), "auc_lost", "0.820, the live model's is 0.830"),
        (of(auc_rebalanced=0.79), "auc_grey", "no nearer than in the grey photo"),
        (of(worst_band=0.3), "skin_lost", "30 % further from the truth than all; 25 % is the most"),
    ],
)
def test_what_is_worse_is_named_with_its_numbers(candidate: dict[str, Any], code: str, says: str) -> None:
    said = gate.ask(candidate, LIVE, photos=50)
    assert failing(said) == [code]
    assert says in " ".join(gate.sentence(check) for check in said["checks"] if not check["passes"])


def test_too_few_photos_say_nothing_of_who_is_better() -> None:
    said = gate.ask(of(), LIVE, photos=49)
    assert failing(said) == ["few"]
    assert gate.sentence(said["checks"][0]) == "Only 49 photos could be judged on, and 50 are needed."


def test_what_lies_within_chance_passes() -> None:
    assert failing(gate.ask(of(gain=0.11, auc_rebalanced=0.8251, colourfulness_ratio=0.85), LIVE, photos=50)) == []


def test_a_band_that_the_live_model_does_no_better_is_no_reason() -> None:
    assert failing(gate.ask(of(worst_band=0.3), LIVE | {"worst_band": 0.31}, photos=50)) == []


def test_bands_of_few_faces_are_not_judged() -> None:
    assert failing(gate.ask(of(worst_band=None), LIVE, photos=50)) == []


@pytest.mark.parametrize("reason", ["no_numbers", "lightness", "dull", "loud"])
def test_what_fails_on_the_sample_photos_does_not_pass(reason: str) -> None:
    said = gate.ask(of(), LIVE, photos=50, canary=reason)
    assert failing(said) == [f"canary_{reason}"]
    assert gate.sentence(said["checks"][-1]) != gate.sentence({"code": "unknown"})
