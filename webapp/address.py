"""A change of address, where addresses need not be confirmed to sign in."""

from allauth.account.forms import AddEmailForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest


class ChangeAddressForm(AddEmailForm):  # type: ignore[misc]
    """The new address counts once it is confirmed.

    allauth's own form drops every unconfirmed address, even the one that the user signs in with.
    """

    def save(self, request: HttpRequest) -> EmailAddress:
        with transaction.atomic():
            EmailAddress.objects.filter(user=self.user, verified=False).exclude(email=self.user.email).delete()
            address = EmailAddress.objects.create(user=self.user, email=self.cleaned_data["email"].lower())
        send_verification_email_to_address(request, address)
        return address
