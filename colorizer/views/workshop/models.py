"""Models: what is in service, what could be, what was; and the steps between these."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ... import words
from ...model_forms import BenchmarkForm, ReasonForm, UploadForm
from ...models import ModelUpload, ModelVersion
from ...selectors import benchmarks, model_cards
from ...services import comparing, model_upload, promotion
from ...weights_file import Unfit
from ..access import FamilyRequest
from .access import may


@may("view_modelversion")
@require_safe
def models(request: FamilyRequest) -> HttpResponse:
    return render(request, "workshop/models.html", model_cards.overview() | {"form": UploadForm()})


@may("view_modelversion")
@require_safe
def model(request: FamilyRequest, pk: UUID) -> HttpResponse:
    forms = {"reason_form": ReasonForm(), "benchmark_form": BenchmarkForm()}
    can_judge = benchmarks.latest() is not None
    return render(request, "workshop/model.html", model_cards.detail(_version(pk)) | forms | {"can_judge": can_judge})


@may("add_promotion")
@require_POST
def model_promote(request: FamilyRequest, pk: UUID) -> HttpResponse:
    version, form = _version(pk), ReasonForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        promotion.promote(version=version, by=request.user, reason=reason)
    except promotion.Refused as refused:
        messages.error(request, " ".join(words.say(refused.code)))
        return redirect("model", pk)
    messages.success(request, _("“%(name)s” is in service.") % {"name": version.name})
    return redirect("models")


@may("add_promotion")
@require_POST
def model_roll_back(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """From the version that was live when the page was made to the one before it."""
    try:
        made = promotion.roll_back(by=request.user, from_version=_version(pk))
        messages.success(request, _("“%(name)s” is in service again.") % {"name": made.version.name})
    except promotion.Refused as refused:
        messages.error(request, " ".join(words.say(refused.code)))
    return redirect("models")


@may("add_promotion")
@require_POST
def model_retire(request: FamilyRequest, pk: UUID) -> HttpResponse:
    try:
        promotion.retire(version=_version(pk))
    except promotion.Refused as refused:
        messages.error(request, " ".join(words.say(refused.code)))
    return redirect("models")


@may("add_comparison")
@require_POST
def model_compare(request: FamilyRequest, pk: UUID) -> HttpResponse:
    form = BenchmarkForm(request.POST)
    chosen = form.cleaned_data["benchmark"] if form.is_valid() else None
    if comparing.begin(_version(pk), benchmark=chosen, by=request.user) is None:
        messages.error(request, " ".join(words.say("cannot_judge")))
    return redirect("model", pk)


@may("add_modelversion")
@require_POST
def upload(request: FamilyRequest) -> HttpResponse:
    try:
        model_upload.accept(weights=request.FILES.get("weights"), card=request.FILES.get("card"), by=request.user)
    except Unfit as unfit:
        messages.error(request, " ".join(words.say(unfit.code)))
    return redirect("models")


@may("add_modelversion")
@require_POST
def upload_dismiss(request: FamilyRequest, pk: UUID) -> HttpResponse:
    model_upload.dismiss(upload=get_object_or_404(ModelUpload, pk=pk))
    return redirect("models")


def _version(pk: UUID) -> ModelVersion:
    return get_object_or_404(ModelVersion.objects.select_related("created_by", "training"), pk=pk)


urlpatterns = [
    path("", models, name="models"),
    path("upload/", upload, name="model_upload"),
    path("uploads/<uuid:pk>/dismiss/", upload_dismiss, name="model_upload_dismiss"),
    path("<uuid:pk>/", model, name="model"),
    path("<uuid:pk>/promote/", model_promote, name="model_promote"),
    path("<uuid:pk>/roll-back/", model_roll_back, name="model_roll_back"),
    path("<uuid:pk>/retire/", model_retire, name="model_retire"),
    path("<uuid:pk>/compare/", model_compare, name="model_compare"),
]
