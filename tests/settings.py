"""The site's settings for its tests: state of their own in a temporary folder, and a queue that loses patience quickly.

The processes that tests start read `webapp.settings` and the same environment: they share the folder and its database.

HEIRLOOM_TESTS_ON=servers runs them on PostgreSQL and an S3 store, real ones, instead of SQLite and the folder.
"""

import os
import tempfile
from pathlib import Path

from tests.servers import servers_in

DATA_OF_TESTS = tempfile.mkdtemp(prefix="heirloom-")
os.environ.update(
    HEIRLOOM_DATA=DATA_OF_TESTS,
    CELERY_BROKER_URL="",
    OMP_WAIT_POLICY="PASSIVE",  # threads of one test process that wait take no time from the other
    OPENBLAS_NUM_THREADS="1",  # NumPy's know no such policy: its small sums took three times as long with two
    HEIRLOOM_LEASE_SECONDS="3",
    HEIRLOOM_HEARTBEAT_SECONDS="0.5",
    HEIRLOOM_HOUSEKEEPING_SECONDS="1",
    HEIRLOOM_LOOK_SECONDS="0.2",
    HEIRLOOM_RESEND_SECONDS="2",
    HEIRLOOM_SLICE_SECONDS="3",
)
# Processes are started by the hundred: each but the first reads our code compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for name in list(os.environ):
    if name in ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "EMAIL_URL", "HTTPS") or name.startswith("S3_"):
        del os.environ[name]
# Their addresses are known from here on; conftest starts them.
SERVERS = None
if os.environ.get("HEIRLOOM_TESTS_ON") == "servers":
    SERVERS = servers_in(Path(tempfile.mkdtemp(prefix="heirloom-servers-")))
    os.environ.update(SERVERS.environment())

from webapp.settings import *  # noqa: E402, F403
from webapp.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

STATIC_ROOT.mkdir()  # WhiteNoise warns where it is missing, and a warning is an error here

DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
