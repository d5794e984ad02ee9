"""A model that has no card yet, compiled all the same: its file says the size of its input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vistazo.engines.base import Engine
from vistazo.engines.rehearsal import open_rehearsed
from vistazo.models.bounded_child import LoadingPolicy
from vistazo.models.drafting import CardHints
from vistazo.models.store import compiled, without_card


@contextmanager
def open_without_card(
    model: Path,
    cache_dir: Path,
    size: tuple[int, int] | None = None,
    layers_module: str | None = None,
    policy: LoadingPolicy | None = None,
    *,
    weights: Path | None = None,
    output: str | None = None,
) -> Iterator[Engine]:
    """Compile and open a model. Raises ModelError.

    ``size`` (height, width) is for a model that takes any, ``output`` the name of the one that is
    meant for a model of several. The cache keeps what is compiled. ``weights`` is where the weights
    are of a file of layers alone, instead of beside it.
    """
    stored = without_card(model, CardHints(input_size=size), cache_dir, weights)
    stored = replace(stored, output_name=output)
    policy = policy or LoadingPolicy()
    with compiled(stored, cache_dir, layers_module, policy) as onnx:
        engine = open_rehearsed(onnx, str(model), policy)
    try:
        yield engine
    finally:
        engine.close()
