"""Colours that a family keeps for a person or a thing: on its page, and for the photo's page."""

from django.test import Client
from django.urls import reverse

from colorizer.models import Family, KeptColour, Photo
from colorizer.services import colours

UNIFORM = {"name": "Grandfather's uniform", "colour": "#6b6f52"}


def test_a_colour_is_kept_offered_on_the_photos_page_changed_and_deleted(
    as_editor: Client, family: Family, photo: Photo
) -> None:
    address = reverse("colours", args=[family.pk])
    assert "Grandfather&#x27;s uniform" in as_editor.post(address, UNIFORM, follow=True).content.decode()
    kept = family.colours.get()
    page = as_editor.get(reverse("photo", args=[photo.pk]))
    assert page.context["kept_colours"] == [UNIFORM | {"id": str(kept.pk)}]
    assert "#6b6f52" in page.content.decode()
    as_editor.post(reverse("colour_edit", args=[kept.pk]), {"name": "Uniform", "colour": "#707050"})
    kept.refresh_from_db()
    assert (kept.name, kept.colour) == ("Uniform", "#707050")
    as_editor.post(reverse("colour_delete", args=[kept.pk]))
    assert not KeptColour.objects.exists()


def test_a_name_stands_for_one_colour_and_a_colour_is_one(as_editor: Client, family: Family) -> None:
    address = reverse("colours", args=[family.pk])
    as_editor.post(address, UNIFORM)
    again = as_editor.post(address, UNIFORM | {"colour": "#000000"})
    assert (again.status_code, "of this name already" in again.content.decode()) == (422, True)
    for wrong in ("red", "#12345", "#12345g", "#6B6F52\n", ""):
        assert as_editor.post(address, {"name": "Hat", "colour": wrong}).status_code == 422
    assert [kept.colour for kept in family.colours.all()] == ["#6b6f52"]


def test_there_is_an_end_to_it(as_editor: Client, family: Family) -> None:
    KeptColour.objects.bulk_create(
        KeptColour(family=family, name=str(number), colour="#000000") for number in range(colours.MOST)
    )
    answer = as_editor.post(reverse("colours", args=[family.pk]), UNIFORM)
    assert f"{colours.MOST} colours are kept already" in answer.content.decode()


def test_viewers_see_them_and_change_none(as_viewer: Client, as_editor: Client, family: Family) -> None:
    address = reverse("colours", args=[family.pk])
    as_editor.post(address, UNIFORM)
    page = as_viewer.get(address).content.decode()
    assert "Grandfather&#x27;s uniform" in page
    assert "Keep another colour" not in page
    assert as_viewer.post(address, {"name": "Hat", "colour": "#112233"}).status_code == 403
    assert family.colours.count() == 1
