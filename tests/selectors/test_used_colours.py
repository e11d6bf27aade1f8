"""The colours that a family chose before come again, the latest first, and those of no other family."""

from typing import Any

from colorizer.models import Album, Coloring, Status, User
from colorizer.selectors import used_colours
from tests.views.conftest import make_photo


def correct(album: Album, *colours: Any, status: Status = Status.DONE, shade: int = 0) -> None:
    photo = make_photo(album, shade=shade)
    pins = [{"x": 0.5, "y": 0.5, "colour": colour} for colour in colours]
    Coloring.objects.create(photo=photo, status=status, pins=pins)


def test_the_latest_come_first_and_each_comes_once(album: Album) -> None:
    correct(album, "#a02020", [50, 20, 10])
    correct(album, [70, 20, 10], "#2020a0", shade=1)
    correct(album, "#ffffff", status=Status.FAILED, shade=2)
    found = [each["colour"] for each in used_colours.of_family(album.family_id)]
    assert found == ["#2020a0", [70, 20, 10], "#a02020"]


def test_no_more_than_a_hand_can_choose_from_and_none_of_another_family(album: Album, stranger: User) -> None:
    correct(Album.objects.create(family=stranger.families.get(), title="Theirs"), "#123456")
    assert used_colours.of_family(album.family_id) == []
    correct(album, *(f"#{number:06x}" for number in range(20)), shade=1)
    assert len(used_colours.of_family(album.family_id)) == used_colours.MOST
