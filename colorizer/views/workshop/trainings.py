"""Trainings: the list of them, one that is begun, and one to watch."""

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ... import storage
from ...models import DatasetVersion, Training
from ...selectors import curves
from ...selectors import trainings as selectors
from ...services import training as service
from ...training_form import TrainingForm
from .. import streaming
from ..access import FamilyRequest
from .access import may


@may("view_training")
@require_safe
def trainings(request: FamilyRequest) -> HttpResponse:
    found = Training.objects.select_related("dataset_version__dataset", "model_version")[:100]
    return render(request, "workshop/trainings.html", {"trainings": found})


@may("add_training")
@require_http_methods(["GET", "POST"])
def training_new(request: FamilyRequest) -> HttpResponse:
    """The form; with an estimate where that was asked for; or the training that it began."""
    form, estimate = TrainingForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        try:
            if "start-now" in request.POST:
                return redirect("training", service.start(by=request.user, **form.asked).pk)
            estimate = service.estimate(**form.asked)
        except service.CannotTrain as error:
            form.add_error(None, error.message)
    versions = DatasetVersion.objects.exists()
    return render(request, "workshop/training_new.html", {"form": form, "estimate": estimate, "has_versions": versions})


@may("view_training")
@require_safe
def training(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """One to watch: the page asks for itself again while it is open."""
    found = _training(pk)
    context = {
        "training": found,
        "chart": curves.chart(list(found.points.all())),
        "rows": curves.rows(found),
        "left": selectors.seconds_left(found),
        "lines": selectors.log_of(found),
        "settings": selectors.settings_of(found),
        "trouble": selectors.trouble_of(found),
    }
    return render(request, "workshop/training.html", context)


@may("change_training")
@require_POST
def training_pause(request: FamilyRequest, pk: UUID) -> HttpResponse:
    service.pause(training=_training(pk), by=request.user)
    return redirect("training", pk)


@may("change_training")
@require_POST
def training_resume(request: FamilyRequest, pk: UUID) -> HttpResponse:
    service.resume(training=_training(pk), by=request.user)
    return redirect("training", pk)


@may("change_training")
@require_POST
def training_cancel(request: FamilyRequest, pk: UUID) -> HttpResponse:
    service.cancel(training=_training(pk), by=request.user)
    return redirect("training", pk)


@may("view_training")
@require_safe
def training_sample(request: FamilyRequest, pk: UUID, step: int) -> HttpResponseBase:
    """The sample photos as they were at ``step``: input, output, truth."""
    found = _training(pk)
    if step not in found.samples:
        raise Http404
    file = storage.StoredFile(storage.models(), service.sample_key(found, step), pk)
    try:
        # Never by a link to the store, nor kept by the browser for good: a family may withdraw a photo in it.
        return streaming.stored_file(request, file, immutable=False, download_as=None, may_link=False)
    except FileNotFoundError as error:
        raise Http404 from error


def _training(pk: UUID) -> Training:
    everything = Training.objects.select_related("dataset_version__dataset", "start_version", "model_version")
    return get_object_or_404(everything, pk=pk)


urlpatterns = [
    path("", trainings, name="trainings"),
    path("new/", training_new, name="training_new"),
    path("<uuid:pk>/", training, name="training"),
    path("<uuid:pk>/pause/", training_pause, name="training_pause"),
    path("<uuid:pk>/resume/", training_resume, name="training_resume"),
    path("<uuid:pk>/cancel/", training_cancel, name="training_cancel"),
    path("<uuid:pk>/samples/<int:step>.png", training_sample, name="training_sample"),
]
