"""What is in use is not closed under whoever uses it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from vistazo.errors import RequestError


class Door:
    """Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_closed = False

    @contextlib.contextmanager
    def passed(self) -> Iterator[None]:
        """Raises RequestError where it is closed."""
        with self._changed:
            self.check()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def check(self) -> None:
        """Raises RequestError where it is closed."""
        if self._is_closed:
            raise RequestError("The model was closed. Load it again: vistazo.load(...).")

    def close(self) -> bool:
        """Wait until nobody is inside; whether it was this call that closed it."""
        with self._changed:
            if self._is_closed:
                return False
            self._is_closed = True
            self._changed.wait_for(lambda: not self._inside)
            return True
