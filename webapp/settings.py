"""Every setting of the site and its queue. Defaults are safe and local; the environment overrides them."""

import sys
from pathlib import Path

import environ
from kombu import Queue

from . import env, secrets, stores
from .database import SCHEMES, database
from .safety import check_allowed_hosts, check_metrics_token, check_secret_key, check_time_zone, private_folder

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where all state lies -----------------------------------------------------------------------------------------
DATA = private_folder(Path(env.text("HEIRLOOM_DATA") or BASE_DIR / "data"))
# A request that is killed leaves what it had received here, and `up` empties it.
FILE_UPLOAD_TEMP_DIR = private_folder(DATA / "work" / "web")
# In memory, two hundred families' photos that come at once would be twice in it.
FILE_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024

# --- Safety -------------------------------------------------------------------------------------------------------
DEBUG = env.switch("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY") or secrets.kept(DATA / "secret-key")
ALLOWED_HOSTS: list[str] = env.names("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.names("CSRF_TRUSTED_ORIGINS")
if not DEBUG:
    check_secret_key(SECRET_KEY)
    check_allowed_hosts(ALLOWED_HOSTS)

# --- Applications -------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "colorizer.apps.ColorizerConfig",
    "webapp.apps.WebappConfig",
]
AUTH_USER_MODEL = "colorizer.User"
ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Where rows and files are kept --------------------------------------------------------------------------------
DATABASES = {
    "default": database(url=env.address("DATABASE_URL", SCHEMES), file=DATA / "heirloom.sqlite3"),
}
S3 = stores.S3(
    endpoint=env.text("S3_ENDPOINT"),
    bucket=env.text("S3_BUCKET"),
    access_key=env.text("S3_ACCESS_KEY"),
    secret_key=env.text("S3_SECRET_KEY"),
    region=env.text("S3_REGION"),
    public_endpoint=env.text("S3_PUBLIC_ENDPOINT"),
    addressing_style=env.text("S3_ADDRESSING_STYLE"),
    bucket_originals=env.text("S3_BUCKET_ORIGINALS"),
    bucket_results=env.text("S3_BUCKET_RESULTS"),
    bucket_models=env.text("S3_BUCKET_MODELS"),
)
if S3.is_wanted:
    S3.check()
