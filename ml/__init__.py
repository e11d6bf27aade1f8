"""Colouring photos: networks, training, evaluation and the way from file to file. Knows nothing of the site."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def software() -> str:
    """Our name and version, for the label of what we made: "Heirloom 0.1.0"."""
    return f"Heirloom {tomllib.loads(_PROJECT.read_text(encoding='utf-8'))['project']['version']}"
