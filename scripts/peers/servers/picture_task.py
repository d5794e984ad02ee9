"""What every server is asked to do with a picture, in the plain lines that a person would write.

Pillow, NumPy and ONNX Runtime; nothing of Vistazo. The peers load it in environments of their own.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps


@dataclass(frozen=True)
class PictureTask:
    """``model``: the compiled model (ONNX), ``weights`` what it was compiled from (Keras).

    ``workers``: as many as there are cores; each runs one picture on one thread.
    """

    name: str
    model: str
    weights: str
    workers: int
    labels: list[str] = field(default_factory=lambda: ["one", "other", "third"])
    side: int = 224
    colour: str = "rgb"  # or "grey"
    equalize: bool = False
    divide_by: float = 127.5
    subtract: float = 1.0
    temperature: float = 1.0  # of a sigmoid, which then gives two probabilities

    @classmethod
    def given(cls) -> PictureTask:
        """From the file that the variable BENCHMARK_TASK names."""
        return cls.read(Path(os.environ["BENCHMARK_TASK"]))

    @classmethod
    def read(cls, path: Path) -> PictureTask:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def prepare(self, picture: BinaryIO | Image.Image) -> np.ndarray:
        """Decode and scale: float32 (1, side, side, channels)."""
        image = picture if isinstance(picture, Image.Image) else Image.open(picture)
        image.draft(None, (2 * self.side, 2 * self.side))  # a JPEG may be decoded smaller
        image = image.convert("L" if self.colour == "grey" else "RGB")
        image = image.resize((self.side, self.side), Image.Resampling.BILINEAR)
        if self.equalize:
            image = ImageOps.equalize(image)
        pixels = np.asarray(image, np.float32) / np.float32(self.divide_by) - np.float32(
            self.subtract
        )
        return pixels.reshape(1, self.side, self.side, -1)

    def probabilities(self, scores: np.ndarray) -> dict[str, float]:
        """By label, from what the model gave for one picture."""
        values = np.asarray(scores, np.float64).ravel()
        if len(values) == 1:
            logit = np.log(values[0] / (1 - values[0])) / self.temperature
            positive = 1 / (1 + np.exp(-logit))
            values = np.array([1 - positive, positive])
        return dict(zip(self.labels, values.tolist(), strict=True))


class OnnxClassifier:
    """One session, which runs a picture on the thread that asks."""

    def __init__(self, task: PictureTask) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._task = task
        self._session = onnxruntime.InferenceSession(
            task.model, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def classify(self, picture: bytes | bytearray | BinaryIO | Image.Image) -> dict[str, float]:
        """Probabilities by label."""
        source = io.BytesIO(picture) if isinstance(picture, bytes | bytearray) else picture
        (scores,) = self._session.run(["scores"], {self._input: self._task.prepare(source)})
        return self._task.probabilities(scores)
