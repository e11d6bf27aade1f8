"""What is asked of who begins a dataset, adds photos to it, or decides on many at once."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from .index_file import Described
from .models import Dataset, DatasetItem, Licence, Split


class DatasetForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Dataset
        fields: ClassVar[list[str]] = ["name", "kind"]
        widgets: ClassVar[dict[str, Any]] = {"kind": forms.RadioSelect}


class AddForm(forms.Form):
    """Photos, or ZIPs of them, and what is to be said of those that no index describes."""

    category = forms.CharField(label=_("Category"), max_length=40, required=False)
    source = forms.CharField(
        label=_("Where are they from?"), max_length=300, required=False, help_text=_("It stands in the model's card.")
    )
    licence = forms.ChoiceField(
        label=_("Licence"),
        choices=[each for each in Licence.choices if each[0] != Licence.CONSENT],
        initial=Licence.UNCLEAR,
    )
    split = forms.ChoiceField(
        label=_("Split"), choices=[("", _("one in ten for validation")), *Split.choices], required=False
    )

    @property
    def said(self) -> Described:
        return Described(**{name: self.cleaned_data[name] for name in Described._fields})


class JudgeForm(forms.Form):
    """One decision on a photo, or on all of a filter. Only what is sent is decided."""

    state = forms.ChoiceField(choices=DatasetItem.State.choices, required=False)
    category = forms.CharField(max_length=40, required=False)
    split = forms.ChoiceField(choices=Split.choices, required=False)
    crop_free = forms.ChoiceField(choices=[("yes", ""), ("no", "")], required=False)

    @property
    def decided(self) -> dict[str, Any]:
        """As `services.curation.decide` takes it."""
        cleaned = self.cleaned_data
        return {
            "state": cleaned["state"],
            "split": cleaned["split"],
            "category": cleaned["category"] if "category" in self.data else None,
            "crop_free": cleaned["crop_free"] == "yes" if cleaned["crop_free"] else None,
        }
