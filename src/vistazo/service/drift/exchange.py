"""Brings the answers of this instance to the others, and theirs here, in the background."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from vistazo.service.drift.monitor import Monitor
from vistazo.service.drift.shared_window import SharedWindow
from vistazo.service.drift.watch import LOOK_EVERY
from vistazo.service.shared_state.breaker import Breaker
from vistazo.service.shared_state.call import Call
from vistazo.service.shared_state.link import Link
from vistazo.service.shared_state.settings import SharedStatePolicy

# Reads what has come since, writes what is new, and keeps as many as a window holds, in one round
# trip. An answer has the length that its model's have, or it is somebody else's and goes, unread.
# Whether what nobody confirmed has come after all, its number says. More than a piece is read in
# several, and only with the last one something is written: Redis does nothing else meanwhile.
_EXCHANGE = """
local key, last, size, writer = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local length, batch, keep_ms = tonumber(ARGV[4]), ARGV[5], ARGV[6]
local piece, sent = tonumber(ARGV[7]), tonumber(ARGV[8])
local kind = redis.call('TYPE', key)['ok']
if kind ~= 'stream' and kind ~= 'none' then redis.call('DEL', key) end
local entries = redis.call('XRANGE', key, last, '+', 'COUNT', piece + 1)
local first = 2
if not entries[1] or entries[1][1] ~= last then
  entries, first = redis.call('XRANGE', key, '-', '+', 'COUNT', piece), 1
