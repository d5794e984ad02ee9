"""SIGHUP while the service is not yet there to hear it."""

from __future__ import annotations

import signal
import sys


def hold_hangups() -> None:
    """Let them wait, instead of ending the process. Before threads start."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


def hear_hangups() -> None:
    """From now on they come, those first that have waited."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
