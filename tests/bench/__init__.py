"""What Heirloom takes, in seconds and bytes: ``python -m tests.bench``, by ``make bench``.

Figures depend on the machine; what counts are the ratios within one run. No test depends on them.
"""

PILE = 50
"""Photos that one family adds at once."""
