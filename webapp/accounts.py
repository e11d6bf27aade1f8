"""What signing up asks beside address and password, and what it brings about."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from colorizer.models import User
from colorizer.services import account


class SignupForm(forms.Form):
    """Joined to allauth's own form, which imports it: nothing here may import allauth's forms."""

    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}), required=True
    )
    field_order = ("name", "email", "password1", "password2")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth once the user is saved."""
        invite_id = request.session.pop(account.INVITE_KEY, None)
        account.welcome(user=user, name=self.cleaned_data["name"], invite_id=invite_id)
