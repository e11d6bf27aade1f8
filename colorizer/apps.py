from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ColorizerConfig(AppConfig):
    name = "colorizer"
    verbose_name = _("Family albums")

    def ready(self) -> None:
        from . import roles

        post_migrate.connect(roles.make, sender=self)
