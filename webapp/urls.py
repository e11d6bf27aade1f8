from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from . import health, metrics

# Staff sign in on the family's own page, where tries are counted.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "webapp.trouble.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("colorizer.api.urls")),
    path("workshop/", include("colorizer.views.workshop.urls")),
    path("", include("colorizer.urls")),
]
