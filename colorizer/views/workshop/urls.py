"""All addresses of the workshop: a part adds its list here."""

from django.urls import URLPattern, URLResolver, include, path

from . import comparisons, datasets, index, models, trainings

urlpatterns: list[URLPattern | URLResolver] = [
    path("", index.index, name="workshop"),
    path("datasets/", include(datasets)),
    path("trainings/", include(trainings)),
    path("models/", include(models)),
    path("comparisons/", include(comparisons)),
]
