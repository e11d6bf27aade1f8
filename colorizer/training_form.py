"""What is asked before a training begins."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Dataset, DatasetVersion, ModelVersion, Training
from .selectors import trainings
from .services.training import Preset

AUGMENT = [
    ("", _("As the network has it")),
    ("none", _("None")),
    ("contrast,grain", _("Contrast and grain")),
    ("all", _("All that old photos suffer")),
]


class TrainingForm(forms.Form):
    """Settings that are left empty are the network's own."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("The model that comes out is called so."))
    version = forms.ModelChoiceField(
        DatasetVersion.objects.none(), label=_("Photos"), help_text=_("A frozen version of a dataset.")
    )
    network = forms.ChoiceField(label=_("Network"))
    start = forms.ChoiceField(
        label=_("Start from"),
        choices=[
            (Training.Start.MODEL, _("The live model: it learns on")),
            (Training.Start.ENCODER, _("The encoder: it learns colours from nothing")),
        ],
        widget=forms.RadioSelect,
        initial=Training.Start.MODEL,
    )
    preset = forms.ChoiceField(
        label=_("How long"),
        choices=[
            (Preset.QUICK, _("Quick look: ten minutes")),
            (Preset.OVERNIGHT, _("Overnight: eight hours")),
            (Preset.OWN, _("As I say below")),
        ],
        widget=forms.RadioSelect,
        initial=Preset.QUICK,
    )
    minutes = forms.FloatField(label=_("Minutes"), min_value=0.1, max_value=20_000, required=False)
    epochs = forms.FloatField(
        label=_("Epochs"),
        min_value=0.01,
        max_value=100_000,
        required=False,
        help_text=_("How many times it sees as many views as there are photos."),
    )
    photos = forms.IntegerField(label=_("Photos at most"), min_value=1, required=False)
    rate = forms.FloatField(label=_("Learning rate"), min_value=1e-7, max_value=1, required=False)
    batch = forms.IntegerField(label=_("Batch"), min_value=1, max_value=1024, required=False)
    augment = forms.ChoiceField(label=_("Augmentation"), choices=AUGMENT, required=False)
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2_000_000_000, initial=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = DatasetVersion.objects.filter(dataset__kind=Dataset.Kind.TRAINING).select_related("dataset")
        self.fields["version"].queryset = versions  # type: ignore[attr-defined]
        self.fields["network"].choices = [(name, name) for name in trainings.offers()]  # type: ignore[attr-defined]
        live = ModelVersion.objects.filter(state=ModelVersion.State.LIVE).first()
        self.fields["network"].initial = live and live.architecture
        self.fields["version"].initial = versions.first()
        for name in ("minutes", "epochs", "rate"):
            self.fields[name].widget.attrs["step"] = "any"

    @property
    def settings(self) -> dict[str, Any]:
        """What was typed in of `ml.settings`; a preset's end counts for itself."""
        ends = ("minutes", "epochs") if self.cleaned_data["preset"] == Preset.OWN else ()
        names = (*ends, "photos", "rate", "batch", "augment")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] not in (None, "")}

    @property
    def asked(self) -> dict[str, Any]:
        """As `services.training.start` takes it."""
        names = ("name", "version", "network", "start", "preset", "seed")
        return {name: self.cleaned_data[name] for name in names} | {"settings": self.settings}
