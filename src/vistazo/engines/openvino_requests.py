"""Runs of a model that OpenVINO has compiled, from several threads, which can be ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Requests:
    """A request of OpenVINO's is for one run at a time: each run takes one, and gives it back."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._running: set[Any] = set()
        self._ends = 0

    def run_each(self, inputs: Iterable[Floats]) -> list[list[Floats]]:
        """The outputs for each input, one after the other. Raises RuntimeError, once ended."""
        with self._lock:
            ends = self._ends
            request = self._idle.pop() if self._idle else self._compiled.create_infer_request()
            self._running.add(request)
        try:
            return [self._run(request, values, ends) for values in inputs]
        finally:
            with self._lock:
                self._running.remove(request)
                self._idle.append(request)

    def end(self) -> None:
        """The runs that go on, and no later ones."""
        with self._lock:
            self._ends += 1
            for request in self._running:
                request.cancel()

    def _run(self, request: Any, values: Floats, ends: int) -> list[Floats]:
        """Only a run that was started as asynchronous can be cancelled."""
        with self._lock:
            if self._ends != ends:
                raise RuntimeError("The run was ended.")
            request.start_async([values])
        request.wait()
        return [np.array(tensor.data) for tensor in request.output_tensors]
