from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..forms import AlbumForm
from ..models import User
from ..selectors import gallery


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The albums of the user's families; what Heirloom is, for those who are not signed in."""
    if not isinstance(request.user, User):
        return render(request, "landing.html")
    return render(request, "home.html", {"families": gallery.families(user=request.user), "form": AlbumForm()})
