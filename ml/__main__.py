"""``python -m ml``: colour photos, train, evaluate. Needs neither Django nor a queue."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from ml.commands.stopping import INTERRUPTED

# Each is a module in ml.commands. Only the chosen one is imported: most load torch, and --help should not.
COMMANDS = {
    "colorize": "Colour photos.",
    "train": "Train a network on a folder of colour photos; goes on where the run's folder holds a state.",
    "evaluate": "Compare a model with the truth, grey and a mean tint beside it; calibrate its default vividness.",
    "export": "Write the averaged weights of a training, also of one that still runs, as a model with its card.",
    "models": "List the models that come with Heirloom, and those that can be trained.",
    "report": "Redo the source report's experiment and write its page; goes on where it was interrupted.",
    "fetch": "Get the pre-trained encoder that a training starts from.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status. Expected errors become one line on stderr and status 1.

    So does Ctrl-C, with status 130.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m ml", description="Colour photos, train and judge models.")
    chosen = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, about in COMMANDS.items():
        sub = chosen.add_parser(name, help=about, description=about)
        if given[:1] == [name]:
            command = importlib.import_module(f"ml.commands.{name}")
            command.add_arguments(sub)
            sub.set_defaults(execute=command.run)
    args = parser.parse_args(given)
    try:
        status: int = args.execute(args)
    except (OSError, ValueError, FloatingPointError) as error:
        print(f"{parser.prog} {args.command}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog} {args.command}: interrupted", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    return status


if __name__ == "__main__":
    sys.exit(main())
