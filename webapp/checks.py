"""System checks: what would fail later, said before the start."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

LONGEST_SOCKET_PATH = 100
"""Linux allows 107 bytes for a socket file's path; the rest is left for what others append."""
TIME_OF_A_SLICE_TO_END = 210
"""Seconds before the hard time limit in which a slice that is over keeps what it learned: see `worker.guard`."""
TIME_TO_END = 20
"""Seconds before the hard time limit in which a job over its own still ends itself and says why."""


@register
def socket_path_fits(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    length = len(os.fsencode(settings.BROKER_SOCKET))
    if not settings.EMBEDDED_BROKER or length <= LONGEST_SOCKET_PATH:
        return []
    return [
        Error(
            f"The data folder's path is too long for the broker's socket file ({length} bytes, at most "
            f"{LONGEST_SOCKET_PATH}): {settings.BROKER_SOCKET}",
            hint="Choose a shorter folder with HEIRLOOM_DATA, or set CELERY_BROKER_URL.",
            id="webapp.E001",
        )
    ]


@register
def quotas_are_not_negative(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    names = ("HEIRLOOM_FAMILY_GB", "HEIRLOOM_FAMILY_PHOTOS_A_DAY", "HEIRLOOM_PROXIES")
    return [
        Error(f"{name} must be 0 or more.", hint="Leave it out for the default.", id="webapp.E003")
        for name in names
        if getattr(settings, name) < 0
    ]


@register
def limits_are_positive(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    limits = ("HEIRLOOM_MAX_FILE_MB", "HEIRLOOM_MAX_MEGAPIXELS", "HEIRLOOM_MAX_PAGES", "HEIRLOOM_AUDIT_DAYS")
    names = (*limits, "HEIRLOOM_TRAIN_DEVICES", "HEIRLOOM_PHOTO_MEMORY_MB")
    return [
        Error(f"{name} must be 1 or more.", hint="Leave it out for the default.", id="webapp.E002")
        for name in names
        if getattr(settings, name) < 1
    ]


@register
def a_photo_ends_before_its_process(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    most = settings.CELERY_TASK_TIME_LIMIT - TIME_TO_END
    if 1 <= settings.CELERY_TASK_SOFT_TIME_LIMIT <= most:
        return []
    says = f"HEIRLOOM_PHOTO_SECONDS must be 1 to {most}: a process that works for longer is ended with its photo."
    return [Error(says, hint="Leave it out for the default.", id="webapp.E004")]


@register
def a_slice_ends_before_its_process(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    most = settings.CELERY_TASK_TIME_LIMIT - TIME_OF_A_SLICE_TO_END
    if most >= settings.HEIRLOOM_SLICE_SECONDS:
        return []
    says = f"HEIRLOOM_SLICE_SECONDS must be at most {most}: a process that works for longer is ended with its slice."
    return [Error(says, hint="Leave it out for the default.", id="webapp.E005")]
