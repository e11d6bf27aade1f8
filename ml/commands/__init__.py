"""The subcommands of ``python -m ml``: each module has ``add_arguments(parser)`` and ``run(args) -> int``.

What several of them take is in :mod:`ml.commands.arguments`; their one-line descriptions stand in :mod:`ml.__main__`.
"""
