"""The server entry: ``uvicorn webapp.asgi:application``."""

import gc
import logging
import os

from django.core.asgi import get_asgi_application

from .body_limit import BodyLimit
from .in_turn import FilesInTurn
from .memory import share_one_heap
from .request_id import RequestId

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

share_one_heap()
application = RequestId(BodyLimit(FilesInTurn(get_asgi_application())))

# What Python warns of is written down as all else is.
logging.captureWarnings(True)

# What is loaded by now stays: the collector need not go through it again and again.
gc.collect()
gc.freeze()
