"""The subcommands of ``python -m ml``: each module has ``add_arguments(parser)`` and ``run(args) -> int``.

Their one-line descriptions stand in :mod:`ml.__main__`.
"""
