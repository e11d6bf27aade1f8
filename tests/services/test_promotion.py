"""Exactly one model is live. Each change leaves a row and a line in the log, and can be taken back."""

import pytest

from colorizer import gate
from colorizer.models import Action, AuditEntry, Comparison, ModelVersion, Promotion, Status, User
from colorizer.selectors import versions
from colorizer.services import promotion

from .test_comparing import freeze

State = ModelVersion.State


def version(name: str, state: str = State.CANDIDATE) -> ModelVersion:
    return ModelVersion.objects.create(name=name, sha256=f"{name:0>64}", state=state)


@pytest.fixture
def live(db: None) -> ModelVersion:
    return version("a", State.LIVE)


@pytest.fixture
def candidate(db: None) -> ModelVersion:
    return version("b")


def judged(candidate: ModelVersion, live: ModelVersion, *, passes: bool) -> Comparison:
    says = {"passes": passes, "checks": []}
    benchmark = freeze(gate.FEWEST)
    return Comparison.objects.create(candidate=candidate, live=live, benchmark=benchmark, status=Status.DONE, gate=says)


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("name", "state"))


def test_what_the_gate_lets_pass_goes_live_and_leaves_a_row_and_a_line_in_the_log(
    live: ModelVersion, candidate: ModelVersion, owner: User
) -> None:
    comparison = judged(candidate, live, passes=True)
    made = promotion.promote(version=candidate, by=owner)
    assert states() == {"a": State.RETIRED, "b": State.LIVE}
    assert (made.version, made.previous, made.comparison, made.by) == (candidate, live, comparison, owner)
    assert (made.gate["passes"], made.is_rollback, made.reason) == (True, False, "")
    entry = AuditEntry.objects.get(action=Action.MODEL_PROMOTED)
    assert (entry.actor_id, entry.object_id) == (owner.pk, str(candidate.pk))


@pytest.mark.parametrize("how", ["failed", "not judged"])
def test_against_the_gate_a_written_reason_is_needed_and_kept(
    live: ModelVersion, candidate: ModelVersion, owner: User, how: str
) -> None:
    if how == "failed":
        judged(candidate, live, passes=False)
    with pytest.raises(promotion.Refused, match="needs_reason"):
        promotion.promote(version=candidate, by=owner, reason="  ")
    assert states() == {"a": State.LIVE, "b": State.CANDIDATE}
    assert not Promotion.objects.exists()
    assert (
        promotion.promote(version=candidate, by=owner, reason="By eye it is better.").reason == "By eye it is better."
    )


def test_a_judgement_beside_another_live_model_counts_no_more(
    live: ModelVersion, candidate: ModelVersion, owner: User
) -> None:
    judged(candidate, live, passes=True)
    promotion.promote(version=version("c"), by=owner, reason="for a test")
    with pytest.raises(promotion.Refused, match="needs_reason"):
        promotion.promote(version=candidate, by=owner)


def test_a_step_back_puts_the_version_before_into_service_by_the_same_door(
    live: ModelVersion, candidate: ModelVersion, owner: User
) -> None:
    promotion.promote(version=candidate, by=owner, reason="for a test")
    back = promotion.roll_back(by=owner, from_version=candidate)
    assert states() == {"a": State.LIVE, "b": State.RETIRED}
    assert (back.version, back.previous, back.is_rollback) == (live, candidate, True)
    assert AuditEntry.objects.get(action=Action.MODEL_ROLLED_BACK).object_id == str(live.pk)


def test_two_steps_back_lead_to_two_versions_before(live: ModelVersion, candidate: ModelVersion, owner: User) -> None:
    third = version("c")
    promotion.promote(version=candidate, by=owner, reason="for a test")
    promotion.promote(version=third, by=owner, reason="for a test")
    assert promotion.roll_back(by=owner).version == candidate
    assert promotion.roll_back(by=owner).version == live
    with pytest.raises(promotion.Refused, match="nothing_before"):
        promotion.roll_back(by=owner)
    assert versions.live() == live


def test_who_steps_back_twice_by_a_double_click_steps_back_once(
    live: ModelVersion, candidate: ModelVersion, owner: User
) -> None:
    third = version("c")
    promotion.promote(version=candidate, by=owner, reason="for a test")
    promotion.promote(version=third, by=owner, reason="for a test")
    promotion.roll_back(by=owner, from_version=third)
    with pytest.raises(promotion.Refused, match="changed"):
        promotion.roll_back(by=owner, from_version=third)
    assert versions.live() == candidate


def test_the_live_model_can_neither_be_promoted_nor_retired(live: ModelVersion, owner: User) -> None:
    for step in (
        lambda: promotion.promote(version=live, by=owner, reason="for a test"),
        lambda: promotion.retire(version=live),
    ):
        with pytest.raises(promotion.Refused, match="is_live"):
            step()
    assert states() == {"a": State.LIVE}


def test_a_candidate_is_set_aside_and_can_be_taken_up_again(
    live: ModelVersion, candidate: ModelVersion, owner: User
) -> None:
    promotion.retire(version=candidate)
    assert states() == {"a": State.LIVE, "b": State.RETIRED}
    promotion.promote(version=candidate, by=owner, reason="for a test")
    assert versions.live() == candidate
