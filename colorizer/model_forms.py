"""What the workshop asks of those who look after models."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import DatasetVersion
from .selectors import benchmarks


class UploadForm(forms.Form):
    weights = forms.FileField(
        label=_("Weights"),
        help_text=_("A .safetensors file, as “python -m ml export” writes it."),
        widget=forms.FileInput(attrs={"accept": ".safetensors"}),
    )
    card = forms.FileField(
        label=_("Card"),
        help_text=_("The .json file that was written beside it."),
        widget=forms.FileInput(attrs={"accept": ".json"}),
    )


class ReasonForm(forms.Form):
    """Why a model goes into service, where that needs saying."""

    reason = forms.CharField(
        label=_("Reason"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class BenchmarkForm(forms.Form):
    benchmark: "forms.ModelChoiceField[DatasetVersion]" = forms.ModelChoiceField(
        label=_("Judge it on"), queryset=DatasetVersion.objects.none(), empty_label=None
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["benchmark"].queryset = benchmarks.fit()  # type: ignore[attr-defined]
