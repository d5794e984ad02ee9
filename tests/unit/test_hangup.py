"""SIGHUP, to an event loop in the main thread."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from builders import brightness_classifier
from vistazo.api.hangup import reload_on_hangup
from vistazo.service.reload import Reloader

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here"),
    pytest.mark.skipif(
        threading.current_thread() is not threading.main_thread(), reason="signals go elsewhere"
    ),
]


def test_a_signal_asks_for_a_reload_and_one_at_the_end_is_harmless() -> None:
    async def signalled() -> Reloader:
        reloader = Reloader(brightness_classifier)
        await reloader.start()
        reload_on_hangup(reloader.reload)
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(10):
            while reloader.last is None:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.001)
        reloader.close()
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.02)
        return reloader

    before = signal.getsignal(signal.SIGHUP)
    try:
        assert asyncio.run(signalled()).counts == {"swapped": 1, "failed": 0}
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_the_service_does_without() -> None:
    faults: list[Exception] = []

    async def installed() -> None:
        try:
            reload_on_hangup(Reloader(brightness_classifier).reload)
        except Exception as error:
            faults.append(error)

    thread = threading.Thread(target=asyncio.run, args=[installed()])
    thread.start()
    thread.join()
    assert not faults
