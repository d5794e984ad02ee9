"""SIGHUP: read the model again, as other services do; but where a terminal was closed, end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable

from vistazo.errors import NotReadyError
from vistazo.service.hangup import hear_hangups
from vistazo.service.reload import AskedBy

_Reload = Callable[[AskedBy], Awaitable[object]]


def reload_on_hangup(reload: _Reload) -> None:
    """In a running event loop. Does nothing where there is no such signal, or the loop is not that
    of the main thread.
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
        task = asyncio.create_task(_quietly(reload))
        begun.add(task)
        task.add_done_callback(begun.discard)

    with contextlib.suppress(RuntimeError, ValueError, NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(number, on_hangup)
        hear_hangups()


async def _quietly(reload: _Reload) -> None:
    with contextlib.suppress(NotReadyError):  # shutting down
        await reload("signal")


def _has_terminal() -> bool:
    """Whether a terminal is there whose end this process would be told of."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
