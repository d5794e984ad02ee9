"""A model that is replaced is served, without anybody having to say so (``WATCH_MODEL=1``)."""

from __future__ import annotations

import asyncio

from vistazo.errors import NotReadyError
from vistazo.service.reload.files import Stamp
from vistazo.service.reload.reloader import Reloader

INTERVAL_S = 2.0


async def watch(reloader: Reloader, interval_s: float = INTERVAL_S) -> None:
    """Look at the model's files until the end, and reload where they have changed and rest.

    They rest when they are twice in a row the same: a file that is being copied grows, and one that
    is copied together with its card comes before or after it. What failed is tried again once the
    files change.
    """
    before: Stamp | None = None
    while True:
        await asyncio.sleep(interval_s)
        now = await asyncio.to_thread(reloader.stamp)
        if now == before and reloader.tried not in (None, now):
            try:
                await reloader.reload("file")
            except NotReadyError:  # the service shuts down
                return
        before = now
