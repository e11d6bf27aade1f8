"""Look at everything that the site needs, and say in plain words what is wrong and what to do about it."""

from .finding import Finding, Level, examine

__all__ = ["Finding", "Level", "examine"]
