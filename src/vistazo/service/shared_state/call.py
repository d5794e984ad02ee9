"""What is asked of the Redis, and why it may not be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Reason = Literal[
    "unreachable", "slow", "not_trusted", "refused", "full", "takes_no_writes", "not_understood"
]

REASONS: dict[Reason, str] = {
    "unreachable": "it cannot be reached",
    "slow": "it does not answer in time",
    "not_trusted": "its certificate is not trusted: say ?ssl_ca_certs=FILE in REDIS_URL",
    "refused": "it does not take this user or password, or not what this user asks for",
    "full": "its memory is full (maxmemory)",
    "takes_no_writes": "it takes no writes: a replica, or one that cannot save",
    "not_understood": "what it answers is not understood",
}


@dataclass(frozen=True)
class Call:
    """A script that runs as a whole or not at all, with the one key that it touches."""

    script: str
    key: str
    arguments: tuple[str | int | bytes, ...]


class LostError(Exception):
    """It could not be asked. Nobody who calls the service hears of it: there is another way."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(REASONS[reason])
        self.reason: Reason = reason


class Client(Protocol):
    async def send(self, calls: Sequence[Call]) -> list[object]:
        """All of them in one round trip, and an answer to each. Raises LostError. Who waits no
        longer cancels it.
        """

    async def close(self) -> None:
        """Let go of its connection, within a second."""
