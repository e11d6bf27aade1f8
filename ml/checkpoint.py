"""Weights and training states on disk: safetensors and JSON, nothing that could run code."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

Card = dict[str, Any]


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file under a temporary name, then rename it: a reader never sees half of it."""
    temporary = path.with_name(path.name + ".part")
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, temporary)
    os.replace(temporary, path)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON under a temporary name, then rename it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=2, sort_keys=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file. Raises FileNotFoundError, or what safetensors raises on a broken file."""
    return load_file(path)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
