"""A model that has no card yet, compiled all the same: its file says the size of its input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vistazo.engines.onnx import OnnxEngine
from vistazo.errors import UnsupportedModelError
from vistazo.models.card import InputSpec, ModelCard, OutputSpec
from vistazo.models.compilation import describe_model
from vistazo.models.store import StoredModel, check_is_there, compiled, sha256_of


@contextmanager
def open_without_card(
    model: Path,
    cache_dir: Path,
    size: tuple[int, int] | None = None,
    layers_module: str | None = None,
) -> Iterator[OnnxEngine]:
    """Compile and open a model. Raises ModelError.

    ``size`` (height, width) is for a model that takes any. The cache keeps what is compiled, and
    serving finds it there.
    """
    check_is_there(model)
    found = describe_model(model, size, layers_module)
    if found.signature is None:
        raise UnsupportedModelError(
            f"{model} cannot be served:\n" + "\n".join(f"  {fault}" for fault in found.problems)
        )
    height, width = found.signature.height, found.signature.width
    stand_in = ModelCard(
        name="model",
        version="0",
        labels=("0", "1"),
        input=InputSpec(height=height, width=width, colour="rgb", scale="none"),
        output=OutputSpec(kind="logits"),
    )
    stored = StoredModel(model, stand_in, sha256_of(model))
    with compiled(stored, cache_dir, layers_module) as onnx:
        engine = OnnxEngine(onnx)
    try:
        yield engine
    finally:
        engine.close()
