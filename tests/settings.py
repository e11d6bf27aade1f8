"""The site's settings for its tests: state of their own in a temporary folder, and a queue that loses patience quickly.

The processes that tests start read `webapp.settings` and the same environment: they share the folder and its database.
"""

import os
import tempfile

DATA_OF_TESTS = tempfile.mkdtemp(prefix="heirloom-")
os.environ.update(
    HEIRLOOM_DATA=DATA_OF_TESTS,
    CELERY_BROKER_URL="",
    HEIRLOOM_LEASE_SECONDS="3",
    HEIRLOOM_HEARTBEAT_SECONDS="0.5",
    HEIRLOOM_HOUSEKEEPING_SECONDS="0.5",
    HEIRLOOM_RESEND_SECONDS="2",
)
for name in ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "EMAIL_URL", "HTTPS"):
    os.environ.pop(name, None)

from webapp.settings import *  # noqa: E402, F403
from webapp.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

STATIC_ROOT.mkdir()  # WhiteNoise warns where it is missing, and a warning is an error here

DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
