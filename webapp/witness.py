"""Writes down who signs in and out, and what else happens to an account on allauth's pages."""

from typing import Any

from allauth.account import signals
from django.contrib.auth.signals import user_logged_out
from django.dispatch import Signal

from colorizer.models import Action, User
from colorizer.services import audit

from . import logs

SEEN: dict[Signal, Action] = {
    signals.user_signed_up: Action.SIGNED_UP,
    signals.user_logged_in: Action.SIGNED_IN,
    user_logged_out: Action.SIGNED_OUT,
    signals.password_changed: Action.PASSWORD_CHANGED,
    signals.password_set: Action.PASSWORD_CHANGED,
    signals.password_reset: Action.PASSWORD_RESET,
    signals.email_changed: Action.ADDRESS_CHANGED,
}


def write_down(*, signal: Signal, user: User | None = None, **_: Any) -> None:
    if user:  # a session may end that nobody was signed in to
        audit.record(action=SEEN[signal], actor=user, object_id=user.pk)


audit.Asked.by = logs.request_id.get
for seen in SEEN:
    seen.connect(write_down, dispatch_uid="heirloom")
