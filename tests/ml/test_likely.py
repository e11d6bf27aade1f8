"""Suggestions, other guesses and questions from a field that is made by hand, so that what is right is known."""

from __future__ import annotations

import numpy as np
import pytest

from ml.field import Field
from ml.likely import confidence, guess_of, guesses, kept, questions, suggestions
from ml.method import GuessMethod, StoredMethod

CENTRES = np.array([[a, b] for a in range(-60, 61, 10) for b in range(-60, 61, 10)], np.float32)
H, W = 24, 36
GREEN, BLUE, RED = (-30, 30), (0, -40), (40, 20)
OFF = (1, -2)
"""How far beside a bin's centre each is: no two shades are as likely as each other."""


def bin_of(colour: tuple[int, int]) -> int:
    return int(np.hypot(*(CENTRES - colour).T).argmin())


def field_of(distribution: np.ndarray) -> Field:
    means = np.einsum("nhw,nc->chw", distribution**2, CENTRES) / (distribution**2).sum(axis=0)
    means = means.astype(np.float32)
    sure = confidence(distribution, CENTRES, means)
    return Field(
        means[None], (0, 1.2, 1.6), (0.5, 0.5, 0.3), CENTRES.astype(np.int8), *kept(distribution, CENTRES), sure
    )


@pytest.fixture(scope="module")
def field() -> Field:
    """The left half is green for sure; the right is probably blue, perhaps red; all a little spread."""
    distribution = np.full((len(CENTRES), H, W), 1e-4, np.float32)

    def put(colour: tuple[int, int], columns: slice, mass: float) -> None:
        share = np.exp(-(np.hypot(*(CENTRES - colour - OFF).T) ** 2) / 200)
        distribution[:, :, columns] += (mass * share / share.sum())[:, None, None]

    put(GREEN, slice(0, 18), 0.95)
    put(BLUE, slice(18, 36), 0.7)
    put(RED, slice(18, 36), 0.25)
    return field_of(distribution / distribution.sum(axis=0))


def test_eight_bins_are_kept_the_likeliest_first_and_both_things_it_may_be(field) -> None:
    assert field.bins.shape == (8, H, W)
    assert (field.bins[0, :, :18] == bin_of(GREEN)).all()
    assert (field.bins[0, :, 18:] == bin_of(BLUE)).all()
    assert (field.bins[:, :, 18:] == bin_of(RED)).any(axis=0).all()
    assert len(np.unique(field.bins[:, 3, 30])) == 8


def test_confidence_is_high_where_one_colour_is_likely(field) -> None:
    assert field.confidence[:, :18].min() > 0.6
    assert field.confidence[:, 18:].max() < 0.5


def test_suggestions_are_what_is_shown_and_then_the_distinct_alternatives(field) -> None:
    first, second = suggestions(field, x=0.8, y=0.5)
    shown = field.ab()[:, 12, 29]
    assert (first.a, first.b) == pytest.approx(shown.tolist(), abs=0.1)
    assert np.hypot(second.a - 1.2 * 40, second.b - 1.2 * 20) < 6
    assert second.share < first.share
    assert len(suggestions(field, x=0.2, y=0.5)) == 1
    assert len(suggestions(field, x=0.8, y=0.5, count=1)) == 1


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 1), (0.5, 0.999)])
def test_every_place_has_a_suggestion(field, x: float, y: float) -> None:
    assert suggestions(field, x, y, radius=0)


def test_another_guess_changes_what_is_in_doubt_and_leaves_what_is_sure(field) -> None:
    (guess,) = (g for g in guesses(field, 4) if np.hypot(g.colour.a - 1.2 * 40, g.colour.b - 1.2 * 20) < 20)
    assert guess.differs[:, 20:].all()
    assert not guess.differs[:, :16].any()
    assert np.abs(guess.field.ab()[:, :, :15] - field.ab()[:, :, :15]).max() < 0.1
    assert np.hypot(*(guess.field.ab()[:, 12, 30] - 1.2 * np.array(RED))) < 12
    assert guess.field.ab(0.5)[0, 12, 30] == pytest.approx(guess.field.ab()[0, 12, 30] / 2)


def test_guesses_differ_from_each_other(field) -> None:
    found = guesses(field, count=4)
    colours = np.array([(g.colour.a, g.colour.b) for g in found])
    for i in range(len(found)):
        for j in range(i):
            assert np.hypot(*(colours[i] - colours[j])) >= 25


def test_a_guess_is_found_again_by_its_colour_and_no_other_stands_in_for_it(field) -> None:
    for guess in guesses(field):
        found = guess_of(field, guess.colour.a + 3, guess.colour.b)
        assert found
        assert (found.colour, (found.field.means == guess.field.means).all()) == (guess.colour, True)
    assert guess_of(field, 100, 100) is None


def test_a_method_colours_as_another_guess_and_keeps_its_own_field(field) -> None:
    guess = guesses(field)[0]
    method = GuessMethod(StoredMethod(field, "lite", "a" * 64), guess.colour.a, guess.colour.b)
    coloured = method.ab(np.zeros((H, W), np.float32), vividness=1.5)
    assert (coloured.ab == guess.field.ab(1.5)).all()
    assert (coloured.stored.means == field.means).all()
    assert (method.name, method.sha256) == ("lite", "a" * 64)
    unlikely = GuessMethod(StoredMethod(field, "lite"), 100, 100)
    assert (unlikely.ab(np.zeros((H, W), np.float32)).ab == field.ab()).all()


def test_the_question_to_ask_is_the_part_in_doubt(field) -> None:
    question, *_ = questions(field)
    assert question.x > 0.5
    assert question.area == pytest.approx(0.5, abs=0.06)
    assert len(question.colours) == 2


def test_where_all_is_sure_or_nothing_is_known_there_is_no_guess_and_no_question() -> None:
    sure = np.zeros((len(CENTRES), H, W), np.float32)
    sure[bin_of(GREEN)] = 1
    plain = Field.plain(np.full((2, H, W), 10, np.float32))
    for field in (field_of(sure), plain):
        assert guesses(field) == []
        assert questions(field) == []
    assert [(c.a, c.b, c.share) for c in suggestions(plain, 0.5, 0.5)] == [(10, 10, 1)]
