"""What a family types in: an album's name, a photo's story, how something is shared."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Album, Coloring, Family, KeptColour, Photo, Role, Scope, User
from .services import tokens


class AlbumForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Album
        fields: ClassVar[list[str]] = ["title", "description"]
        widgets: ClassVar[dict[str, forms.Widget]] = {"description": forms.Textarea(attrs={"rows": 2})}


class PhotoForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Photo
        fields: ClassVar[list[str]] = ["caption", "taken", "people"]


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Coloring
        fields: ClassVar[list[str]] = ["name"]


class KeptColourForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = KeptColour
        fields: ClassVar[list[str]] = ["name", "colour"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "colour": forms.ColorInput(),
        }


class FamilyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Family
        fields: ClassVar[list[str]] = ["name"]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class TokenForm(forms.Form):
    """A new token. ``granted``: the scopes that its maker may give it."""

    name = forms.CharField(
        label=_("What is it for?"), max_length=60, help_text=_("So that you know it again: “scanner in the study”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"), choices=Scope.choices, initial=[Scope.READ], widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        label=_("For how many days?"), min_value=1, max_value=tokens.MOST_DAYS, initial=tokens.DAYS
    )

    def __init__(self, *args: Any, granted: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # mypy: the fields of a form are typed by their base class
        self.fields["scopes"].choices = [each for each in Scope.choices if each[0] in granted]  # type: ignore[attr-defined]


class ShareForm(forms.Form):
    """How a link works. Its cleaned data are what `services.sharing.create` takes."""

    LASTS: ClassVar[dict[str, timedelta | None]] = {
        "day": timedelta(days=1),
        "week": timedelta(days=7),
        "month": timedelta(days=30),
        "ever": None,
    }
    lasts = forms.ChoiceField(
        label=_("The link works for"),
        choices=[
            ("day", _("one day")),
            ("week", _("one week")),
            ("month", _("30 days")),
            ("ever", _("as long as nobody ends it")),
        ],
        initial="month",
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        min_length=6,
        max_length=128,
        # Shown as it is typed: it is to be told to others.
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("Whoever opens the link is asked for it."),
    )
    can_download = forms.BooleanField(label=_("Full-size photos may be downloaded"), required=False)
    tells_story = forms.BooleanField(label=_("Show captions, dates and names too"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "share-%s")  # it stands beside other forms
        super().__init__(*args, **kwargs)

    def clean_lasts(self) -> timedelta | None:
        return self.LASTS[self.cleaned_data["lasts"]]


class UnlockForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class PasswordForm(forms.Form):
    """One's own password once more, before what cannot be taken back."""

    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        if not self._user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("That is not your password."))
        return str(self.cleaned_data["password"])
