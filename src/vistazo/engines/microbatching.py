"""Single pictures that come at once run as one batch, on a device that is quicker so: a GPU.

Nobody waits for a batch to fill. Who finds the device idle runs at once; all who come meanwhile are
the next batch. So a picture alone takes no longer, and the busier it is, the larger the batches.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Engine, Head, Outputs, Probe, Runtime, part_of
from vistazo.models.signature import ModelSignature


@dataclass(eq=False)
class _Call:
    """Somebody's images, and what became of them."""

    images: NDArray[np.float32]
    outputs: Outputs | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.outputs is not None or self.error is not None


class MicrobatchingEngine:
    """Honours the engine's protocol, with another engine's runs: one at a time, of up to
    ``most_images`` together (a caller's own are never divided).

    Each caller has his own rows, or his own error: where a batch fails, each of it is run alone.
    """

    def __init__(self, engine: Engine, most_images: int = 32) -> None:
        self._engine = engine
        self._most_images = most_images
        self._change = threading.Condition()
        self._waiting: list[_Call] = []
        self._is_busy = False
        self._ends = 0

    @property
    def signature(self) -> ModelSignature:
        return self._engine.signature

    @property
    def runtime(self) -> Runtime:
        return self._engine.runtime

    @property
    def head(self) -> Head | None:
        return self._engine.head

    @property
    def probe(self) -> Probe | None:
        return self._engine.probe

    def run(self, images: NDArray[np.float32]) -> Outputs:
        call = _Call(images)
        with self._change:
            self._waiting.append(call)
        while True:
            with self._change:
                self._change.wait_for(lambda: call.is_done or not self._is_busy)
                if call.error is not None:
                    raise call.error
                if call.outputs is not None:
                    return call.outputs
                batch, ends = self._next_batch(), self._ends
                self._is_busy = True
            self._run_for_all(batch, ends)

    def interrupt(self) -> None:
        """Those that wait end too, as they do within a run."""
        with self._change:
            self._ends += 1
            for call in self._waiting:
                call.error = RuntimeError("The run was ended.")
            self._waiting.clear()
            self._change.notify_all()
        self._engine.interrupt()

    def close(self) -> None:
        self._engine.close()

    def _next_batch(self) -> list[_Call]:
        """Those that came first, and at least one of them."""
        count, images = 0, 0
        for call in self._waiting:
            images += len(call.images)
            if count and images > self._most_images:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _run_for_all(self, batch: list[_Call], ends: int) -> None:
        """Whoever leads it; should he be ended (Ctrl-C), the others are the next."""
        try:
            try:
                self._run_together(batch)
            except Exception as error:  # a runtime's errors share no base but Exception
                for call in batch:
                    self._run_alone(call, error if len(batch) == 1 or self._ends != ends else None)
        finally:
            with self._change:
                self._waiting[:0] = [call for call in batch if not call.is_done]
                self._is_busy = False
                self._change.notify_all()

    def _run_together(self, batch: list[_Call]) -> None:
        outputs = self._engine.run(np.concatenate([call.images for call in batch]))
        at = 0
        for call in batch:
            rows = slice(at, at + len(call.images))
            call.outputs = part_of(outputs, rows)
            at = rows.stop

    def _run_alone(self, call: _Call, known: Exception | None) -> None:
        if known is not None:
            call.error = known
            return
        try:
            call.outputs = self._engine.run(call.images)
        except Exception as error:  # as above
            call.error = error
