"""A folder that can be written, on machines where the cache cannot."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vistazo.errors import ModelError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def writable_folder(cache_dir: Path) -> Iterator[Path]:
    """The first of ``writable_folders``. Raises ModelError where there is none."""
    with contextlib.ExitStack() as stack:
        folder = next(writable_folders(cache_dir, stack), None)
        if folder is None:
            raise no_place(cache_dir)
        yield folder


def writable_folders(cache_dir: Path, stack: contextlib.ExitStack) -> Iterator[Path]:
    """The cache, then temporary folders that go with ``stack``; without what cannot be written.

    A disk that is full looks as if it could: a file without content still finds its place.
    """
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_dir):
            pass
    except OSError as error:
        tell_unwritable(error.strerror)
    else:
        yield cache_dir
    for base in (tempfile.gettempdir, lambda: "/dev/shm"):  # noqa: S108 - memory, on a read-only disk
        with contextlib.suppress(OSError):
            folder = tempfile.TemporaryDirectory(prefix="vistazo-", dir=base())
            yield Path(stack.enter_context(folder))


def tell_unwritable(reason: str | None) -> None:
    log.warning("the model cache cannot be written", extra={"reason": reason})


def no_place(cache_dir: Path) -> ModelError:
    return ModelError(
        f"There is no place for the model: neither {cache_dir} nor a temporary folder can be "
        "written, or they are full. Set CACHE_DIR to a folder that can, or mount one at /tmp."
    )
