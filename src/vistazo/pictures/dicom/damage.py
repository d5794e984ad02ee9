"""Whatever goes wrong inside a library becomes one error, which quotes nothing of the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from vistazo.errors import CorruptImageError, InputError


@contextmanager
def damage_is_an_input_error() -> Iterator[None]:
    """Raises CorruptImageError; a MemoryError and errors of ours pass. No warning is shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MemoryError, InputError):
        raise
    except Exception:  # the decoders raise whatever they trip over: any kind can come
        raise CorruptImageError(
            "The DICOM file is damaged or cut short and cannot be decoded."
        ) from None


def refuse(what: str) -> NoReturn:
    """Raises CorruptImageError."""
    raise CorruptImageError(f"The DICOM file is damaged: {what}.")
