"""Whatever goes wrong inside a library becomes one error, which quotes nothing of the file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from vistazo.errors import CorruptImageError, InputError


@contextmanager
def damage_is_an_input_error() -> Iterator[None]:
    """Raises CorruptImageError; a MemoryError and errors of ours pass. Nothing is shown or logged:
    pydicom's warnings quote what they are about.
    """
    try:
        with _silence():
            yield
    except (MemoryError, InputError):
        raise
    except Exception:  # pydicom and the decoders raise whatever they trip over: any kind can come
        raise CorruptImageError(
            "The DICOM file is damaged or cut short and cannot be decoded."
        ) from None


@contextmanager
def _silence() -> Iterator[None]:
    def is_logged(_: logging.LogRecord) -> bool:
        return False

    logger = logging.getLogger("pydicom")
    logger.addFilter(is_logged)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeFilter(is_logged)


def refuse(what: str) -> NoReturn:
    """Raises CorruptImageError."""
    raise CorruptImageError(f"The DICOM file is damaged: {what}.")
