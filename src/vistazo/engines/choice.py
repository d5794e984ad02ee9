"""Which runtime runs a model, where, and in what numbers; the words are those of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vistazo.errors import SettingsError

EngineName = Literal["auto", "onnx", "openvino", "keras"]
Device = Literal["cpu", "cuda", "auto"]
Precision = Literal["float32", "bfloat16", "auto"]


@dataclass(frozen=True)
class EngineChoice:
    """``threads`` is how many runs may go on at once. Raises SettingsError for what none does."""

    name: EngineName = "auto"
    precision: Precision = "float32"
    threads: int = 1
    device: Device = "cpu"

    def __post_init__(self) -> None:
        if self.precision == "bfloat16" and self.name != "openvino":
            raise SettingsError(
                f"PRECISION=bfloat16 needs ENGINE=openvino (it is '{self.name}'): no other engine "
                "has bfloat16 on a CPU. PRECISION=auto takes it where engine and processor do."
            )
        if self.device == "cuda" and self.name in ("openvino", "keras"):
            raise SettingsError(
                f"DEVICE=cuda needs ENGINE=onnx (it is '{self.name}'): OpenVINO runs on the CPU "
                "here, and Keras takes the GPU by itself where TensorFlow sees one."
            )
