from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ..access import FamilyRequest
from .access import may


@dataclass(frozen=True)
class Part:
    """A part of the workshop: its first page, who may see it, and what it is for."""

    name: str
    permission: str
    title: str | Promise
    about: str | Promise

    @property
    def address(self) -> str:
        try:
            return reverse(self.name)
        except NoReverseMatch:
            return ""


PARTS = (
    Part("datasets", "view_dataset", _("Datasets"), _("The photos that Heirloom learns from and is judged on.")),
    Part("trainings", "view_training", _("Trainings"), _("Teach a network, and watch it learn.")),
    Part(
        "comparisons",
        "view_comparison",
        _("Comparisons"),
        _("Two models side by side, in figures and pictures; vote without knowing whose is whose."),
    ),
    Part("models", "view_modelversion", _("Models"), _("Compare, put into service, take back.")),
)


@may()
@require_safe
def index(request: FamilyRequest) -> HttpResponse:
    parts = [part for part in PARTS if request.user.has_perm(f"colorizer.{part.permission}")]
    return render(request, "workshop/index.html", {"parts": parts})
