"""What a file holds, as inert values."""

from __future__ import annotations

from pathlib import Path

from vistazo.errors import UnsupportedModelError


def read_objects(path: Path, most_bytes: int) -> object:
    """Raises ModelError."""
    raise UnsupportedModelError(f"{path} cannot be read yet ({most_bytes} bytes at most).")
