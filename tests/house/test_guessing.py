"""Guessing a password, finding out who has an account, flooding a mailbox: what a stranger tries at the door."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from colorizer.models import Action, AuditEntry, User
from colorizer.services import demo
from tests.conftest import PASSWORD, member
from webapp import logs

pytestmark = pytest.mark.django_db


def sign_in(email: str, password: str, *, address: str = "203.0.113.7") -> Any:
    client = Client(REMOTE_ADDR=address)
    return client.post("/accounts/login/", {"login": email, "password": password})


def is_in(answer: Any) -> bool:
    return answer.status_code == 302


def test_guessing_a_password_is_stopped_after_a_few_tries(owner: User) -> None:
    guesses = [sign_in(owner.email, f"a guess of mine {n}") for n in range(7)]
    assert [answer.status_code for answer in guesses] == [200] * 5 + [429] * 2
    assert sign_in(owner.email, PASSWORD).status_code == 429


def test_who_is_stopped_is_told_how_long_to_wait(owner: User) -> None:
    for n in range(5):
        sign_in(owner.email, f"a guess of mine {n}")
    answer = sign_in(owner.email, PASSWORD)
    assert 170 <= int(answer["Retry-After"]) <= 180
    assert "Please wait about 3 minutes, then try once more." in answer.content.decode()


def test_a_guesser_does_not_lock_the_owner_out_who_is_elsewhere(owner: User) -> None:
    for n in range(20):
        sign_in(owner.email, f"a guess of mine {n}")
    assert is_in(sign_in(owner.email, PASSWORD, address="198.51.100.9"))


def test_an_address_that_the_client_makes_up_does_not_help_a_guesser(owner: User) -> None:
    for n in range(8):
        client = Client(REMOTE_ADDR="203.0.113.7", headers={"x-forwarded-for": f"192.0.2.{n}"})
        answer: Any = client.post("/accounts/login/", {"login": owner.email, "password": f"a guess of mine {n}"})
    assert answer.status_code == 429


def test_a_guesser_with_many_addresses_is_slowed_down_at_the_account(owner: User) -> None:
    answers = [sign_in(owner.email, "a guess of mine", address=f"198.51.{n}.1").status_code for n in range(102)]
    assert answers == [200] * 100 + [429] * 2


def test_one_password_tried_on_many_accounts_is_stopped_at_the_address(db: None) -> None:
    answers = [sign_in(f"nobody-{n}@example.org", "password1234").status_code for n in range(62)]
    assert answers == [200] * 60 + [429] * 2


def test_signing_in_rightly_is_never_counted(owner: User) -> None:
    assert all(is_in(sign_in(owner.email, PASSWORD)) for _ in range(12))


def test_right_passwords_in_between_do_not_win_a_guesser_more_tries(owner: User, editor: User) -> None:
    for n in range(4):
        sign_in(owner.email, f"a guess of mine {n}")
        sign_in(editor.email, PASSWORD)
    assert not is_in(sign_in(owner.email, "a fifth guess"))
    assert sign_in(owner.email, PASSWORD).status_code == 429


def test_an_account_that_is_not_there_answers_like_one_that_is(owner: User) -> None:
    known = [sign_in(owner.email, "a guess of mine") for _ in range(7)]
    unknown = [sign_in("nobody@example.org", "a guess of mine", address="203.0.113.8") for _ in range(7)]
    for one, other in zip(known, unknown, strict=True):
        assert one.status_code == other.status_code
        if one.status_code == 200:
            assert one.context["form"].errors == other.context["form"].errors


def test_a_password_is_hashed_for_an_account_that_is_not_there_too(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the time takes it in both cases."""
    hashed: list[str] = []
    made = User.set_password
    monkeypatch.setattr(User, "set_password", lambda self, raw: (hashed.append(raw), made(self, raw)))
    checked = User.check_password
    monkeypatch.setattr(User, "check_password", lambda self, raw: (hashed.append(raw), checked(self, raw))[1])
    sign_in("nobody@example.org", "a guess of mine")
    sign_in(owner.email, "a guess of mine")
    assert hashed == ["a guess of mine"] * 2


def test_where_the_site_sends_mail_signing_up_does_not_tell_who_has_an_account(owner: User, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def sign_up(email: str) -> Any:
        form = {"name": "Ada", "email": email, "password1": PASSWORD, "password2": PASSWORD}
        return Client().post("/accounts/signup/", form)

    known, unknown = sign_up(owner.email), sign_up("new@example.org")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.to for message in mail.outbox] == [[owner.email], ["new@example.org"]]
    assert "already exists" in mail.outbox[0].body
    assert not User.objects.get(email="new@example.org").emailaddress_set.filter(verified=True).exists()


