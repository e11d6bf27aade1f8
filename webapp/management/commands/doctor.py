"""``manage.py doctor``: is everything there that the site needs?"""

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandParser

from webapp.doctor import Finding, Level, examine

WIDTH = 18
STYLES = {Level.OK: "SUCCESS", Level.WARN: "WARNING", Level.FAIL: "ERROR"}


class Command(BaseCommand):
    help = "Try everything that the site needs, and say what is wrong and what to do; exit 1 where something fails."
    requires_system_checks: list[str] = []  # noqa: RUF012 - it says itself what they say

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON object instead of lines.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = []
        for finding in examine():
            found.append(finding)
            if not options["json"]:
                self._say(finding)
        counts = Counter(finding.level for finding in found)
        if options["json"]:
            told = {"ok": not counts[Level.FAIL], "findings": [asdict(finding) for finding in found]}
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
        else:
            self.stdout.write(f"\n{counts[Level.FAIL]} fail, {counts[Level.WARN]} warn, {counts[Level.OK]} ok")
        if counts[Level.FAIL]:
            sys.exit(1)

    def _say(self, finding: Finding) -> None:
        level = getattr(self.style, STYLES[finding.level])(f"{finding.level:<4}")
        self.stdout.write(f"{level}  {finding.what:<{WIDTH}} {finding.says}")
        if finding.advice:
            self.stdout.write(f"{'':<{WIDTH + 7}}→ {finding.advice}")
