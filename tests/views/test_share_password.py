"""A link that asks for a password."""

import pytest
from django.conf import settings
from django.test import Client

from colorizer.models import Album, Photo, Share

from .shares import PASSWORD, Give, file_of


class TestPassword:
    @pytest.fixture
    def locked(self, album: Album, photo: Photo, give: Give) -> str:
        return give(album=album, password=PASSWORD, can_download=True)

    def test_until_it_is_given_nothing_is_seen(self, visitor: Client, locked: str, album: Album, photo: Photo) -> None:
        page = visitor.get(locked)
        assert page.status_code == 200
        assert album.title not in page.content.decode()
        for where in (f"photos/{photo.pk}/", f"photos/{photo.pk}/grey-480/", "download/"):
            answer = visitor.get(locked + where)
            assert (answer.status_code, answer["Location"]) == (302, locked)
        assert Share.objects.get().visits == 0

    def test_the_right_one_opens_it_for_this_browser(
        self, visitor: Client, locked: str, album: Album, photo: Photo
    ) -> None:
        page = visitor.post(f"{locked}unlock/", {"password": PASSWORD}, follow=True)
        assert album.title in page.content.decode()
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 200
        assert visitor.get(locked)["Referrer-Policy"] == "no-referrer"
        assert album.title not in Client().get(locked).content.decode()

    def test_a_wrong_one_does_not(self, visitor: Client, locked: str, photo: Photo) -> None:
        page = visitor.post(f"{locked}unlock/", {"password": "by the sea"})
        assert page.status_code == 403
        assert "That is not the password." in page.content.decode()
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 302

    @pytest.mark.parametrize("query", [f"?password={PASSWORD}", f"unlock/?password={PASSWORD}"])
    def test_it_is_never_taken_from_an_address(
        self, visitor: Client, locked: str, album: Album, photo: Photo, query: str
    ) -> None:
        """CVE-2026-25118: an album's password in the URL."""
        visitor.get(locked + query)
        visitor.post(f"{locked}unlock/?password={PASSWORD}")
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 302

    def test_unlocking_one_share_opens_no_other(
        self, visitor: Client, locked: str, album: Album, photo: Photo, give: Give
    ) -> None:
        """CVE-2026-22784: unlocking one share opened the others, here even with the same password and album."""
        other = give(album=album, password=PASSWORD)
        visitor.post(f"{locked}unlock/", {"password": PASSWORD})
        assert visitor.get(file_of(locked, photo, "grey-480")).status_code == 200
        assert visitor.get(file_of(other, photo, "grey-480")).status_code == 302

    def test_several_are_open_beside_each_other(
        self, visitor: Client, locked: str, album: Album, photo: Photo, give: Give
    ) -> None:
        other = give(album=album, password="by the sea")
        visitor.post(f"{locked}unlock/", {"password": PASSWORD})
        visitor.post(f"{other}unlock/", {"password": "by the sea"})
        for address in (locked, other):
            assert visitor.get(file_of(address, photo, "grey-480")).status_code == 200

    def test_the_session_gets_a_new_name(self, visitor: Client, locked: str) -> None:
        session = visitor.session
        session["x"] = 1
        session.save()
        visitor.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
        visitor.post(f"{locked}unlock/", {"password": PASSWORD})
        assert visitor.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key

    def test_a_form_that_another_site_sends_is_refused(self, locked: str) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(f"{locked}unlock/", {"password": PASSWORD}).status_code == 403

    def test_its_page_may_be_sent_from(self, visitor: Client, locked: str) -> None:
        """Under "no-referrer" a browser would call its own form one of nowhere."""
        assert visitor.get(locked)["Referrer-Policy"] == "same-origin"

    def test_tries_of_one_address_are_counted_over_all_shares(
        self, visitor: Client, locked: str, album: Album, give: Give
    ) -> None:
        other = give(album=album, password=PASSWORD)
        answers = [visitor.post(f"{locked}unlock/", {"password": f"{n}"}).status_code for n in range(21)]
        assert answers == [403] * 20 + [429]
        assert visitor.post(f"{other}unlock/", {"password": PASSWORD}).status_code == 429

    def test_tries_at_one_share_are_counted_over_all_addresses(self, visitor: Client, locked: str) -> None:
        answers = [
            visitor.post(f"{locked}unlock/", {"password": "x"}, REMOTE_ADDR=f"192.0.2.{n}").status_code
            for n in range(61)
        ]
        assert answers == [403] * 60 + [429]

    def test_a_right_one_costs_no_try(self, locked: str) -> None:
        answers = [Client().post(f"{locked}unlock/", {"password": PASSWORD}).status_code for _ in range(25)]
        assert answers == [302] * 25
