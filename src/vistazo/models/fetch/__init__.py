"""A model and what belongs to it, from links if need be: every path that is yielded is a file's.

Start at ``located``. HTTP is imported only where there is a link.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from vistazo.models.fetch.location import Link, Location, parse_location
from vistazo.models.fetch.place import MAX_MODEL_BYTES, ModelFiles, Patience, Place
from vistazo.models.writable_folder import writable_folder

__all__ = [
    "MAX_MODEL_BYTES",
    "Link",
    "Location",
    "ModelFiles",
    "Patience",
    "Place",
    "located",
    "parse_location",
]


@contextlib.contextmanager
def located(
    place: Place,
    is_cancelled: Callable[[], bool] = lambda: False,
    patience: Patience | None = None,
) -> Iterator[ModelFiles]:
    """Fetch what is behind links, or find it in the cache. Raises ModelError.

    On a disk that cannot be written the files are temporary: load them inside the ``with``.
    ``is_cancelled`` is asked several times a second, and ends a download.
    """
    local = [None if isinstance(part, Link) else part for part in place.others]
    if not isinstance(place.model, Link) and not place.has_link:
        yield ModelFiles(place.model, *local)
        return
    from vistazo.models.fetch.collection import collect

    with contextlib.ExitStack() as stack:

        @functools.cache
        def folder() -> Path:
            return stack.enter_context(writable_folder(place.cache_dir))

        yield collect(place, folder, patience or Patience(), is_cancelled)
