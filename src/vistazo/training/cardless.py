"""A model that has no card yet, compiled all the same: its file says the size of its input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vistazo.engines.onnx import OnnxEngine
from vistazo.models.drafting import CardHints
from vistazo.models.store import compiled, without_card


@contextmanager
def open_without_card(
    model: Path,
    cache_dir: Path,
    size: tuple[int, int] | None = None,
    layers_module: str | None = None,
) -> Iterator[OnnxEngine]:
    """Compile and open a model. Raises ModelError.

    ``size`` (height, width) is for a model that takes any. The cache keeps what is compiled.
    """
    stored = without_card(model, CardHints(input_size=size), cache_dir)
    with compiled(stored, cache_dir, layers_module) as onnx:
        engine = OnnxEngine(onnx)
    try:
        yield engine
    finally:
        engine.close()
