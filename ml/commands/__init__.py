"""The subcommands of ``python -m ml``: each module has ``HELP``, ``add_arguments(parser)`` and ``run(args) -> int``.

Modules import torch and libvips inside ``run``, so that ``--help`` answers at once.
"""
