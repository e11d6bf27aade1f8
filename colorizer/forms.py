"""What a family types in: an album's name, a photo's story."""

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Album, Family, Photo, Role


class AlbumForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Album
        fields: ClassVar[list[str]] = ["title", "description"]
        widgets: ClassVar[dict[str, forms.Widget]] = {"description": forms.Textarea(attrs={"rows": 2})}


class PhotoForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Photo
        fields: ClassVar[list[str]] = ["caption", "taken", "people"]


class FamilyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Family
        fields: ClassVar[list[str]] = ["name"]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])
