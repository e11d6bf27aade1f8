"""What a backup is made of: the members of the archive, their names and their order.

1. ``heirloom.json``: the format's number, Heirloom's version, the state of the database, what is counted
2. ``rows/000001.jsonl`` and on: the database
3. ``models/SHA256``: weights
4. ``datasets/ID.jpg``: the photos of datasets
5. ``originals/ID.jpg``: what the families uploaded, byte by byte
6. ``results/…``, where asked for: what can be made again
7. ``absent.jsonl``: what rows speak of, but was not to be had when its turn came
8. ``SHA256SUMS``

Members come in this order, and within each kind by their names: no name can come twice.
"""

import re
import tomllib
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from .tarball import Damaged

FORMAT = 1
HEADER, ABSENT = "heirloom.json", "absent.jsonl"
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NAMES = {
    "header": re.compile(HEADER.replace(".", r"\.")),
    "rows": re.compile(r"rows/[0-9]{6}\.jsonl"),
    "models": re.compile("models/(?P<sha256>[0-9a-f]{64})"),
    "datasets": re.compile(rf"datasets/(?P<id>{_ID})\.[a-z]{{3,4}}"),
    "originals": re.compile(rf"originals/(?P<id>{_ID})\.[a-z]{{3,4}}"),
    "photos": re.compile(rf"results/(?P<key>photos/(?P<id>{_ID})/[a-z0-9-]+\.[a-z]{{3,4}})"),
    "colorings": re.compile(rf"results/(?P<key>colorings/(?P<id>{_ID})/[a-z0-9-]+\.[a-z]{{3,4}})"),
    "absent": re.compile(ABSENT.replace(".", r"\.")),
}
"""How the members of each kind are called, in the order of the archive."""


@dataclass(frozen=True)
class Header:
    """What an archive says of itself before all else."""

    format: int
    heirloom: str
    made_at: str
    migrations: list[str]
    rows: dict[str, int]
    files: dict[str, int] = field(default_factory=dict)
    has_results: bool = False

    @staticmethod
    def read(said: Any) -> "Header":
        """From JSON. Raises Damaged where it is none, and Newer where a later Heirloom made it."""
        if not isinstance(said, dict) or not isinstance(said.get("format"), int):
            raise Damaged("This is not an archive that Heirloom wrote.")
        if said["format"] > FORMAT:
            raise Unfit(f"This archive was made by a newer Heirloom ({said.get('heirloom')}): update this one first.")
        try:
            return Header(**said)
        except TypeError as error:
            raise Damaged("The archive's description of itself is damaged.") from error

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Unfit(Exception):
    """The archive, or the system it should go to, is not such that it can be restored; says why in a sentence."""


class Order:
    """Watches the names of an archive's members go by."""

    def __init__(self) -> None:
        self._last: tuple[int, str] = (-1, "")

    def kind_of(self, name: str) -> tuple[str, dict[str, str]]:
        """The kind of the member called so, and the parts of its name. Raises Damaged for any other, or out of turn."""
        for place, (kind, pattern) in enumerate(NAMES.items()):
            if found := pattern.fullmatch(name):
                if (place, name) <= self._last:
                    raise Damaged(f"The archive holds {name} twice, or out of its order.")
                self._last = (place, name)
                return kind, found.groupdict()
        raise Damaged(f"The archive holds something that Heirloom never puts there: {name!r}.")


def version() -> str:
    """Heirloom's own."""
    found: str = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    return found


def migrations() -> list[str]:
    """The state of the database: what was migrated."""
    return sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())
