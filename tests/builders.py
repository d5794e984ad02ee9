"""Pictures, cards and models for tests, made in memory."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.answers.likeness import Baseline
from vistazo.answers.reference import Reference
from vistazo.classifier import Classifier, OutOfDistributionPolicy
from vistazo.engines.base import Outputs, Runtime
from vistazo.models.card import ModelCard
from vistazo.models.outputs import OutputSignature
from vistazo.models.signature import ModelSignature
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader, PictureReader


def ramp(width: int = 80, height: int = 60) -> NDArray[np.float64]:
    """Grey levels 0..255 that rise row by row."""
    return np.linspace(0, 255, width * height).reshape(height, width)


def film(width: int = 80, height: int = 60) -> Image.Image:
    return Image.fromarray(ramp(width, height).astype(np.uint8))


def flat(grey: int, width: int = 80, height: int = 60) -> Image.Image:
    return Image.new("L", (width, height), grey)


def encoded(image: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def card(**changes: Any) -> ModelCard:
    """A sound card for the brightness engine; fields of ``input`` and ``output`` may be changed."""
    document: dict[str, Any] = {
        "name": "brightness",
        "version": "1.0.0",
        "labels": ["DARK", "BRIGHT"],
        "input": {"height": 8, "width": 8, "colour": "grey", "scale": "1/255"},
        "output": {"kind": "sigmoid"},
    }
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(document.get(name), dict):
            document[name] = {**document[name], **value}
        else:
            document[name] = value
    return ModelCard.model_validate(document)


class BrightnessEngine:
    """Honours the engine's protocol: the score of a picture is its mean value.

    ``gate`` holds every run until it is set, for tests of what happens meanwhile. With ``maps`` its
    feature map is the picture itself. All numbers of its ``others`` are the mean, too.
    """

    def __init__(
        self,
        gate: threading.Event | None = None,
        of: ModelCard | None = None,
        *,
        maps: bool = False,
        others: tuple[OutputSignature, ...] = (),
    ) -> None:
        self._gate = gate
        self.runtime = Runtime("brightness", "1.0")
        self.signature = replace(signature(of or card()), output="light", others=others)
        self.maps = maps
        self.runs = 0
        self.takes_s = 0.0
        self.is_closed = False
        self.interrupts = 0
        self.head = None
        self.probe = None

    def run(self, images: NDArray[np.float32]) -> Outputs:
        if self._gate is not None:
            assert self._gate.wait(30)
        time.sleep(self.takes_s)
        self.runs += 1
        scores = images.mean(axis=(1, 2), dtype=np.float32)[:, :1]
        width = sum(other.units for other in self.signature.others)
        others = np.repeat(scores, width, axis=1) if width else None
        return Outputs(scores, images if self.maps else None, others)

    def interrupt(self) -> None:
        self.interrupts += 1

    def close(self) -> None:
        self.is_closed = True


def signature(of: ModelCard) -> ModelSignature:
    return ModelSignature(
        height=of.input.height,
        width=of.input.width,
        channels=of.input.channels,
        units=of.units[0],
        activation="sigmoid",
        features=None,
        weights=0,
        layers=1,
        framework="none",
    )


def brightness_classifier(
    engine: BrightnessEngine | None = None,
    reader: PictureReader | None = None,
    *,
    baseline: Baseline | None = None,
    reference: Reference | None = None,
    out_of_distribution: OutOfDistributionPolicy = "warn",
    warnings: tuple[str, ...] = (),
    sha256: str = "0" * 64,
    **changes: Any,
) -> Classifier:
    """Says BRIGHT for a picture whose mean is above the threshold, with the mean as probability."""
    the_card = card(**changes)
    return Classifier(
        engine or BrightnessEngine(),
        the_card,
        sha256,
        reader or DirectReader(ImageLimits()),
        baseline=baseline,
        reference=reference,
        out_of_distribution=out_of_distribution,
        warnings=warnings,
    )


def evenness() -> Baseline:
    """Pictures of one grey are as they should be; any other is strange."""
    even = np.full((1, 64), 1 / 8, np.float32)
    return Baseline(np.zeros(64, np.float32), even, limit=0.1, sha256="0" * 64)


def write_keras_archive(path: Path, config: dict[str, Any], weights: bytes) -> None:
    """The members of a ``.keras`` file, as Keras 3 writes them; but without the time of day, so
    that the same model is the same file and is compiled once.
    """
    members = {
        "metadata.json": json.dumps({"keras_version": "3.9.0"}),
        "config.json": json.dumps(config),
        "model.weights.h5": weights,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def write_brightness_model(
    path: Path,
    labels: tuple[str, ...] = ("DARK", "BRIGHT"),
    *,
    maps: bool = False,
    custom: str | None = None,
    slope: float = 8,
    version: str = "1.0.0",
) -> Path:
    """A real ``.keras`` file, made without Keras, and its card: sigmoid(8 * mean - 4) of 8 x 8.

    With ``maps`` it has a spatial feature map: the picture itself. ``custom`` puts a layer of that
    class before the mean. Another ``slope`` than 8 is another model: -8 says the opposite.
    """
    convolution = layer("Conv2D", "copy", filters=1, kernel_size=[1, 1], use_bias=False)
    layers = [
        layer("InputLayer", "pixels", batch_shape=[None, 8, 8, 1]),
        *([convolution] if maps else []),
        *([layer(custom, "custom")] if custom else []),
        layer("GlobalAveragePooling2D", "mean"),
        layer("Dense", "score", units=1, activation="sigmoid", use_bias=True),
    ]
    config = {"class_name": "Sequential", "config": {"name": "brightness", "layers": layers}}
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        if maps:
            file["layers/copy/vars/0"] = np.ones((1, 1, 1, 1), np.float32)
        file["layers/score/vars/0"] = np.full((1, 1), slope, np.float32)
        file["layers/score/vars/1"] = np.full((1,), -slope / 2, np.float32)
    write_keras_archive(path, config, weights.getvalue())
    document = {
        "name": "brightness",
        "version": version,
        "labels": list(labels),
        "input": {"height": 8, "width": 8, "colour": "grey", "scale": "1/255"},
        "output": {"kind": "sigmoid" if len(labels) == 2 else "softmax"},
    }
    path.with_name(f"{path.stem}.card.yaml").write_text(json.dumps(document))  # JSON is YAML
    return path


def write_laid_flat_model(path: Path, length: int = 80) -> Path:
    """A real ``.keras`` file that takes rows of numbers: sigmoid(8 * mean - 4), and no card."""
    layers = [
        layer("InputLayer", "pixels", batch_shape=[None, length]),
        layer("Dense", "score", units=1, activation="sigmoid", use_bias=True),
    ]
    config = {"class_name": "Sequential", "config": {"name": "brightness", "layers": layers}}
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/score/vars/0"] = np.full((length, 1), 8 / length, np.float32)
        file["layers/score/vars/1"] = np.full((1,), -4, np.float32)
    write_keras_archive(path, config, weights.getvalue())
    return path


def layer(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": None,
    }


def write_remembering_model(
    path: Path,
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    *,
    scale: str = "1/255",
    trainable: bool = True,
    nested: bool = False,
) -> Path:
    """A real ``.keras`` file of 32 x 32 x 3 and its card: a copy, then a batch normalisation.

    ``mean`` and ``variance`` (3,) are what the normalisation remembers. ``nested`` puts both into a
    model of their own.
    """
    inner = [
        layer("Conv2D", "copy", filters=3, kernel_size=[1, 1], use_bias=False),
        layer("BatchNormalization", "memory", axis=-1, trainable=trainable),
    ]
    pixels = layer("InputLayer", "pixels", batch_shape=[None, 32, 32, 3])
    base = layer("Sequential", "base", layers=[{**pixels, "name": "inner"}, *inner])
    layers = [
        pixels,
        *([base] if nested else inner),
        layer("GlobalAveragePooling2D", "pool"),
        layer("Dense", "score", units=1, activation="sigmoid", use_bias=True),
    ]
    config = {"class_name": "Sequential", "config": {"name": "remembering", "layers": layers}}
    prefix = "layers/base/layers" if nested else "layers"
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file[f"{prefix}/copy/vars/0"] = np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3)
        arrays = (np.ones(3, np.float32), np.zeros(3, np.float32), mean, variance)
        for place, array in enumerate(arrays):
            file[f"{prefix}/memory/vars/{place}"] = np.asarray(array, np.float32)
        file["layers/score/vars/0"] = np.ones((3, 1), np.float32)
        file["layers/score/vars/1"] = np.zeros((1,), np.float32)
    write_keras_archive(path, config, weights.getvalue())
    document = {
        "name": "remembering",
        "version": "1.0.0",
        "labels": ["A", "B"],
        "input": {"height": 32, "width": 32, "colour": "rgb", "scale": scale},
        "output": {"kind": "sigmoid"},
    }
    path.with_name(f"{path.stem}.card.yaml").write_text(json.dumps(document))
    return path
