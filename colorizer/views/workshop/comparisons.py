"""Comparisons: a candidate and the live model in figures, side by side, and by blind vote."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ...models import Comparison, ComparisonPhoto, Status, Vote
from ...selectors import comparisons as selectors
from ...services import comparing
from .. import streaming
from ..access import FamilyRequest
from .access import may


@may("view_comparison")
@require_safe
def comparisons(request: FamilyRequest) -> HttpResponse:
    return render(request, "workshop/comparisons.html", {"comparisons": selectors.latest()})


@may("view_comparison")
@require_safe
def comparison(request: FamilyRequest, pk: UUID) -> HttpResponse:
    return render(request, "workshop/comparison.html", selectors.page(_comparison(pk), user=request.user))


@may("view_comparison")
@require_safe
def comparison_photos(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _done(pk)
    page = selectors.photos_page(found, request.GET.get("page", "1"))
    return render(request, "workshop/comparison_photos.html", {"comparison": found, "page": page})


@may("view_comparison")
@require_safe
def comparison_picture(request: FamilyRequest, pk: UUID, number: int, what: str) -> HttpResponseBase:
    file = selectors.picture(_photo(pk, number), what, user=request.user)
    if file is None:
        raise Http404
    try:
        # On a side that is the voter's own: the store's link would tell whose picture it is.
        return streaming.stored_file(request, file, immutable=False, download_as=None, may_link=False)
    except FileNotFoundError as error:
        raise Http404 from error


@may("add_vote")
@require_safe
def comparison_vote(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """The next photo to vote on, or the one that was voted on just now, with what came out."""
    found, after = _done(pk), request.GET.get("after", "")
    voted = get_object_or_404(Vote, photo=_photo(pk, int(after)), voter=request.user) if after.isdecimal() else None
    context: dict[str, Any] = {"comparison": found, "vote": voted}
    if voted:
        context["first"] = selectors.side_of(voted.photo, "first", user=request.user)
        context["tally"] = selectors.tally(found, photo=voted.photo)
    context["photo"] = voted.photo if voted else selectors.next_to_vote(found, user=request.user)
    return render(request, "workshop/comparison_vote.html", context)


@may("add_vote")
@require_POST
def comparison_vote_cast(request: FamilyRequest, pk: UUID, number: int) -> HttpResponse:
    photo, side = _photo(pk, number), request.POST.get("side", "")
    if side not in (*selectors.SIDES, Vote.Choice.NEITHER):
        raise Http404
    choice = side if side == Vote.Choice.NEITHER else selectors.side_of(photo, side, user=request.user)
    comparing.vote(photo=photo, voter=request.user, choice=choice)
    return redirect(f"{request.path.removesuffix(f'{number}/')}?after={number}")


@may("add_comparison")
@require_POST
def comparison_retry(request: FamilyRequest, pk: UUID) -> HttpResponse:
    return redirect("comparison", comparing.retry(comparison=_comparison(pk)).pk)


@may("add_comparison")
@require_POST
def comparison_delete(request: FamilyRequest, pk: UUID) -> HttpResponse:
    found = _comparison(pk)
    candidate = found.candidate_id
    comparing.delete(comparison=found)
    messages.info(request, _("The comparison and its pictures are gone."))
    return redirect("model", candidate)


def _comparison(pk: UUID) -> Comparison:
    return get_object_or_404(Comparison.objects.select_related("candidate", "live", "benchmark__dataset"), pk=pk)


def _done(pk: UUID) -> Comparison:
    """Before all photos are judged, none is shown."""
    found = _comparison(pk)
    if found.status != Status.DONE:
        raise Http404
    return found


def _photo(pk: UUID, number: int) -> ComparisonPhoto:
    there = ComparisonPhoto.objects.filter(item__item__isnull=False, comparison__status=Status.DONE)
    return get_object_or_404(there, pk=number, comparison=pk)


urlpatterns = [
    path("", comparisons, name="comparisons"),
    path("<uuid:pk>/", comparison, name="comparison"),
    path("<uuid:pk>/photos/", comparison_photos, name="comparison_photos"),
    path("<uuid:pk>/photos/<int:number>/<slug:what>.webp", comparison_picture, name="comparison_picture"),
    path("<uuid:pk>/vote/", comparison_vote, name="comparison_vote"),
    path("<uuid:pk>/vote/<int:number>/", comparison_vote_cast, name="comparison_vote_cast"),
    path("<uuid:pk>/retry/", comparison_retry, name="comparison_retry"),
    path("<uuid:pk>/delete/", comparison_delete, name="comparison_delete"),
]