STORAGES = {
    **(S3.storages() if S3.is_wanted else stores.on_disk(DATA)),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", default="UTC")
check_time_zone(TIME_ZONE)
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Pages --------------------------------------------------------------------------------------------------------
MIDDLEWARE = [
    "webapp.request_log.request_log",
    "webapp.headers.headers",
    "colorizer.api.middleware.speak_to_programs",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.limited.LimitMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT") or DATA / "static")

# --- Safety in the browser ----------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", *filter(None, [S3.public_origin])],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_ENGINE = "colorizer.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # not in a cookie of their own
SESSION_COOKIE_AGE = 30 * 86_400
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
# True where the site is reached through a proxy that speaks HTTPS and sets X-Forwarded-Proto itself.
HTTPS = env.switch("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
# How many proxies of ours stand before the site: so many entries at the end of X-Forwarded-For are believed.
HEIRLOOM_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("HEIRLOOM_PROXIES", default=1 if HTTPS else 0)
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from within, past the proxy
    # A browser takes a cookie of such a name from this very host alone, and from HTTPS alone.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "__Host-session", "__Host-csrf", "__Host-language"
# Whether other names under the same domain speak HTTPS, and for good, is not ours to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- What a photo may be ------------------------------------------------------------------------------------------
HEIRLOOM_MAX_FILE_MB = env.whole("HEIRLOOM_MAX_FILE_MB", default=500)
HEIRLOOM_MAX_MEGAPIXELS = env.whole("HEIRLOOM_MAX_MEGAPIXELS", default=150)  # pixels x pages
HEIRLOOM_MAX_PAGES = env.whole("HEIRLOOM_MAX_PAGES", default=100)

# --- How much a family may keep and add: see colorizer.selectors.space. 0 is no limit --------------------------------
HEIRLOOM_FAMILY_GB = env.whole("HEIRLOOM_FAMILY_GB", default=100)
HEIRLOOM_FAMILY_PHOTOS_A_DAY = env.whole("HEIRLOOM_FAMILY_PHOTOS_A_DAY", default=10_000)

# --- What is remembered of whom -----------------------------------------------------------------------------------
HEIRLOOM_AUDIT_DAYS = env.whole("HEIRLOOM_AUDIT_DAYS", default=365)

# --- Signing in ---------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
EMAIL_URL = env.address("EMAIL_URL", tuple(environ.Env.EMAIL_SCHEMES))
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Where the site can send mail, an address counts once it is confirmed, and signing up does not tell who has an account.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "optional"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_ADAPTER = "webapp.sign_in.Adapter"
ACCOUNT_RATE_LIMITS = False  # see webapp.limited and webapp.sign_in
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_FORMS = {"add_email": "webapp.address.ChangeAddressForm"}
ACCOUNT_SIGNUP_FORM_CLASS = "webapp.accounts.SignupForm"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Heirloom: "
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
if EMAIL_URL:
    globals().update(environ.Env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = env.text("EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")
    EMAIL_FILE_PATH = DATA / "mail"  # of Django's "filebased" backend
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="Heirloom <heirloom@localhost>")

# --- The queue ----------------------------------------------------------------------------------------------------
BROKER_SOCKET = DATA / "broker.sock"
CELERY_BROKER_URL = (
    env.address("CELERY_BROKER_URL", ("redis", "rediss", "redis+socket")) or f"redis+socket://{BROKER_SOCKET}"
)
EMBEDDED_BROKER = CELERY_BROKER_URL.endswith(str(BROKER_SOCKET))
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # One for all queues of a broker: the smallest rules. Far above the hard time limit, so that no copy runs beside.
    "visibility_timeout": 1800,
    # How soon the messages of a worker that died are given out again: looked at each 10 s rather than each 100 s.
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # What the first queue holds is worked on before anything of the second.
    "queue_order_strategy": "priority",
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "health_check_interval": 20,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("interactive", "bulk", "train")]  # in this order
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_SOFT_TIME_LIMIT = env.whole("HEIRLOOM_PHOTO_SECONDS", default=500)
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_POOL = "prefork"
CELERY_WORKER_POOL_START_METHOD = "spawn"  # torch in a forked child hangs
CELERY_WORKER_CONCURRENCY = 1
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory; the default one keeps a pickle

# A worker that gives no sign of life for as long as a lease has lost its job.
HEIRLOOM_LEASE_SECONDS = env.seconds("HEIRLOOM_LEASE_SECONDS", default=60)
HEIRLOOM_HEARTBEAT_SECONDS = env.seconds("HEIRLOOM_HEARTBEAT_SECONDS", default=10)
HEIRLOOM_HOUSEKEEPING_SECONDS = env.seconds("HEIRLOOM_HOUSEKEEPING_SECONDS", default=5)
# A worker or scheduler that for so long does nothing, although it could, ends itself to be started afresh.
HEIRLOOM_STANDSTILL_SECONDS = env.seconds("HEIRLOOM_STANDSTILL_SECONDS", default=60)
# What reading or colouring a photo may take beside the model itself; one that takes more is refused.
HEIRLOOM_PHOTO_MEMORY_MB = env.whole("HEIRLOOM_PHOTO_MEMORY_MB", default=2500)
# A slice of a training: after it the worker looks for photos, and no more than it is ever lost.
HEIRLOOM_SLICE_SECONDS = env.seconds("HEIRLOOM_SLICE_SECONDS", default=300)
# On so many GPUs, or processes of a processor without any, a training runs here.
HEIRLOOM_TRAIN_DEVICES = env.whole("HEIRLOOM_TRAIN_DEVICES", default=1)
# How soon an open page is told of what changed.
HEIRLOOM_LOOK_SECONDS = env.seconds("HEIRLOOM_LOOK_SECONDS", default=1)
HEIRLOOM_RESEND_SECONDS = env.seconds("HEIRLOOM_RESEND_SECONDS", default=300)

# --- What a monitor may ask ---------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")
check_metrics_token(METRICS_TOKEN)

# --- What is written down -----------------------------------------------------------------------------------------
LOG_FORMAT = env.one_of("LOG_FORMAT", ("line", "json"), default="line" if sys.stderr.isatty() else "json")
LOG_LEVEL = env.one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "webapp.logs.LineFormatter"}, "json": {"()": "webapp.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},  # the rest stands in the line of its request
        "uvicorn": {"handlers": [], "propagate": True},
        "pyvips": {"level": "WARNING"},  # it reports every step of every picture
    },
}
