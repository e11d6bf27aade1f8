"""Tokens: what one may do, for how long, and how it ends; and the command that makes one."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from colorizer.models import Action, AuditEntry, Family, Membership, Role, Token, User
from colorizer.services import account, tokens


def make(family: Family, user: User, *scopes: str, days: int = 90) -> str:
    return tokens.create(family=family, user=user, name="Scanner", scopes=scopes or ["read"], days=days)


def test_a_token_is_known_again_with_its_family_its_maker_and_its_scopes(family: Family, editor: User) -> None:
    bearer = tokens.recognise(make(family, editor, "write", "read"))
    assert (bearer.family, bearer.user, bearer.role) == (family, editor, Role.EDITOR)
    assert bearer.scopes == {"read", "write"}


def test_the_token_itself_is_kept_nowhere(family: Family, editor: User) -> None:
    secret = make(family, editor)
    kept = [str(value) for row in Token.objects.values_list() for value in row]
    assert secret.startswith("heirloom_")
    assert not any(secret.removeprefix("heirloom_") in value for value in kept)


@pytest.mark.parametrize("wrong", ["", "heirloom_", "heirloom_" + "A" * 43, "x" * 10_000, "heirloom_\u00e9\0"])
def test_what_is_no_token_is_nobodys(family: Family, editor: User, wrong: str) -> None:
    make(family, editor)
    with pytest.raises(tokens.Unknown):
        tokens.recognise(wrong)


def test_an_expired_token_no_longer_works(family: Family, editor: User) -> None:
    """CVE-2026-35462: an expired token that still worked."""
    secret = make(family, editor, days=1)
    Token.objects.update(expires_at=timezone.now() + timedelta(seconds=1))
    tokens.recognise(secret)
    Token.objects.update(expires_at=timezone.now())
    with pytest.raises(tokens.Expired):
        tokens.recognise(secret)


@pytest.mark.parametrize("days", [0, -1, 366, 10**9])
def test_no_token_lasts_for_ever(family: Family, editor: User, days: int) -> None:
    with pytest.raises(ValueError, match="days"):
        make(family, editor, days=days)


@pytest.mark.parametrize("scopes", [["admin"], ["read", "*"]])
def test_there_are_no_other_scopes(family: Family, owner: User, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="scopes"):
        make(family, owner, *scopes)


def test_nobody_makes_a_token_that_may_do_more_than_they_may(family: Family, viewer: User, stranger: User) -> None:
    for user, scope in ((viewer, "write"), (viewer, "share"), (stranger, "read")):
        with pytest.raises(tokens.NotGranted):
            make(family, user, scope)
    assert not Token.objects.exists()


def test_a_demoted_maker_takes_the_rights_of_the_token_along_at_once(family: Family, owner: User, editor: User) -> None:
    """CVE-2026-23896: a token that had more rights than the one who made it."""
    secret = make(family, editor, "read", "write", "share")
    account.set_role(membership=editor.memberships.get(), role=Role.VIEWER)
    assert tokens.recognise(secret).scopes == {"read"}


@pytest.mark.parametrize("gone", ["removed", "deactivated", "deleted"])
def test_a_maker_who_is_gone_takes_the_token_along_at_once(
    family: Family, owner: User, editor: User, gone: str
) -> None:
    secret = make(family, editor)
    if gone == "removed":
        account.remove_member(membership=editor.memberships.get())
        Membership.objects.create(family=family, user=editor, role=Role.EDITOR)  # and comes back
    elif gone == "deactivated":
        User.objects.filter(pk=editor.pk).update(is_active=False)
    else:
        editor.delete()
    with pytest.raises(tokens.Unknown):
        tokens.recognise(secret)


def test_a_token_whose_maker_left_by_another_way_opens_nothing_either(family: Family, editor: User) -> None:
    secret = make(family, editor)
    Membership.objects.filter(user=editor).delete()
    with pytest.raises(tokens.Unknown):
        tokens.recognise(secret)


def test_a_revoked_token_opens_nothing(family: Family, editor: User) -> None:
    secret = make(family, editor)
    tokens.revoke(token=Token.objects.get(), by=editor)
    with pytest.raises(tokens.Unknown):
        tokens.recognise(secret)


def test_its_last_use_is_written_at_most_once_a_minute(family: Family, editor: User) -> None:
    secret = make(family, editor)
    assert Token.objects.get().last_used_at is None
    tokens.recognise(secret)
    first = Token.objects.get().last_used_at
    tokens.recognise(secret)
    assert first is not None
    assert Token.objects.get().last_used_at == first
    Token.objects.update(last_used_at=first - timedelta(seconds=61))
    tokens.recognise(secret)
    assert Token.objects.get().last_used_at > first - timedelta(seconds=61)  # type: ignore[operator]


def test_making_and_revoking_one_is_written_down(family: Family, owner: User, editor: User) -> None:
    make(family, editor), make(family, editor)
    of_both = [str(token.pk) for token in Token.objects.order_by("pk")]
    tokens.revoke(token=Token.objects.earliest("pk"), by=owner)
    account.remove_member(membership=editor.memberships.get(), by=owner)
    entries = AuditEntry.objects.filter(action__in=(Action.TOKEN_MADE, Action.TOKEN_WITHDRAWN)).order_by("pk")
    assert list(entries.values_list("action", "actor_id", "object_id")) == [
        *((Action.TOKEN_MADE, editor.pk, token) for token in of_both),
        *((Action.TOKEN_WITHDRAWN, owner.pk, token) for token in of_both),
    ]


def test_nobody_hoards_tokens(family: Family, editor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    make(family, editor), make(family, editor)
    with pytest.raises(tokens.TooMany):
        make(family, editor)


class TestCommand:
    def run(self, *arguments: str) -> str:
        out = io.StringIO()
        call_command("create_token", *arguments, stdout=out)
        return out.getvalue()

    def test_it_prints_the_token_and_nothing_else(self, family: Family, editor: User) -> None:
        said = self.run("--email", editor.email.upper(), "--family", family.name, "--scope", "read", "write")
        bearer = tokens.recognise(said.removesuffix("\n"))
        assert (bearer.user, bearer.family, bearer.scopes) == (editor, family, {"read", "write"})
        assert timedelta(days=89) < bearer.token.expires_at - timezone.now() <= timedelta(days=90)

    def test_days_and_name_are_as_said(self, family: Family, editor: User) -> None:
        who = ("--email", editor.email, "--family", str(family.pk), "--scope", "read")
        self.run(*who, "--days", "7", "--name", "Scanner in the study")
        token = Token.objects.get()
        assert token.name == "Scanner in the study"
        assert token.expires_at - timezone.now() <= timedelta(days=7)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"--email": "nobody@example.org"}, "Nobody signs in with nobody@example.org."),
            ({"--family": "Okafor"}, "belongs to no family of this name or id: Okafor."),
            ({"--scope": "write"}, "a token of theirs may only read."),
            ({"--scope": "admin"}, "invalid choice: 'admin'"),
            ({"--days": "400"}, "A token lasts 1 to 365 days."),
            ({"--name": "x" * 61}, "A token's name has 1 to 60 characters."),
        ],
    )
    def test_what_cannot_be_is_said_in_a_sentence(
        self, family: Family, viewer: User, stranger: User, change: dict[str, str], sentence: str
    ) -> None:
        said = {"--email": viewer.email, "--family": family.name, "--scope": "read"} | change
        with pytest.raises(CommandError, match=sentence):
            self.run(*(part for pair in said.items() for part in pair))
        assert not Token.objects.exists()

    def test_two_families_of_one_name_are_told_apart_by_id(self, family: Family, editor: User) -> None:
        account.found_family(user=editor, name=family.name)
        with pytest.raises(CommandError, match=str(family.pk)):
            self.run("--email", editor.email, "--family", family.name, "--scope", "read")
