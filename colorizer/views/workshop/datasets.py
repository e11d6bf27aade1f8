"""Datasets: the list of them, one with its photos to go through, what it would teach, and its versions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ... import gate, naming, storage
from ...dataset_forms import AddForm, DatasetForm, JudgeForm
from ...models import Dataset, DatasetItem, DatasetVersion
from ...selectors import benchmarks, curating, offers, teaching
from ...selectors import datasets as selectors
from ...selectors.curating import Filter
from ...services import curation, exporting, importing
from ...services import datasets as service
from .. import streaming
from ..access import FamilyRequest
from .access import may

REPORT = "import-report"
MOST_TOLD = 50
"""Refused files that a page names."""


@may("view_dataset")
@require_http_methods(["GET", "POST"])
def datasets(request: FamilyRequest) -> HttpResponse:
    form = DatasetForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and not request.user.has_perm("colorizer.add_dataset"):
        raise Http404
    if form.is_valid():
        return redirect("dataset", service.create(by=request.user, **form.cleaned_data).pk)
    return render(request, "workshop/datasets.html", {"datasets": curating.all_datasets(), "form": form})


@may("view_dataset")
@require_safe
def dataset(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """The photos, filtered; with ``photo``, one of them beside the others."""
    return render(request, "workshop/dataset.html", _page(request, _dataset(pk), request.GET))


@may("view_dataset")
@require_safe
def dataset_photo(request: FamilyRequest, pk: UUID, item: UUID) -> HttpResponse:
    """One photo: a part of the page where a script asks for it, else the page."""
    found, which = _item(pk, item), Filter.of(request.GET)
    if not request.htmx:
        return redirect(_address(found.dataset, which, found))
    return render(request, "workshop/dataset_photo.html", curating.panel(found, which))


@may("change_datasetitem")
@require_POST
def dataset_judge(request: FamilyRequest, pk: UUID, item: UUID) -> HttpResponse:
    """Decide on one photo, and go on to the next where it was accepted or rejected."""
    found, which = _item(pk, item), Filter.of(request.GET)
    following = curating.after(found, which) if "state" in request.POST else None
    _decide(request, found.dataset, [found.pk])
    shown = following or curating.one(found.dataset, found.pk)
    if not request.htmx or shown is None:
        return redirect(_address(found.dataset, which, shown))
    context = curating.panel(shown, which) | {"judged": curating.one(found.dataset, found.pk)}
    return render(request, "workshop/dataset_photo.html", context)


@may("change_datasetitem")
@require_POST
def dataset_judge_all(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """Decide on all photos of a filter."""
    found, which = _dataset(pk), Filter.of(request.GET)
    count = _decide(request, found, which.apply(found.items.all()).values("pk"))
    messages.success(request, ngettext("%(n)s photo was changed.", "%(n)s photos were changed.", count) % {"n": count})
    return redirect(_address(found, which))


@may("delete_datasetitem")
@require_POST
def dataset_delete(request: FamilyRequest, pk: UUID, item: UUID) -> HttpResponse:
    found, which = _item(pk, item), Filter.of(request.GET)
    following = curating.after(found, which)
    service.delete_items(items=DatasetItem.objects.filter(pk=found.pk), by=request.user)
    messages.info(request, _("The photo and its file are deleted."))
    return redirect(_address(found.dataset, which, following))


@may("delete_datasetitem")
@require_POST
def dataset_delete_rejected(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _dataset(pk)
    rejected = found.items.filter(state=DatasetItem.State.REJECTED)
    count = service.delete_items(items=rejected, by=request.user)
    messages.info(request, ngettext("%(n)s photo is deleted.", "%(n)s photos are deleted.", count) % {"n": count})
    return redirect("dataset", pk)


@may("add_datasetitem")
@require_POST
def dataset_add(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """Photos and ZIPs of a form; what was refused is the answer to a script, and else told on the page that follows."""
    found, form = _dataset(pk), AddForm(request.POST)
    uploads = request.FILES.getlist("files")
    if not form.is_valid() or not uploads:
        messages.error(request, _("Choose photos or a ZIP of photos first."))
        return redirect("dataset", pk)
    report = importing.add_uploads(dataset=found, uploads=uploads, said=form.said, by=request.user)
    asked_by_script = request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    return _answered(request, report) if asked_by_script else _reported(request, found, report)


@may("add_datasetitem")
@require_POST
def dataset_take_offers(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _dataset(pk)
    return _reported(request, found, importing.add_offered(dataset=found, by=request.user))


@may("view_dataset")
@require_safe
def dataset_lessons(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _dataset(pk)
    context = {"dataset": found, "lessons": teaching.lessons(found), "ready": selectors.readiness(found)}
    versions = [(each, selectors.missing(each), each.items.count()) for each in found.versions.all()]
    fit = set(benchmarks.fit().values_list("pk", flat=True))
    context |= {"versions": versions, "fit": fit, "enough": gate.FEWEST}
    return render(request, "workshop/dataset_lessons.html", context)


@may("add_datasetversion")
@require_POST
def dataset_freeze(request: FamilyRequest, pk: UUID) -> HttpResponse:
    try:
        version = service.freeze(dataset=_dataset(pk), by=request.user)
        messages.success(request, _("Frozen: version %(number)s.") % {"number": version.number})
    except service.Unready as error:
        messages.error(request, str(error))
    return redirect("dataset_lessons", pk)


@may("view_dataset")
@require_safe
def dataset_export(request: FamilyRequest, pk: UUID) -> HttpResponseBase:
    """A ZIP of the accepted photos with their index; of a frozen version's where one is named."""
    found = _dataset(pk)
    number = request.GET.get("version", "")
    version = get_object_or_404(DatasetVersion, dataset=found, number=number) if number.isdecimal() else None
    packed = exporting.packed(dataset=found, version=version, by=request.user)
    response = streaming.stream(request, packed, content_type="application/zip")
    name = f"{naming.stem(str(version or found))}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return streaming.guarded(response)


