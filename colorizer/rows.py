"""The database as lines of JSON that any database can take in, every model of ours among them.

A model is in unless LEFT_OUT says why it is not: whoever adds one need not think of backups, and cannot forget them.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import IO, Any, Protocol, cast

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.core.management.color import no_style
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.core.serializers.json import DjangoJSONEncoder
from django.core.serializers.jsonl import Serializer
from django.core.serializers.python import Deserializer
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Model

from .tarball import Damaged

LEFT_OUT = {
    "auth.permission": "made by migrate, with other numbers on every system; who has one is kept by its name",
    "contenttypes.contenttype": "made by migrate, with other numbers on every system",
    "account.emailconfirmation": "links of a few days, each a secret",
    "sessions.session": "who is signed in where, each a secret: all sign in anew",
    "colorizer.session": "who is signed in where, each a secret: all sign in anew",
    "colorizer.limit": "how often someone tried lately",
    "colorizer.discard": "files of this system that are about to go: no archive holds them",
    "colorizer.workerstate": "which workers run now",
    "colorizer.schedulerstate": "which scheduler runs now",
}
"""Models that no backup holds, each with the reason."""
BY_NAME = (Permission, ContentType)
"""What rows are referred to by name, not by number."""
LONGEST_LINE = 64 << 20


_NO_ROW = (
    DeserializationError,
    FieldDoesNotExist,
    ObjectDoesNotExist,
    ValidationError,
    ValueError,
    TypeError,
    LookupError,
    IntegrityError,
    DataError,
)
"""What is raised over a line that is no row of this database. One that does not answer is another matter."""


class Out(Protocol):
    """Where lines are written."""

    def write(self, text: str, /) -> Any: ...


class _Exact(DjangoJSONEncoder):
    """Keeps the microseconds, which Django's own cuts off."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime | time) else super().default(o)


class _Lines(Serializer):
    def handle_fk_field(self, obj: Any, field: Any) -> None:
        self.use_natural_foreign_keys = field.remote_field.model in BY_NAME
        super().handle_fk_field(obj, field)

    def handle_m2m_field(self, obj: Any, field: Any) -> None:
        self.use_natural_foreign_keys = field.remote_field.model in BY_NAME
        super().handle_m2m_field(obj, field)


def kept() -> list[type[Model]]:
    """The models whose rows a backup holds."""
    models = (model for model in apps.get_models() if model._meta.managed and not model._meta.proxy)
    return [model for model in models if model._meta.label_lower not in LEFT_OUT]


@contextmanager
def snapshot() -> Iterator[None]:
    """What is read inside comes from one moment, while others go on writing."""
    with _deferred(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _deferred() -> Iterator[None]:
    """On SQLite a reader's snapshot, which unlike the site's immediate transactions keeps no writer waiting."""
    connection.ensure_connection()
    sqlite: Any = connection
    mode = getattr(sqlite, "transaction_mode", None)
    if mode is not None:
        sqlite.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        if mode is not None:
            sqlite.transaction_mode = mode


def dump(model: type[Model], out: Out) -> int:
    """Write the rows of ``model``, a line each; how many."""
    count = 0

    def counted() -> Iterator[Model]:
        nonlocal count
        for row in model._base_manager.order_by("pk").iterator(chunk_size=1000):
            count += 1
            yield row

    _Lines().serialize(counted(), stream=cast("IO[str]", out), cls=_Exact)
    return count


def load(lines: Iterable[bytes], counts: Counter[str]) -> Iterator[Model]:
    """Insert the rows, each given out once it is there, and counted by its model's label.

    Raises Damaged for what is no row of a model that is kept.
    """
    allowed = {model._meta.label_lower: model for model in kept()}
    for line in lines:
        try:
            described = json.loads(line)
            if described["model"] not in allowed:
                raise Damaged(f"The archive holds rows of something unknown: {str(described['model'])[:80]!r}.")
            row: DeserializedObject = next(iter(Deserializer([described])))
            row.save(force_insert=True)
        except _NO_ROW as error:
            raise Damaged(f"A row of the archive cannot be taken in: {type(error).__name__}: {error}") from error
        counts[row.object._meta.label_lower] += 1
        yield row.object


def settle() -> None:
    """After all rows are in: every reference leads somewhere, and new rows get numbers of their own. Raises Damaged."""
    try:
        connection.check_constraints()
    except IntegrityError as error:
        raise Damaged(f"A row of the archive refers to one that is not there: {error}") from error
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), kept()):
            cursor.execute(sql)


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes cut into lines. Raises Damaged where one is longer than LONGEST_LINE."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Damaged("A row of the archive is longer than any can be.")
        yield from whole
    if rest:
        raise Damaged("The archive's last row is cut off.")
