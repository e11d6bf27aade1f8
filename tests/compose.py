"""The compose file as tests read it, and the file system of an image as far as it can be made without Docker."""

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
COMPOSE = ROOT / "docker-compose.yml"
OURS = ("setup", "web", "worker", "worker-gpu", "scheduler")
"""The services that run our own code; the others are servers that it needs."""
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<how>[-?])(?P<word>[^}]*))?\})")


class Missing(Exception):
    """Compose would refuse to start, with these words."""


def services() -> dict[str, dict[str, Any]]:
    """All services, with anchors and merges resolved, variables as they are written."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def filled_in(value: Any, given: Mapping[str, str]) -> Any:
    """``value`` with its variables replaced, as compose does it. Raises Missing where one must be set and is not."""
    if isinstance(value, dict):
        return {key: filled_in(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [filled_in(each, given) for each in value]
    return _VARIABLE.sub(lambda found: _word(found, given), value) if isinstance(value, str) else value


def _word(found: re.Match[str], given: Mapping[str, str]) -> str:
    if found["name"] is None:
        return "$"
    if value := given.get(found["name"], ""):
        return value
    if found["how"] == "?":
        raise Missing(found["word"])
    return found["word"] or ""


def environment(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """What the service gets: variables without a value only where they are given."""
    found = services()[service].get("environment", {})
    passed_on = {name: given.get(name) for name, value in found.items() if value is None}
    filled = filled_in({name: value for name, value in found.items() if value is not None}, given)
    return {name: str(value) for name, value in {**filled, **passed_on}.items() if value is not None}


def variables() -> set[str]:
    """The names that the file asks .env for."""
    asked = {found["name"] for found in _VARIABLE.finditer(COMPOSE.read_text()) if found["name"]}
    passed_on = {
        name
        for service in services().values()
        for name, value in service.get("environment", {}).items()
        if value is None
    }
    return asked | passed_on


def stages() -> dict[str, list[tuple[str, list[str]]]]:
    """The Dockerfile by stage: its instructions with their words; the first says what the stage is made from."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        words = shlex.split(rest) if name in ("FROM", "COPY", "USER", "ARG", "ENV") else [rest]
        if name == "FROM":
            stage = found.setdefault(words[2], [])
        stage.append((name, words))
    return found


def whole(stage: str) -> Iterator[tuple[str, list[str]]]:
    """A stage's instructions after those of the stages that it is made from."""
    own = stages()[stage]
    if (parent := own[0][1][0]) in stages():
        yield from whole(parent)
    yield from own


def copied(stage: str) -> list[tuple[str, str]]:
    """What the stage takes from the repository: each path and where it goes, under /app where it is relative."""
    found = []
    for name, words in whole(stage):
        if name == "COPY" and not words[0].startswith("--from"):
            *sources, target = words
            found += [(source, target if len(sources) == 1 and target != "./" else source) for source in sources]
    return found


def make_app_folder(stage: str, folder: Path) -> None:
    """/app of an image, in ``folder``."""
    folder.mkdir()
    for source, target in copied(stage):
        if target.startswith("/"):
            continue
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / source, folder / target)
