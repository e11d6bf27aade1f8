from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from .. import limits
from ..selectors import gallery
from ..services import intake
from . import access, tiles
from .access import FamilyRequest, signed_in


@signed_in
@require_POST
def upload(request: FamilyRequest, pk: UUID) -> HttpResponse:
    """One file a request, so that each has its own progress and its own answer."""
    limits.take("upload", request.user.pk, limits.UPLOADS)
    album = access.album(request.user, pk, edit=True)
    file, position = request.FILES.get("file"), request.POST.get("position", "")
    try:
        photo = intake.accept(
            into=album, user=request.user, upload=file, position=int(position) if position.isdecimal() else 1
        )
    except intake.Refused as refused:
        return JsonResponse({"code": refused.code, "message": refused.message}, status=refused.status)
    except intake.AlreadyHere as here:
        address = reverse("trash") if here.is_in_trash else reverse("photo", args=[here.photo.pk])
        return JsonResponse({"code": here.code, "message": here.message, "photo": address}, status=409)
    tile = tiles.render(request, gallery.with_colors([photo])[0], can_edit=True)
    return JsonResponse({"photo": str(photo.pk), "tile": tile}, status=201)
