"""From a choice to an engine. A runtime that is not chosen is not imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vistazo.engines.base import Engine
from vistazo.engines.choice import EngineChoice
from vistazo.engines.microbatching import MicrobatchingEngine


@dataclass(frozen=True)
class Opener:
    """``open`` runs a compiled model, and raises ModelError; ``runtime`` stands for what runs it
    and how.
    """

    open: Callable[[Path], Engine]
    runtime: str


def opener(choice: EngineChoice) -> Opener:
    """Import the runtime, and its libraries. Raises SettingsError where it is not installed."""
    if choice.name == "openvino":
        from vistazo.engines import openvino

        return Opener(
            lambda path: openvino.OpenvinoEngine(path, choice.precision, choice.threads),
            f"openvino {openvino.VERSION} {openvino.settled(choice.precision)}",
        )
    from vistazo.engines import onnx

    def opened(path: Path) -> Engine:
        engine = onnx.OnnxEngine(path, choice.device)
        return MicrobatchingEngine(engine) if engine.runtime.device == "cuda" else engine

    return Opener(opened, f"onnxruntime {onnx.VERSION}")
