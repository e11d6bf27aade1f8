"""Links for people outside the family: who can make one, when it ends, and what is kept of it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from colorizer.models import Album, Family, Membership, Photo, Role, Share, User
from colorizer.selectors import shared_files, shares
from colorizer.services import account, sharing, trash
from tests.views.conftest import make_photo

DAY = timedelta(days=1)


@pytest.fixture
def photo(album: Album) -> Photo:
    return make_photo(album, caption="Greta", taken="1931", people="Greta, Karl")


def test_of_a_link_only_its_hash_is_kept_and_of_a_password_too(album: Album, editor: User) -> None:
    share, token = sharing.create(by=editor, album=album, lasts=DAY, password="a walk by the lake")
    kept = str(list(Share.objects.values()))
    assert len(token) >= 40
    assert token not in kept
    assert "a walk by the lake" not in kept
    assert shares.by_token(token) == share


def test_a_token_that_nobody_was_given_opens_nothing(album: Album, editor: User) -> None:
    _share, token = sharing.create(by=editor, album=album, lasts=None)
    assert shares.by_token(token[:-1]) is None
    assert shares.by_token("") is None
    assert shares.by_token(sharing.hash_of(token)) is None


def test_a_share_is_of_an_album_or_of_a_photo_and_never_of_both_or_none(
    album: Album, photo: Photo, editor: User
) -> None:
    for both in ({"album": album, "photo": photo}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Share.objects.create(family=album.family, created_by=editor, token_sha256="0" * 64, **both)


class TestEnd:
    @pytest.fixture
    def given(self, album: Album, photo: Photo, editor: User) -> list[str]:
        """The tokens of an album's share and of a photo's."""
        return [
            sharing.create(by=editor, album=album, lasts=DAY)[1],
            sharing.create(by=editor, photo=photo, lasts=DAY)[1],
        ]

    def open(self, given: list[str]) -> int:
        return sum(shares.by_token(token) is not None for token in given)

    def test_it_comes_when_its_time_is_over(self, given: list[str]) -> None:
        Share.objects.update(expires_at=timezone.now() - timedelta(milliseconds=1))
        assert self.open(given) == 0

    def test_a_link_without_a_time_lasts_until_it_is_ended(self, album: Album, editor: User) -> None:
        share, token = sharing.create(by=editor, album=album, lasts=None)
        assert share.expires_at is None
        assert shares.by_token(token)
        sharing.end(share=share, by=editor)
        assert shares.by_token(token) is None

    def test_ending_one_ends_no_other(self, editor: User, given: list[str]) -> None:
        sharing.end(share=Share.objects.get(photo=None), by=editor)
        assert self.open(given) == 1

    def test_what_has_ended_keeps_the_moment(self, editor: User, given: list[str]) -> None:
        share = Share.objects.get(photo=None)
        sharing.end(share=share, by=editor)
        share.refresh_from_db()
        ended = share.revoked_at
        sharing.end(share=share, by=editor)
        share.refresh_from_db()
        assert share.revoked_at == ended

    def test_what_lies_in_the_trash_is_not_shown_and_what_comes_back_is(
        self, album: Album, photo: Photo, given: list[str]
    ) -> None:
        trash.delete_photo(photo=photo)
        assert self.open(given) == 1
        trash.delete_album(album=album)
        assert self.open(given) == 0
        trash.restore_photo(photo=photo)
        assert self.open(given) == 0
        trash.restore_album(album=album)
        assert self.open(given) == 2

    def test_the_share_of_a_photo_rests_with_its_album(self, album: Album, given: list[str]) -> None:
        trash.delete_album(album=album)
        assert self.open(given) == 0

    def test_what_is_gone_for_ever_takes_its_links_along(self, album: Album, given: list[str]) -> None:
        trash.purge_album(album=album)
        assert not Share.objects.exists()

    @pytest.mark.parametrize("role", [None, Role.VIEWER])
    def test_the_links_of_one_who_may_share_no_more_end_and_stay_ended(
        self, family: Family, owner: User, editor: User, album: Album, given: list[str], role: Role | None
    ) -> None:
        others = sharing.create(by=owner, album=album, lasts=DAY)[1]
        membership = Membership.objects.get(user=editor)
        if role:
            account.set_role(membership=membership, role=role)
        else:
            account.remove_member(membership=membership)
        assert self.open(given) == 0
        Membership.objects.update_or_create(family=family, user=editor, defaults={"role": Role.EDITOR})
        assert self.open(given) == 0
        assert shares.by_token(others)

    def test_a_new_role_that_may_share_keeps_them(self, editor: User, given: list[str]) -> None:
        account.set_role(membership=Membership.objects.get(user=editor), role=Role.OWNER)
        assert self.open(given) == 2

    def test_the_links_of_an_account_that_is_closed_show_nothing(self, editor: User, given: list[str]) -> None:
        User.objects.filter(pk=editor.pk).update(is_active=False)
        assert self.open(given) == 0

    def test_the_links_of_an_account_that_is_deleted_are_deleted(self, editor: User, given: list[str]) -> None:
        editor.delete()
        assert not Share.objects.exists()


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_the_share_of_one_who_may_not_share_shows_nothing(
    request: pytest.FixtureRequest, album: Album, who: str
) -> None:
    """CVE-2026-57943: a share without a check of who made it. The rows keep to it, whatever a view forgets."""
    _share, token = sharing.create(by=request.getfixturevalue(who), album=album, lasts=DAY)
    assert shares.by_token(token) is None


class TestPassword:
    @pytest.fixture
    def share(self, album: Album, editor: User) -> Share:
        return sharing.create(by=editor, album=album, lasts=DAY, password="by the lake")[0]

    def test_the_right_one_gives_the_key_of_this_share(self, share: Share) -> None:
        key = sharing.unlock(share=share, password="by the lake")
        assert key
        assert sharing.is_unlocked(share=share, key=key)

    @pytest.mark.parametrize("password", ["", "By the lake", "by the lake "])
    def test_a_wrong_one_gives_none(self, share: Share, password: str) -> None:
        assert sharing.unlock(share=share, password=password) is None
        assert not sharing.is_unlocked(share=share, key="")

    def test_the_key_of_one_share_opens_no_other_even_of_the_same_password(
        self, share: Share, album: Album, editor: User
    ) -> None:
        """CVE-2026-22784: unlocking one share opened the others."""
        other = sharing.create(by=editor, album=album, lasts=DAY, password="by the lake")[0]
        key = sharing.unlock(share=share, password="by the lake")
        assert not sharing.is_unlocked(share=other, key=key or "")

    def test_a_share_without_a_password_is_not_locked(self, album: Album, editor: User) -> None:
        assert sharing.is_unlocked(share=sharing.create(by=editor, album=album, lasts=DAY)[0], key="")


class TestVisits:
    def test_what_is_looked_at_within_minutes_is_one_visit(self, album: Album, editor: User) -> None:
        share, _token = sharing.create(by=editor, album=album, lasts=DAY)
        for _ in range(3):
            sharing.note_visit(share=share)
        share.refresh_from_db()
        assert share.visits == 1
        assert share.seen_at

    def test_a_later_look_is_another(self, album: Album, editor: User) -> None:
        share, _token = sharing.create(by=editor, album=album, lasts=DAY)
        sharing.note_visit(share=share)
        Share.objects.update(seen_at=timezone.now() - timedelta(hours=1))
        sharing.note_visit(share=share)
        share.refresh_from_db()
        assert share.visits == 2


class TestWhatIsShown:
    def test_an_album_shows_what_can_be_looked_at_in_its_order(self, album: Album, editor: User) -> None:
        share = sharing.create(by=editor, album=album, lasts=DAY)[0]
        first, second = make_photo(album, shade=1), make_photo(album, shade=2, coloured=False)
        make_photo(album, shade=3, state=Photo.State.REFUSED)
        make_photo(album, shade=4, state=Photo.State.PREPARING)
        trash.delete_photo(photo=make_photo(album, shade=5))
        make_photo(Album.objects.create(family=album.family, title="Other"), shade=6)
        assert [photo.pk for photo in shares.photos(share)] == [first.pk, second.pk]

    def test_a_photo_shows_itself_alone(self, album: Album, photo: Photo, editor: User) -> None:
        make_photo(album, shade=1)
        share = sharing.create(by=editor, photo=photo, lasts=DAY)[0]
        place = shares.place(share, photo.pk)
        assert place
        assert (place.total, place.previous, place.next) == (1, None, None)

    def test_a_photo_that_is_not_in_it_is_not_shown(self, album: Album, photo: Photo, editor: User) -> None:
        other = make_photo(album, shade=1)
        share = sharing.create(by=editor, photo=photo, lasts=DAY)[0]
        assert shares.place(share, other.pk) is None
        assert shared_files.file(share, other.pk, "colour-480") is None

    @pytest.mark.parametrize("tells", [True, False])
    def test_its_story_is_told_only_where_that_was_chosen(self, photo: Photo, editor: User, tells: bool) -> None:
        share = sharing.create(by=editor, photo=photo, lasts=DAY, tells_story=tells)[0]
        (shown,) = shares.photos(share)
        assert (shown.caption, shown.taken, shown.people) == (
            ("Greta", "1931", "Greta, Karl") if tells else ("", "", "")
        )
        assert photo.original.name not in str(shown)


def test_the_family_sees_the_links_that_run(album: Album, photo: Photo, editor: User) -> None:
    kept = sharing.create(by=editor, album=album, lasts=None)[0]
    ended = sharing.create(by=editor, photo=photo, lasts=DAY)[0]
    sharing.end(share=ended, by=editor)
    assert list(shares.of_family(album.family)) == [kept]


def test_shares_are_reached_through_the_family(album: Album, editor: User, viewer: User, stranger: User) -> None:
    share = sharing.create(by=editor, album=album, lasts=None)[0]
    found = Share.objects.for_user  # type: ignore[attr-defined]
    assert list(found(viewer)) == [share]
    assert list(found(viewer, Role.OWNER, Role.EDITOR)) == list(found(stranger)) == []