@may("view_datasetitem")
@require_safe
def dataset_file(request: FamilyRequest, pk: UUID, item: UUID, what: str) -> HttpResponseBase:
    found = _item(pk, item)
    file = storage.file_of_item(found, what)
    if file is None:
        raise Http404
    try:
        # Never by a link to the store, nor kept by the browser for good: a family may withdraw the photo.
        return streaming.stored_file(request, file, immutable=False, download_as=None, may_link=False)
    except FileNotFoundError as error:
        raise Http404 from error


def _dataset(pk: UUID) -> Dataset:
    return get_object_or_404(Dataset, pk=pk)


def _item(pk: UUID, item: UUID) -> DatasetItem:
    return get_object_or_404(DatasetItem.objects.select_related("dataset"), dataset=pk, pk=item)


def _address(dataset: Dataset, which: Filter, item: DatasetItem | None = None) -> str:
    query = "&".join(filter(None, [which.query, f"photo={item.pk}" if item else ""]))
    return reverse("dataset", args=[dataset.pk]) + (f"?{query}" if query else "")


def _decide(request: FamilyRequest, dataset: Dataset, ids: "list[UUID] | QuerySet[Any, Any]") -> int:
    form = JudgeForm(request.POST)
    return curation.decide(items=dataset.items.filter(pk__in=ids), **form.decided) if form.is_valid() else 0


def _reported(request: FamilyRequest, dataset: Dataset, report: importing.Report) -> HttpResponse:
    request.session[REPORT] = _told(report)
    return redirect("dataset", dataset.pk)


def _answered(request: FamilyRequest, report: importing.Report) -> HttpResponse:
    """To the script that sends file by file: nothing more of a photo that is in, a sentence of one that is not."""
    if report.is_plain:
        return JsonResponse({}, status=201)
    if not report.taken and len(report.refused) == 1:
        return JsonResponse({"message": report.refused[0][1]}, status=422)
    told = render_to_string("workshop/dataset_report.html", {"report": _told(report)}, request)
    return JsonResponse({"report": told}, status=201 if report.taken else 422)


def _told(report: importing.Report) -> dict[str, Any]:
    refused, in_part = report.refused[:MOST_TOLD], report.in_part[:MOST_TOLD]
    more = len(report.refused) - len(refused)
    return {"taken": report.taken, "refused": refused, "more": more, "in_part": in_part}


def _page(request: FamilyRequest, found: Dataset, said: QueryDict | Mapping[str, str]) -> dict[str, object]:
    which = Filter.of(said)
    page = curating.grid(found, which, said.get("page", ""))
    try:
        chosen = curating.one(found, UUID(said.get("photo", "")))
    except ValueError:
        chosen = None
    context: dict[str, object] = {
        "dataset": found,
        "which": which,
        "page": page,
        "counts": curating.counts(found),
        "flags": curating.FLAGS,
        "categories": curating.categories(found),
        "usual": curating.USUAL,
        "most_bytes": settings.HEIRLOOM_MAX_FILE_MB * 1_000_000,
        "add_form": AddForm(auto_id="add-%s"),
        "offers": offers.not_taken_in().count(),
        "report": request.session.pop(REPORT, None),
    }
    return context | (curating.panel(chosen, which) if chosen else {})


urlpatterns = [
    path("", datasets, name="datasets"),
    path("<uuid:pk>/", dataset, name="dataset"),
    path("<uuid:pk>/judge/", dataset_judge_all, name="dataset_judge_all"),
    path("<uuid:pk>/add/", dataset_add, name="dataset_add"),
    path("<uuid:pk>/offers/", dataset_take_offers, name="dataset_take_offers"),
    path("<uuid:pk>/delete-rejected/", dataset_delete_rejected, name="dataset_delete_rejected"),
    path("<uuid:pk>/lessons/", dataset_lessons, name="dataset_lessons"),
    path("<uuid:pk>/freeze/", dataset_freeze, name="dataset_freeze"),
    path("<uuid:pk>/export/", dataset_export, name="dataset_export"),
    path("<uuid:pk>/photos/<uuid:item>/", dataset_photo, name="dataset_photo"),
    path("<uuid:pk>/photos/<uuid:item>/judge/", dataset_judge, name="dataset_judge"),
    path("<uuid:pk>/photos/<uuid:item>/delete/", dataset_delete, name="dataset_delete"),
    path("<uuid:pk>/photos/<uuid:item>/<slug:what>/", dataset_file, name="dataset_file"),
]
