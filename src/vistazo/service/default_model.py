"""The model that comes with Vistazo."""

from __future__ import annotations

from pathlib import Path

_PLACE = Path("artifacts", "pneumonia", "pneumonia.keras")
_PACKAGE = Path(__file__).parents[1]
_REPOSITORY = _PACKAGE.parents[1]


def default_model() -> Path:
    """Inside the package, where that was installed from a wheel; else in the repository."""
    installed = _PACKAGE / _PLACE
    return installed if installed.exists() else _REPOSITORY / _PLACE
