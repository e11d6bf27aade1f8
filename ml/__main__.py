"""``python -m ml``: colour photos, train, evaluate. Needs neither Django nor a queue."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from ml import commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status. Expected errors become one line on stderr and status 1."""
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    chosen = parser.add_subparsers(dest="command", required=True, metavar="command")
    for module in sorted(m.name for m in pkgutil.iter_modules(commands.__path__)):
        command = importlib.import_module(f"{commands.__name__}.{module}")
        sub = chosen.add_parser(module, help=command.HELP, description=command.HELP)
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    args = parser.parse_args(arguments)
    try:
        status: int = args.run(args)
    except (OSError, ValueError) as error:
        print(f"{parser.prog} {args.command}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
