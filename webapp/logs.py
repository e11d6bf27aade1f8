"""What is written down: a line of text or a JSON object each, with the ids of the request and of the job.

No line holds an address, a token or the name that a family gave its file. Addresses of pages are written as their
pattern, since some of them carry a token; whatever else brings one along, a library's error, is cleaned.
"""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from celery import current_task

request_id: ContextVar[str] = ContextVar("request_id", default="")

FIELDS = ("method", "route", "status", "seconds")
"""What a record may bring along beside its message."""
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ADDRESS = re.compile(r"(?<![\w.+-])(?!(?:worker|scheduler|celery)@)[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Random words in a page's address; a row's id is no secret, nor is a file's own name with its ending.
_TOKEN = re.compile(rf"(?<=/)(?!{_UUID}\b)[\w:-][\w:.-]{{19,}}(?=[/\s\"'?]|$)(?<!\.py)")
_SECRET = re.compile(r"(?i)\b((?:token|key|password|secret|signature|credential)=|bearer )[^\s&\"']+")


class LineFormatter(logging.Formatter):
    """For people: time, level, logger, ids, message."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}{ids}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.ids = "".join(f" [{name} {value}]" for name, value in ids(record).items())
        return clean(super().format(record), record)


class JsonFormatter(logging.Formatter):
    """For machines: one object a line, its time in UTC, errors with their traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": clean(record.getMessage(), record),
            **ids(record),
            **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            line["error"] = clean(self.formatException(record.exc_info), record)
        return json.dumps(line, ensure_ascii=False, default=str)


def ids(record: logging.LogRecord) -> dict[str, str]:
    """The ids of the request and of the job (its message's: ``row:attempt``) that a record belongs to."""
    told = getattr(record, "data", None)  # Celery's own lines in a worker's parent
    job = told.get("id") if isinstance(told, dict) else None
    if job is None and current_task:
        job = current_task.request.id
    return {name: value for name, value in (("request", request_id.get()), ("job", job)) if value}


def clean(text: str, record: logging.LogRecord | None = None) -> str:
    """``text`` without addresses, tokens and secrets; the address of the page at hand as its pattern."""
    if request := getattr(record, "request", None):
        for path in {request.get_full_path(), request.path} - {"/"}:
            text = text.replace(path, route(request))
    text = _ADDRESS.sub("[address]", text)
    text = _TOKEN.sub("[token]", text)
    return _SECRET.sub(r"\1[secret]", text)


def route(request: Any) -> str:
    """The pattern of the page that was asked for, such as ``/photos/<uuid:pk>/``."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "(no such page)"
