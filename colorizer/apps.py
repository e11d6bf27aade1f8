from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ColorizerConfig(AppConfig):
    name = "colorizer"
    verbose_name = _("Family albums")
