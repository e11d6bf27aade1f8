"""The database, from its address: how connections are made, shared and given up."""

from pathlib import Path
from typing import Any

import environ

SCHEMES = ("postgres", "postgresql", "sqlite")
MOST_CONNECTIONS = 20
"""Of one process. PostgreSQL itself takes 100 by default, from all processes together."""


def database(*, url: str, file: Path) -> dict[str, Any]:
    """The settings of the one database: that of ``url``, or SQLite in ``file`` where it is empty."""
    found: dict[str, Any] = environ.Env.db_url_config(url) if url else {"ENGINE": "django.db.backends.sqlite3"}
    options = found.setdefault("OPTIONS", {})
    if found["ENGINE"].endswith("sqlite3"):
        found["NAME"] = found.get("NAME") or str(file)
        found["OPTIONS"] = _SQLITE | options
    elif found["ENGINE"].endswith("postgresql"):
        found["CONN_HEALTH_CHECKS"] = True
        found["OPTIONS"] = {"pool": dict(_POOL), **_POSTGRESQL, **options}
    return found


_SQLITE = {
    # A deferred transaction that turns into a write fails at once where another writes; an immediate one waits.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
_POSTGRESQL = {
    "connect_timeout": 3,
    # A server that is gone without a word is noticed after so many milliseconds, in the middle of a query too.
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_POOL = {
    # Under ASGI each request runs in a thread of its own: a connection of its own for each would be more than the
    # database takes when many upload at once. They wait for one of these instead, and give it back when they end.
    "min_size": 0,
    "max_size": MOST_CONNECTIONS,
    "timeout": 20,
    "max_idle": 120,
    # A try to reach a database that is down is given up soon, so that the next one does not wait long for its turn.
    "reconnect_timeout": 3,
}
