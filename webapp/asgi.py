"""The server entry: ``uvicorn webapp.asgi:application``."""

import os

from django.core.asgi import get_asgi_application

from .body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

application = BodyLimit(get_asgi_application())
