"""What the templates say of times and of what went wrong."""

import pytest

from colorizer import words
from colorizer.models import Coloring, Photo, Status
from colorizer.templatetags.heirloom import failure
from colorizer.words import roughly


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "a few seconds"),
        (7.9, "a few seconds"),
        (12, "about 10 seconds"),
        (16, "about 20 seconds"),
        (54, "about 50 seconds"),
        (57, "about a minute"),
        (89, "about a minute"),
        (200, "about 3 minutes"),
        (3599, "about an hour"),
        (9000, "about 2 hours"),
    ],
)
def test_a_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert roughly(seconds) == said


@pytest.mark.parametrize("code", words.WORDS)
def test_every_code_has_a_sentence_and_says_what_to_do(code: str) -> None:
    sentence, advice = words.say(code)
    for text in (sentence, advice):
        assert text.endswith(".")
        assert "%(" not in text
        assert text[0].isupper()


def test_a_code_that_nobody_knows_has_words_too() -> None:
    assert words.say("from-the-future") == words.say("internal")


def test_a_failed_coloring_says_why_and_one_that_works_says_nothing() -> None:
    photo = Photo(state=Photo.State.READY)
    photo.coloring = Coloring(status=Status.FAILED, reason="no_memory")
    assert "memory" in failure(photo)
    photo.coloring = Coloring(status=Status.DONE)
    assert failure(photo) == ""
