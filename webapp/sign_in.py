"""Signing in, with a count of what fails, and mails that nobody can be flooded with."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from colorizer import limits
from colorizer.models import Action, User
from colorizer.services import audit

PAIR, ACCOUNT, CLIENT = "5/15m", "100/h", "60/10m"
"""Tries to sign in: to one account from one address, to one account from anywhere, from one address to anything.

The first stops guessing without locking the owner out who is elsewhere; the second slows down a guesser who has many
addresses; the third stops one who tries one password on many accounts, and is wide enough for a school behind one
router. A try that turns out right is not counted.
"""
MAILS = "10/h"
"""To one e-mail address, whoever asks for them."""

logger = logging.getLogger(__name__)


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's own limits are switched off: they count in Django's cache, which each process has for itself."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counted before the password is looked at, so that many tries at the same moment count as many.

        Raises Limited.
        """
        for count in _counts(request, credentials):
            limits.take(*count)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user:
            for count in _counts(request, credentials):
                limits.give_back(*count)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Written down with the account that it was tried on; an address that is nobody's is not kept."""
        user = User.objects.filter(email__iexact=_login(credentials)).first()
        audit.record(action=Action.SIGN_IN_FAILED, actor=None, object_id=user.pk if user else None)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if not limits.allow("mail", email, MAILS):
            logger.warning("A mail was not sent: more than %s to one address.", MAILS)
            return
        super().send_mail(template_prefix, email, context)

    def get_client_ip(self, request: HttpRequest) -> str:
        return limits.client(request)


def _counts(request: HttpRequest, credentials: dict[str, Any]) -> list[tuple[str, str, str]]:
    login, client = _login(credentials), limits.client(request)
    return [
        ("sign-in to an account from a client", f"{login} {client}", PAIR),
        ("sign-in to an account", login, ACCOUNT),
        ("sign-in from a client", client, CLIENT),
    ]


def _login(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email") or credentials.get("username") or "")
