"""``manage.py verify``: does the database agree with the storages?"""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.core.management import BaseCommand, CommandParser

from colorizer.findings import GRACE, SAID, UNREACHABLE, Finding, Kind, Report
from colorizer.selectors import integrity
from colorizer.services import reconciling
from colorizer.services.reconciling import Outcome

CLEAN, FOUND, COULD_NOT = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Hold the database and the storages against each other, in both directions, while the site runs. Reports, and "
        "changes nothing without --fix. Exit code: 0 nothing is wrong, 1 something is, 2 it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        hours = GRACE.total_seconds() / 3600
        parser.add_argument("--quick", action="store_true", help="compare sizes of originals, not their checksums")
        parser.add_argument("--json", action="store_true", help="say it as JSON")
        parser.add_argument(
            "--fix",
            action="store_true",
            help="after the report, put right what is safe: make again what can be made again, delete results and "
            "unfinished uploads that belong to nothing, take in originals that belong to no photo; never touch one "
            "that is missing or changed",
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=hours,
            metavar="HOURS",
            help=f"files without a row that are younger are uploads in progress ({hours:g})",
        )

    def handle(self, *args: Any, quick: bool, json: bool, fix: bool, grace: float, **options: Any) -> None:
        try:
            report = integrity.check(quick=quick, grace=timedelta(hours=grace))
            if not json:
                self._say(report)
            outcomes = reconciling.fix(report=report) if fix else []
        except UNREACHABLE as error:
            self.stderr.write(f"It could not be checked: {type(error).__name__}: {error}")
            sys.exit(COULD_NOT)
        if json:
            self.stdout.write(_as_json(report, outcomes))
        else:
            self._say_outcomes(outcomes)
        is_right = all(outcome.is_right for outcome in outcomes) if fix else report.is_clean
        sys.exit(CLEAN if is_right else FOUND)

    def _say(self, report: Report) -> None:
        how = "by their sizes" if report.quick else "byte by byte"
        looked_at = ", ".join(f"{count:,} {name}" for name, count in report.checked.items())
        self.stdout.write(f"Looked at {looked_at}; the originals {how}.")
        if report.is_clean:
            self.stdout.write("Nothing is wrong.")
        for kind, findings in groupby(sorted(report.findings, key=_kind), key=_kind):
            found = list(findings)
            self.stdout.write(f"\n{len(found):,} · {SAID[Kind(kind)]}")
            self._lines(_line(finding) for finding in found)

    def _say_outcomes(self, outcomes: list[Outcome]) -> None:
        if outcomes:
            self.stdout.write("\nWhat was done:")
            self._lines(f"{_line(outcome.finding)}: {outcome.done}" for outcome in outcomes)

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(f"  {line}")


def _kind(finding: Finding) -> str:
    return finding.kind


def _line(finding: Finding) -> str:
    return "  ".join(part for part in (finding.id, finding.key, finding.detail) if part) or finding.kind


def _as_json(report: Report, outcomes: list[Outcome]) -> str:
    said = {
        "quick": report.quick,
        "checked": report.checked,
        "findings": [asdict(finding) for finding in report.findings],
        "done": [
            asdict(outcome.finding) | {"done": outcome.done, "is_right": outcome.is_right} for outcome in outcomes
        ],
    }
    return json.dumps(said, indent=2)
