"""All addresses of the workshop: a part adds its list here."""

from django.urls import URLPattern, URLResolver, path

from . import index

urlpatterns: list[URLPattern | URLResolver] = [
    path("", index.index, name="workshop"),
]
