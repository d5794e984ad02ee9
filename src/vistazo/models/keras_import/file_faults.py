"""The boundary at which an accident while reading a file becomes a sentence about the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vistazo.errors import HostileModelError, ModelError, UnreadableModelError

# What libraries raise at damage while they read a file.
FILE_FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError, OverflowError)


def reason_of(error: Exception) -> str:
    """A library's complaint as a part of a sentence."""
    return str(error.args[0] if error.args else error).strip().rstrip(".") or type(error).__name__


@contextmanager
def file_faults(message: str) -> Iterator[None]:
    """What a file says can be anything: where it makes no sense, arithmetic or a look-up fails.

    That is the file's fault and is reported as such; the original error stays attached.
    """
    try:
        yield
    except ModelError:
        raise
    except (RecursionError, MemoryError) as error:
        raise HostileModelError(f"{message}: it takes more memory than any model needs.") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableModelError(f"{message} ({type(error).__name__}: {error}).") from error
