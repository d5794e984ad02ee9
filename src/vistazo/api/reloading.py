"""What asks for a reload, beside a request: SIGHUP, and changed files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

from vistazo.errors import NotReadyError
from vistazo.service.reload import Reloader, watch


@contextlib.contextmanager
def reloading(reloader: Reloader, *, watches_files: bool) -> Iterator[None]:
    """In a running event loop: from now on SIGHUP reloads, and so do files, if they are watched.

    At the end nobody looks at the files any more, while a signal still does no harm.
    """
    _reload_on_hangup(reloader)
    watching = asyncio.create_task(watch(reloader)) if watches_files else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()


def _reload_on_hangup(reloader: Reloader) -> None:
    """Does nothing where there is no such signal, or the loop is not that of the main thread.

    Where a terminal was closed the signal means what it always has: the end.
    """
    number = getattr(signal, "SIGHUP", None)
    if number is None:
        return
    begun: set[asyncio.Task[None]] = set()
    had_terminal = _has_terminal() and signal.getsignal(number) is not signal.SIG_IGN  # nohup

    def on_hangup() -> None:
        if had_terminal and not _has_terminal():
            signal.raise_signal(signal.SIGTERM)
            return
        task = asyncio.create_task(_reload(reloader))
        begun.add(task)
        task.add_done_callback(begun.discard)

    with contextlib.suppress(RuntimeError, ValueError, NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(number, on_hangup)


async def _reload(reloader: Reloader) -> None:
    with contextlib.suppress(NotReadyError):  # shutting down
        await reloader.reload("signal")


def _has_terminal() -> bool:
    """Whether a terminal is there whose end this process would be told of."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