end
local found, ignored = {}, 0
for at = first, #entries do
  local id, value = entries[at][1], entries[at][2][2]
  if #value ~= length then
    ignored = ignored + redis.call('XDEL', key, id)
  else
    last = id
    if string.sub(value, 1, 8) == writer then
      sent = struct.unpack('>I4', value, 9)
    else
      local ms = math.min(tonumber(string.match(id, '^%d+')), 2 ^ 53)
      found[#found + 1] = struct.pack('>I8', ms) .. string.sub(value, 13)
    end
  end
end
if #entries - first + 1 == piece then return {last, table.concat(found), ignored, sent, 1} end
for at = 1, #batch, length do
  local value = string.sub(batch, at, at + length - 1)
  if struct.unpack('>I4', value, 9) > sent then
    local id = redis.pcall('XADD', key, 'MAXLEN', size, '*', 'a', value)
    if type(id) == 'table' then
      if not string.find(id.err, 'ID', 1, true) then return id end
      redis.call('DEL', key) -- after the id that somebody wrote there nothing can be added
      id = redis.call('XADD', key, 'MAXLEN', size, '*', 'a', value)
    end
    last = id
  end
end
if #batch > 0 then redis.call('PEXPIRE', key, keep_ms) end
return {last, table.concat(found), ignored, sent, 0}
"""
_MOST_AT_ONCE = 500
_KEEP_MS = 30 * 86_400 * 1_000
_LONGEST_S = 2.0  # in the background
_LONGEST_REFRESH_S = 0.1
_LONGEST_FLUSH_S = 1.0


@dataclass(frozen=True)
class Exchanged:
    """``until`` where it was read to, ``data`` what others wrote, as ``SharedWindow.read`` takes
    it, and how much was ``ignored``. Where ``is_more``, nothing was written yet, and of this
    instance's own the one with the number ``sent`` has come before.
    """

    until: bytes
    data: bytes
    ignored: int
    sent: int
    is_more: bool


def read_exchange(reply: object) -> Exchanged:
    """Raises ValueError for anything else."""
    match reply:
        case [bytes(until), bytes(data), int(ignored), int(sent), 0 | 1 as more]:
            return Exchanged(until, data, ignored, sent, bool(more))
    raise ValueError("no exchange")


class Exchange:
    """For one event loop."""

    def __init__(self, monitor: Monitor, link: Link[Exchanged], policy: SharedStatePolicy) -> None:
        self._monitor = monitor
        self._link = link
        self._prefix = policy.prefix
        self._counts = Counter[str]()
        self._window: SharedWindow | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def breaker(self) -> Breaker:
        return self._link.breaker

    @property
    def is_up(self) -> bool:
        return self.breaker.is_closed

    @property
    def counts(self) -> Mapping[str, int]:
        """Answers that were sent, received, ignored (of those that came) and dropped."""
        here = 0 if self._window is None else self._window.dropped
        dropped = self._counts["dropped"] + here
        names = ("sent", "received", "ignored")
        return {**{name: self._counts[name] for name in names}, "dropped": dropped}

    @property
    def has_to_send(self) -> bool:
        window = self._monitor.shared
        return window is not None and len(window) > 0

    @property
    def is_needed(self) -> bool:
        """The model that answers has a reference: its answers are compared with something."""
        return self._monitor.shared is not None

    async def refresh(self) -> None:
        """Before somebody looks; it takes a moment at most, and nothing where the link is lost."""
        if self.is_up:
            await asyncio.wait({self._begun()}, timeout=_LONGEST_REFRESH_S)

    async def run_once(self) -> None:
        """Also to find out whether it can be done again. Who is cancelled here cancels nobody else,
        and what is under way goes on until ``close``.
        """
        if self.breaker.may_be_tried:
            await asyncio.shield(self._begun())

    async def close(self) -> None:
        """Send what is left; wait a little for that. What is left then is dropped."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _LONGEST_FLUSH_S
        for _ in range(2):  # the one that is under way may have begun before the last answers came
            if self.is_up and (self._is_running or self.has_to_send):
                await asyncio.wait({self._begun()}, timeout=max(0, until_s - loop.time()))
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        window = self._followed()
        if window is not None:
            self._counts["dropped"] += len(window.waiting(window.size))
        await self._link.close()

    @property
    def _is_running(self) -> bool:
        return self._running is not None and not self._running.done()

    def _begun(self) -> asyncio.Task[None]:
        """One at a time: who asks meanwhile waits for the same."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._exchange())
        return self._running

    async def _exchange(self) -> None:
        window, sent, is_more = self._followed(), 0, True
        while window is not None and is_more:
            batch = window.waiting(_MOST_AT_ONCE)
            exchanged = await self._sent(window, batch, sent)
            if exchanged is None:
                return
            window.seen_until, sent = exchanged.until, exchanged.sent
            is_more = exchanged.is_more or len(batch) == _MOST_AT_ONCE
            await self._take(window, exchanged)

    async def _sent(self, window: SharedWindow, batch: list[bytes], sent: int) -> Exchanged | None:
        """What nobody confirmed is given back, also where nobody waits for it any more."""
        exchanged = None
        try:
            exchanged = await self._link.try_out(self._call(window, batch, sent), _LONGEST_S)
        finally:
            if exchanged is None or exchanged.is_more:
                window.give_back(batch)
            else:
                self._counts["sent"] += len(batch)
        return exchanged

    async def _take(self, window: SharedWindow, exchanged: Exchanged) -> None:
        """A look at a time: a whole window at the start is no reason to let callers wait."""
        arrived = window.read(exchanged.data)
        self._counts["received"] += len(arrived.answers)
        self._counts["ignored"] += exchanged.ignored + arrived.ignored
        for at in range(0, len(arrived.answers), LOOK_EVERY):
            self._monitor.take(window, arrived.answers[at : at + LOOK_EVERY])
            await asyncio.sleep(0)

    def _followed(self) -> SharedWindow | None:
        """That of the model that answers now; what is left of another one is not sent any more."""
        window, before = self._monitor.shared, self._window
        if window is not before and before is not None:
            self._counts["dropped"] += before.dropped + len(before)
        self._window = window
        return window

    def _call(self, window: SharedWindow, batch: list[bytes], sent: int) -> Call:
        key = f"{self._prefix}:drift:{window.name}"
        length, joined = window.sent_bytes, b"".join(batch)
        about = (window.seen_until, window.size, window.writer, length, joined, _KEEP_MS)
        return Call(_EXCHANGE, key, (*about, _MOST_AT_ONCE, sent))
