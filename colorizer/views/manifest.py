from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

PAPER = "#faf6ee"


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to keep Heirloom among its apps."""
    icons = [("icons/icon-192.png", "192x192", "any"), ("icons/icon-512.png", "512x512", "any")]
    icons.append(("icons/icon-maskable-512.png", "512x512", "maskable"))
    about = {
        "name": "Heirloom",
        "short_name": "Heirloom",
        "description": _("Your family's black-and-white album, in colour."),
        "lang": get_language(),
        "id": reverse("home"),
        "start_url": reverse("home"),
        "scope": reverse("home"),
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": static(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for path, sizes, purpose in icons
        ],
    }
    return JsonResponse(about, content_type="application/manifest+json")
