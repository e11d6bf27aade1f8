"""The storages of `colorizer.storage`, made from the site's settings: folders of the data folder, or S3."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

ALIASES = ("originals", "results", "models")
LINK_SECONDS = 300
"""So long a link to the store itself can be followed."""


def on_disk(data: Path) -> dict[str, dict[str, Any]]:
    """A folder for each. What lies in originals cannot be written to."""
    storages: dict[str, dict[str, Any]] = {
        alias: {"BACKEND": "colorizer.stores.DiskStore", "OPTIONS": {"location": data / alias}} for alias in ALIASES
    }
    storages["originals"]["OPTIONS"]["file_permissions_mode"] = 0o440
    return storages


@dataclass(frozen=True)
class S3:
    """The variables S3_*, as they were given; an empty one is not given."""

    endpoint: str = ""
    bucket: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = ""
    public_endpoint: str = ""
    addressing_style: str = ""
    bucket_originals: str = ""
    bucket_results: str = ""
    bucket_models: str = ""

    @property
    def is_wanted(self) -> bool:
        """Whether any of them is given: half of them is a mistake, not a wish for the disk."""
        return any(getattr(self, each.name) for each in fields(self))

    @property
    def buckets(self) -> Mapping[str, str]:
        return {alias: getattr(self, f"bucket_{alias}") or self.bucket for alias in ALIASES}

    @property
    def public_origin(self) -> str:
        """What Content-Security-Policy calls the place where browsers reach the store; empty where they do not."""
        parts = urlsplit(self.public_endpoint)
        if not self.public_endpoint:
            return ""
        # With virtual addressing the bucket is part of the host's name.
        return f"{parts.scheme}://{'*.' if self._style == 'virtual' else ''}{parts.netloc}"

    @property
    def _style(self) -> str:
        # Amazon's own service no longer takes paths for new buckets; others seldom have a name for each bucket.
        return self.addressing_style or ("path" if self.endpoint else "virtual")

    def check(self) -> None:
        """Raises ImproperlyConfigured where it cannot work, in a sentence that says what is missing."""
        given = {
            "S3_ACCESS_KEY": self.access_key,
            "S3_SECRET_KEY": self.secret_key,
            "S3_ENDPOINT (or S3_REGION, for Amazon's own service)": self.endpoint or self.region,
            "S3_BUCKET (or S3_BUCKET_ORIGINALS, S3_BUCKET_RESULTS and S3_BUCKET_MODELS)": all(self.buckets.values()),
        }
        if missing := [name for name, value in given.items() if not value]:
            raise ImproperlyConfigured(
                f"Photos should be kept in an S3 store, but {' and '.join(missing)} is not set. Set what is missing, "
                "or leave out all variables that begin with S3_ to keep photos in the data folder."
            )
        for name, address in (("S3_ENDPOINT", self.endpoint), ("S3_PUBLIC_ENDPOINT", self.public_endpoint)):
            parts = urlsplit(address)
            if address and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
                raise ImproperlyConfigured(
                    f"{name} must be an address such as https://s3.example.org, without a path; it is {address!r}."
                )
        if self._style not in ("path", "virtual"):
            raise ImproperlyConfigured(f"S3_ADDRESSING_STYLE must be path or virtual, not {self._style!r}.")

    def storages(self) -> dict[str, dict[str, Any]]:
        """A part of a bucket for each: private, signed, nothing overwritten."""
        from colorizer.stores.objects import client_config

        common = {
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "endpoint_url": self.endpoint or None,
            "region_name": self.region or "us-east-1",
            "public_endpoint": self.public_endpoint or None,
            "client_config": client_config(addressing_style=self._style),
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": LINK_SECONDS,
        }
        return {
            alias: {
                "BACKEND": "colorizer.stores.objects.ObjectStore",
                "OPTIONS": {**common, "bucket_name": bucket, "location": alias},
            }
            for alias, bucket in self.buckets.items()
        }
