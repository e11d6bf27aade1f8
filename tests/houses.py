"""Installations beside the one of the tests, each used by its commands alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

from colorizer.models import User
from tests.conftest import PASSWORD
from tests.stack import ROOT

VISIT = """
import django, sys
django.setup()
from django.core.management import call_command
from django.test import Client
from colorizer.models import Photo
call_command("collectstatic", verbosity=0, interactive=False)
client = Client(SERVER_NAME="127.0.0.1")
photo = Photo.objects.get()
client.post("/accounts/login/", {"login": sys.argv[1], "password": sys.argv[2]})
for page in (f"/albums/{photo.album_id}/", f"/photos/{photo.pk}/original/", f"/photos/{photo.pk}/result/"):
    answer = client.get(page)
    print(answer.status_code, answer["Content-Type"].split(";")[0])
"""
"""Sign in, look at the album and at both pictures."""


class House:
    """One installation: its own folder, and the servers that its environment names."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "LANG"))}
        self.environment = {
            **kept,
            "HEIRLOOM_DATA": str(data),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            **environment,
        }

    def run(self, *command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, input=stdin, capture_output=True, check=False
        )

    def manage(self, *command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return self.run("manage.py", *command, stdin=stdin)

    def restored(self, archive: str, stdin: bytes = b"") -> str:
        done = self.manage("restore", archive, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def verified(self) -> list[dict[str, str]]:
        """What is wrong in it."""
        done = self.manage("verify", "--json")
        assert done.returncode in (0, 1), done.stderr.decode()
        findings: list[dict[str, str]] = json.loads(done.stdout)["findings"]
        return findings

    def visited(self, user: User) -> list[str]:
        done = self.run("-c", VISIT, user.email, PASSWORD)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().splitlines()
