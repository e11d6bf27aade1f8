"""The database, the settings, the mail, the disk and the clocks."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.mail import get_connection
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from colorizer.models import SchedulerState, WorkerState

from .finding import Finding, brief, fail, ok, warn

GIGABYTE = 1_000_000_000
LITTLE_ROOM, NO_ROOM = 5 * GIGABYTE, GIGABYTE
CLOCK_OFF, CLOCK_WRONG = 5.0, 30.0
"""Seconds. Leases last 60 s by the clocks of several machines, signed links some minutes."""
MAIL_SECONDS = 5


def database() -> Iterator[Finding]:
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            took = (time.monotonic() - began) * 1000
            version = _version(cursor)
        with transaction.atomic():
            cursor = connection.cursor()
            cursor.execute("CREATE TEMPORARY TABLE heirloom_doctor (number integer)")
            cursor.execute("DROP TABLE heirloom_doctor")
    except Error as error:
        yield fail("database", f"It does not answer: {brief(error)}", "Start it, or set DATABASE_URL to where it is.")
        return
    yield ok("database", f"{version} answers in {took:.0f} ms and can be written to.")
    yield from _migrations()


def _version(cursor: object) -> str:
    if connection.vendor == "postgresql":
        cursor.execute("SHOW server_version")  # type: ignore[attr-defined]
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"  # type: ignore[attr-defined]
    cursor.execute("SELECT sqlite_version()")  # type: ignore[attr-defined]
    return f"SQLite {cursor.fetchone()[0]}"  # type: ignore[attr-defined]


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    replaced = {key for migration in executor.loader.replacements.values() for key in migration.replaces}
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations) - replaced
    ours = sorted(name for app, name in unknown if app == "colorizer")
    if missing:
        names = ", ".join(f"{step.app_label}.{step.name}" for step, _ in missing)
        yield fail("migrations", f"{len(missing)} are not applied: {names}.", "Run manage.py setup.")
    elif ours:
        advice = "Run the version that the database was used with last; a step back is made by restoring a backup."
        yield warn("migrations", f"The database is newer than this program: {', '.join(ours)}.", advice)
    else:
        yield ok("migrations", "All are applied.")


def site() -> Iterator[Finding]:
    for problem in checks.run_checks():
        if problem.level >= checks.ERROR:
            yield fail("settings", problem.msg, problem.hint or "Change the setting that is named here.")
    if settings.DEBUG:
        yield fail("settings", "DEBUG is on: pages that break show the program's inside.", "Leave DEBUG out.")
    local = {"127.0.0.1", "localhost", "[::1]"}
    public = [host for host in settings.ALLOWED_HOSTS if host not in local]
    if public and not settings.HTTPS:
        says = f"The site is reached as {', '.join(public)}, but HTTPS is off: passwords travel in the open."
        yield warn("settings", says, "Put a proxy that speaks HTTPS in front, and set HTTPS=true.")
    elif "*" in settings.ALLOWED_HOSTS:
        yield warn("settings", "ALLOWED_HOSTS takes any name.", "Name the hosts under which the site is reached.")
    else:
        yield ok("settings", f"The site is reached as {', '.join(public or settings.ALLOWED_HOSTS)}.")


def mail() -> Iterator[Finding]:
    backend = settings.EMAIL_BACKEND.rsplit(".", 2)[-2]
    if backend != "smtp":
        where = {"console": "on the console", "filebased": f"in {getattr(settings, 'EMAIL_FILE_PATH', None)}"}
        says = f"Mails are not sent; they appear {where.get(backend, 'nowhere')}."
        advice = "Set EMAIL_URL, such as smtp+tls://user:password@host:587, so that forgotten passwords can be reset."
        yield warn("mail", says, advice)
        return
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with get_connection(timeout=MAIL_SECONDS):
            yield ok("mail", f"{server} takes mails.")
    except Exception as error:
        yield fail("mail", f"{server} takes no mails: {brief(error)}", "Correct EMAIL_URL, or mend that server.")


def disk() -> Iterator[Finding]:
    room = shutil.disk_usage(settings.DATA)
    says = f"{room.free / GIGABYTE:.1f} of {room.total / GIGABYTE:.0f} GB are free in {settings.DATA}."
    advice = "Make room there: uploads and photos at work lie in it for a while."
    if not os.access(Path(settings.FILE_UPLOAD_TEMP_DIR), os.W_OK | os.X_OK):
        yield fail("disk", f"{settings.DATA} cannot be written by this user.", "Give it to the user who runs the site.")
    elif room.free < NO_ROOM:
        yield fail("disk", says, advice)
    elif room.free < LITTLE_ROOM:
        yield warn("disk", says, advice)
    else:
        yield ok("disk", says)


def clock() -> Iterator[Finding]:
    """This machine's against the database server's and the workers'. The storage's is looked at with the storage."""
    if connection.vendor == "postgresql":
        before = time.time()
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            theirs = float(cursor.fetchone()[0])
        yield compared("clock", "the database's", theirs - (before + time.time()) / 2)
    now = timezone.now()
    signs = [*WorkerState.objects.values_list("name", "heartbeat_at")]
    signs += SchedulerState.objects.values_list("name", "round_at")
    ahead = [(name, (at - now).total_seconds()) for name, at in signs if (at - now).total_seconds() > CLOCK_OFF]
    for name, seconds in ahead:
        yield compared("clock", f"that of {name}", seconds)
    if not ahead:
        yield ok("clock", f"It is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC; no sign of life comes from the future.")


def compared(what: str, whose: str, seconds: float) -> Finding:
    """How far another clock is before (or, below 0, behind) this machine's."""
    says = f"{whose[0].upper()}{whose[1:]} clock is {abs(seconds):.1f} s {'ahead' if seconds > 0 else 'behind'}."
    advice = "Let all machines take their time from the same server (NTP)."
    if abs(seconds) > CLOCK_WRONG:
        return fail(what, says, advice)
    return warn(what, says, advice) if abs(seconds) > CLOCK_OFF else ok(what, says)
