"""Callers who leave before their answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from vistazo.errors import CallerLeftError

_Result = TypeVar("_Result")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of the work. Where its caller hangs up first it is cancelled, and once it has
    ended CallerLeftError is raised. For requests whose body has been read.
    """
    working, has_left, has_ended = asyncio.current_task(), False, False

    def leave(_: asyncio.Task[None]) -> None:
        nonlocal has_left
        if working is not None and not has_ended:
            has_left = True
            working.cancel()

    leaving = asyncio.ensure_future(_left(receive))
    leaving.add_done_callback(leave)
    try:
        return await work
    except asyncio.CancelledError:
        # As asyncio.timeout does: another, who cancels too, is to be obeyed.
        if working is None or not has_left or working.uncancel() > 0:
            raise
        raise CallerLeftError("The caller hung up before the answer.") from None
    finally:
        has_ended = True
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
