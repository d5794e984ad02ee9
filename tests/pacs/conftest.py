from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pacs_peers import Listening
from ports import free_port
from vistazo.pacs.listener import Listener, ListenerPolicy
from vistazo.pacs.peers import peer_of
from vistazo.pacs.receiving import ReceivingLimits
from vistazo.pacs.spool import Spool, SpoolLimits, open_spool

Listen = Callable[..., Listening]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """As the station has it: pynetdicom describes each message at length."""
    loggers = [logging.getLogger(name) for name in ("pydicom", "pynetdicom")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with open_spool(tmp_path / "spool", SpoolLimits(100, 10_000_000)) as opened:
        yield opened


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Begins a listener with a spool of its own; ``room`` is that of the spool."""
    opened: list[Any] = []

    @contextmanager
    def listening(room: SpoolLimits, policy: ListenerPolicy) -> Iterator[Listening]:
        folder = tmp_path / f"spool-{len(opened)}"
        with open_spool(folder, room) as spool:
            listener = Listener(policy, spool)
            listener.start()
            yield Listening(policy.port, spool, folder)
            listener.stop(0.0)

    def begin(
        *peers: str,
        room: SpoolLimits | None = None,
        limits: ReceivingLimits | None = None,
        **changes: Any,
    ) -> Listening:
        policy = ListenerPolicy(
            "VISTAZO",
            "127.0.0.1",
            free_port(),
            tuple(peer_of(peer) for peer in peers or ("*@127.0.0.1",)),
            limits or ReceivingLimits(1_000_000),
            **{"timeout_s": 5.0, **changes},
        )
        context = listening(room or SpoolLimits(100, 10_000_000), policy)
        opened.append(context)
        found: Listening = context.__enter__()
        return found

    yield begin
    for context in opened:
        context.__exit__(None, None, None)
