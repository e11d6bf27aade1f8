from django.apps import AppConfig


class WebappConfig(AppConfig):
    name = "webapp"

    def ready(self) -> None:
        from . import checks, witness  # noqa: F401 - the system checks, and what listens to signals
