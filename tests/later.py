"""A module that takes seconds to import, imported where something of it is first used.

Each worker collects every file: all would import TensorFlow, for tests that one of them runs.
"""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """The module ``name``, or one that it holds as ``inner``."""

    def __init__(self, name: str, inner: str | None = None) -> None:
        self._name, self._inner = name, inner

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest looks for its own at everything that it collects
            raise AttributeError(attribute)
        module: Any = importlib.import_module(self._name)
        return getattr(getattr(module, self._inner) if self._inner else module, attribute)
