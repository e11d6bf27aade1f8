"""Sessions and cookies: whose they are, when they end, and what a browser is told of them."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer.models import Action, AuditEntry, Session, User
from colorizer.services import devices
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ELSEWHERE = "/account/sign-out-elsewhere/"


def signed_in(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get("/trash/").status_code == 200


def test_a_session_knows_whose_it_is(owner: User) -> None:
    client = signed_in(owner)
    assert Session.objects.get(session_key=client.session.session_key).user_id == owner.pk
    client.post("/accounts/logout/")
    assert not Session.objects.filter(user_id=owner.pk).exists()


def test_signing_in_takes_a_new_key_so_that_a_planted_one_is_worth_nothing(owner: User) -> None:
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert is_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_a_new_password_ends_all_other_sessions(owner: User) -> None:
    here, there = signed_in(owner), signed_in(owner)
    new = "another box of photos"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(here)
    assert not is_in(there)


def test_one_signs_out_on_all_other_devices_with_one_press(owner: User, editor: User) -> None:
    here, there, others = signed_in(owner), signed_in(owner), signed_in(editor)
    assert devices.count(user=owner) == 2
    answer: Any = here.post(ELSEWHERE, follow=True)
    assert "signed out on 1 other device" in answer.content.decode()
    assert (is_in(here), is_in(there), is_in(others)) == (True, False, True)
    assert AuditEntry.objects.latest("pk").action == Action.SIGNED_OUT_EVERYWHERE


def test_signing_out_elsewhere_takes_a_post_and_being_signed_in(owner: User) -> None:
    there = signed_in(owner)
    assert signed_in(owner).get(ELSEWHERE).status_code == 405
    assert Client().post(ELSEWHERE).status_code == 401
    assert is_in(there)


def test_a_session_ends_after_thirty_days_and_is_deleted(owner: User) -> None:
    client = signed_in(owner)
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD, "remember": "on"})
    session = Session.objects.get(user_id=owner.pk)
    assert timedelta(days=29, hours=23) < session.expire_date - timezone.now() <= timedelta(days=30)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)
    devices.forget_old()
    assert not Session.objects.filter(pk=session.pk).exists()


def test_a_session_keeps_json_and_nothing_that_could_run(owner: User) -> None:
    client = signed_in(owner)
    assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")
    assert client.session[SESSION_KEY] == str(owner.pk)


# --- What the browser is told -------------------------------------------------------------------------------------


def test_every_page_says_what_may_be_done_with_it(owner: User) -> None:
    for client, path in ((Client(), "/"), (signed_in(owner), "/"), (Client(), "/nowhere/"), (Client(), "/healthz")):
        answer = client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
    assert signed_in(owner).get("/")["Cache-Control"] == "private, no-cache"


def test_a_shared_machine_forgets_the_photos_when_one_signs_out(owner: User) -> None:
    answer = signed_in(owner).post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in signed_in(owner).get("/")


def test_no_script_reads_a_cookie_and_no_other_site_sends_one(owner: User) -> None:
    client = signed_in(owner)
    client.get(reverse("account_email"))
    client.post("/i18n/setlang/", {"language": "de", "next": "/"})
    assert len(client.cookies) >= 3
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key


def served_over_https(tmp_path: Path, code: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HEIRLOOM_DATA": str(tmp_path), "HTTPS": "true"}
    environment |= {"ALLOWED_HOSTS": "album.example.org", "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "-c", f"import django; django.setup(); {code}"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_where_there_is_https_djangos_own_check_finds_nothing(tmp_path: Path) -> None:
    code = "from django.core.management import call_command; call_command('check', deploy=True, fail_level='WARNING')"
    assert "no issues" in served_over_https(tmp_path, code)


def test_where_there_is_https_cookies_are_bound_to_this_host_and_to_https(tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.SESSION_COOKIE_SECURE, "
        "s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SESSION_COOKIE_DOMAIN, s.CSRF_COOKIE_DOMAIN, "
        "s.SESSION_COOKIE_PATH, s.SECURE_HSTS_SECONDS >= 31536000)"
    )
    said = served_over_https(tmp_path, code).split()
    assert said == [*("__Host-session", "__Host-csrf", "__Host-language"), *["True"] * 3, "None", "None", "/", "True"]


def test_where_there_is_https_plain_http_is_sent_there_and_health_is_not(tmp_path: Path) -> None:
    code = (
        "from django.test import Client; c = Client(headers={'host': 'album.example.org'}); "
        "a, h = c.get('/accounts/login/'), c.get('/healthz'); "
        "s = c.get('/healthz', headers={'x-forwarded-proto': 'https'}); "
        "print(a.status_code, a['Location'], h.status_code, s['Strict-Transport-Security'])"
    )
    said = served_over_https(tmp_path, code)
    assert said.split(" ", 3) == ["301", "https://album.example.org/accounts/login/", "200", "max-age=31536000\n"]
