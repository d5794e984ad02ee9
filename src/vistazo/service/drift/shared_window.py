"""What one instance tells others of its answers: the places of bins, no more."""

from __future__ import annotations

import json
import os
import struct
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from vistazo.service.drift.window import NOT_MEASURED, PlacedAnswer, Window

# Another way to write an answer is another version, and so another window: instances of two
# versions of Vistazo do not read each other's.
_VERSION = 1
WRITER_BYTES = 8
_SENT = struct.Struct(">8sII")  # who writes, his how-many-eth, the class; then a byte a quantity
_GOT = struct.Struct(">QI")  # when, in ms since 1970, and the class


class TheirAnswer(NamedTuple):
    """``at`` by the clock of who keeps it, but never in the future."""

    at: datetime
    answer: PlacedAnswer


@dataclass(frozen=True)
class Arrived:
    answers: Sequence[TheirAnswer]
    ignored: int


class SharedWindow:
    """Of one model, as long as it is served: those that have the same file, the same bins and the
    same size of window write into one, by its ``name``. For several threads.

    An answer waits here until it is taken. No more wait than the window has places for: of older
    ones it is counted how many were ``dropped``.
    """

    def __init__(self, sha256: str, labels: Sequence[str], window: Window) -> None:
        kind = [_VERSION, sha256, list(labels), list(window.edges.items()), window.size]
        self.name = blake2b(json.dumps(kind).encode(), digest_size=16).hexdigest()
        self.size = window.size
        self.writer = os.urandom(WRITER_BYTES)
        self.seen_until = b"0-0"  # what has come already
        self.dropped = 0
        self._n_labels = len(labels)
        self._n_bins = [len(counts) for counts in window.bins.values()]
        self._waiting: deque[bytes] = deque()
        self._put = 0
        self._lock = threading.Lock()

    @property
    def sent_bytes(self) -> int:
        """Of one answer as it is sent."""
        return _SENT.size + len(self._n_bins)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, answer: PlacedAnswer) -> None:
        with self._lock:
            self._put = (self._put + 1) % 2**32
            self._waiting.append(_SENT.pack(self.writer, self._put, answer.label) + answer.bins)
            self._drop_the_oldest()

    def waiting(self, most: int) -> list[bytes]:
        """Take the oldest ones out."""
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def give_back(self, answers: Sequence[bytes]) -> None:
        """They could not be sent."""
        with self._lock:
            self._waiting.extendleft(reversed(answers))
            self._drop_the_oldest()

    def read(self, data: bytes) -> Arrived:
        """Those of others, one after the other. What is none of this model is left out: nobody
        knows who writes there.
        """
        length = _GOT.size + len(self._n_bins)
        found = [self._read(data[at : at + length]) for at in range(0, len(data), length)]
        answers = [each for each in found if each is not None]
        return Arrived(answers, len(found) - len(answers))

    def _read(self, data: bytes) -> TheirAnswer | None:
        if len(data) != _GOT.size + len(self._n_bins):
            return None
        at_ms, label = _GOT.unpack_from(data)
        bins = data[_GOT.size :]
        fit = (
            place < n or place == NOT_MEASURED for place, n in zip(bins, self._n_bins, strict=True)
        )
        if label >= self._n_labels or not all(fit):
            return None
        at_s = min(at_ms / 1_000, datetime.now(UTC).timestamp())
        return TheirAnswer(datetime.fromtimestamp(at_s, UTC), PlacedAnswer(label, bins))

    def _drop_the_oldest(self) -> None:
        while len(self._waiting) > self.size:
            self._waiting.popleft()
            self.dropped += 1
