"""The table of attacks names tests that there are."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROW = re.compile(r"^\| (?P<attack>[^|]+) \| (?P<stop>[^|]+) \| (?P<test>[^|]+) \|$", re.MULTILINE)
TABLE = (ROOT / "docs" / "security-cases.md").read_text()
ROWS = [row for row in ROW.finditer(TABLE) if row["attack"] != "attack"]


def test_there_is_a_row_for_every_line_of_the_tables() -> None:
    lines = [line for line in TABLE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| attack"))]
    assert len(ROWS) == len(lines) > 50


@pytest.mark.parametrize("row", ROWS, ids=[row["attack"].strip() for row in ROWS])
def test_each_attack_has_its_test(row: re.Match[str]) -> None:
    found = re.fullmatch(r"`(tests/[\w/]+\.py)((?:::\w+)+)`", row["test"].strip())
    assert found, row["test"]
    body = ast.parse((ROOT / found[1]).read_text()).body
    for name in found[2].removeprefix("::").split("::"):
        (node,) = [each for each in body if isinstance(each, ast.ClassDef | ast.FunctionDef) and each.name == name]
        body = node.body
    assert isinstance(node, ast.FunctionDef)
    assert node.name.startswith("test_")
