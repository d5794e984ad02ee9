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
    """The cache, or where that cannot be written a temporary folder that goes afterwards.

    Raises ModelError where there is neither.
    """
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache_dir):
            pass
    except OSError as error:
        log.warning("the model cache cannot be written", extra={"reason": error.strerror})
    else:
        yield cache_dir
        return
    for base in (tempfile.gettempdir, lambda: "/dev/shm"):  # noqa: S108 - memory, on a read-only disk
        try:
            folder = tempfile.TemporaryDirectory(prefix="vistazo-", dir=base())
        except OSError:
            continue
        with folder as name:
            yield Path(name)
        return
    raise ModelError(
        f"There is no place for the model: neither {cache_dir} nor a temporary folder can be "
        "written. Set CACHE_DIR to a folder that can, or mount one at /tmp."
    )