def test_where_the_site_sends_mail_the_demo_family_is_still_let_in(settings: Any, db: None) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    demo._family(password=PASSWORD, title="Demo", description="")
    assert is_in(sign_in(demo.EMAIL, PASSWORD))
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("path", "form", "most"),
    [
        ("/accounts/signup/", {"email": "no"}, 60),
        ("/accounts/password/reset/", {"email": "{n}@example.org"}, 30),
        ("/accounts/password/reset/", {"email": "ada@example.org"}, 5),
        ("/accounts/password/reset/key/1-abc-def/", {"password1": "x"}, 60),
    ],
)
def test_a_form_at_the_door_is_taken_so_often_and_no_more(path: str, form: dict[str, str], most: int) -> None:
    client = Client()
    answers = [
        client.post(path, {key: value.format(n=n) for key, value in form.items()}).status_code for n in range(most + 1)
    ]
    assert 429 not in answers[:most]
    assert answers[most] == 429
    assert client.get("/accounts/login/").status_code == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/email/", {"email": "{n}@example.org", "action_add": ""}),
        ("/accounts/password/change/", {"oldpassword": "a guess of mine"}),
    ],
)
def test_a_form_of_the_account_counts_for_the_person_wherever_they_are(
    owner: User, path: str, form: dict[str, str]
) -> None:
    for n in range(21):
        client = Client(REMOTE_ADDR=f"198.51.100.{n}")
        client.force_login(owner)
        answer: Any = client.post(path, {key: value.format(n=n) for key, value in form.items()})
    assert answer.status_code == 429
    other = Client()
    other.force_login(member(owner.families.get(), "viewer"))  # type: ignore[arg-type]
    assert other.get(path).status_code == 200


def test_nobody_can_flood_a_mailbox(db: None) -> None:
    for n in range(12):
        client = Client()
        client.force_login(User.objects.create_user(f"{n}@example.org", PASSWORD))
        client.post("/accounts/email/", {"email": "victim@example.org", "action_add": ""})
    assert [message.to for message in mail.outbox] == [["victim@example.org"]] * 10


# --- What is written down -----------------------------------------------------------------------------------------


def written() -> list[tuple[str, int | None, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "actor_id", "object_id"))


def test_coming_and_going_is_written_down(owner: User, client: Client) -> None:
    client.post("/accounts/login/", {"login": owner.email, "password": "not it at all"})
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    client.post("/accounts/logout/")
    mine = str(owner.pk)
    assert written() == [
        (Action.SIGN_IN_FAILED, None, mine),
        (Action.SIGNED_IN, owner.pk, mine),
        (Action.SIGNED_OUT, owner.pk, mine),
    ]


def test_of_a_failed_sign_in_no_address_is_kept(client: Client, db: None) -> None:
    client.post("/accounts/login/", {"login": "someone@example.org", "password": "not it at all"})
    assert written() == [(Action.SIGN_IN_FAILED, None, "")]


def test_a_changed_password_and_a_changed_address_are_written_down(owner: User, client: Client) -> None:
    client.force_login(owner)
    new = "another box of photos"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    link = next(word for word in str(mail.outbox[-1].body).split() if "confirm-email" in word)
    client.post(link.removeprefix("http://testserver"))
    assert [action for action, _, _ in written()] == [Action.PASSWORD_CHANGED, Action.ADDRESS_CHANGED]


def test_a_password_that_is_set_anew_by_mail_is_written_down(owner: User, client: Client) -> None:
    client.post("/accounts/password/reset/", {"email": owner.email})
    link = next(word for word in str(mail.outbox[-1].body).split() if "/reset/key/" in word)
    page: Any = client.get(link.removeprefix("http://testserver"))
    new = "another box of photos"
    client.post(page.url, {"password1": new, "password2": new})
    assert (Action.PASSWORD_RESET, owner.pk, str(owner.pk)) in written()


def test_a_line_of_the_log_names_the_request_that_wrote_it(owner: User, client: Client) -> None:
    token = logs.request_id.set("a-request-of-ours")
    try:
        client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    finally:
        logs.request_id.reset(token)
    assert AuditEntry.objects.get().request_id == "a-request-of-ours"
