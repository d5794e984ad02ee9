"""Keras model files for tests, made by code; and TensorFlow as the oracle for their answers.

Nothing here is imported by the package: Keras and TensorFlow write the files and say what the right
answer is, the package reads the files without either.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from vistazo.models.keras_import import convert
from vistazo.models.signature import ModelSignature

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

TOLERANCE = 1e-4

Floats = NDArray[np.float32]
Model = Any


def keras3() -> ModuleType:
    """Keras 3 on TensorFlow."""
    import keras

    return keras


def keras2() -> ModuleType:
    """Keras 2, as tf_keras maintains it."""
    import tf_keras

    tf_keras.utils.disable_interactive_logging()
    return tf_keras


def save(model: Model, path: Path) -> Path:
    """Save in the format that the suffix names, without the notice that ``.h5`` is old."""
    import warnings

    import absl.logging

    absl.logging.set_verbosity(absl.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return path


def pictures(model: Model, count: int = 2, seed: int = 0, high: float = 255.0) -> Floats:
    """Pictures of the size that a model takes: coarse patches under noise.

    Noise alone looks the same everywhere, which no normalization is made for.
    """
    rng, (height, width, *channels) = np.random.default_rng(seed), model.input_shape[1:]
    patches = rng.uniform(0, high, (count, 4, 4, *channels))
    rows, columns = (np.arange(side) * 4 // side for side in (height, width))
    noise = rng.uniform(0, high, (count, height, width, *channels))
    return np.asarray(0.7 * patches[:, rows][:, :, columns] + 0.3 * noise, dtype=np.float32)


def run_onnx(path: Path, images: Floats) -> list[Floats]:
    """Scores and, where there is one, the feature map."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = {output.name for output in session.get_outputs()}
    names = [name for name in ("scores", "features") if name in given]
    return [np.asarray(output) for output in session.run(names, {"images": images})]


def check_plain(path: Path, images: Floats, expected: Floats) -> None:
    """Convert to a plain file: images in, scores out, for any runtime and without a warning."""
    target = path.with_suffix(path.suffix + ".plain.onnx")
    convert(path, target)
    for runtime in (_plain_onnxruntime, _plain_openvino):
        assert np.abs(runtime(target, images) - expected).max() < TOLERANCE, runtime.__name__
    target.unlink()


def _plain_onnxruntime(path: Path, images: Floats) -> Floats:
    """With the runtime's own options, so that it warns where it has something to say."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["images"]
    assert [value.name for value in session.get_outputs()] == ["scores"]
    assert not session.get_overridable_initializers()
    return np.asarray(session.run(None, {"images": images})[0])


def _plain_openvino(path: Path, images: Floats) -> Floats:
    """In float32: by itself it takes bfloat16 where the processor has that."""
    from vistazo.engines.openvino_runtime import openvino

    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino.Core().compile_model(path, "CPU", options)
    return np.array(compiled({"images": images})["scores"])


def convert_checked(
    path: Path, size: tuple[int, int] | None = None, *, infer_shapes: bool = True
) -> tuple[Path, ModelSignature]:
    """Convert a file, as the service keeps it, and have onnx's own checker look at the result."""
    target = path.with_suffix(path.suffix + ".onnx")
    signature = convert(path, target, size, with_evidence=True)
    onnx.checker.check_model(target, full_check=infer_shapes)
    return target, signature


def answer(model: Model, images: Floats) -> Floats:
    """What the framework itself says, one row of scores per picture."""
    return np.asarray(model(images, training=False)).reshape(len(images), -1)


def difference(model: Model, path: Path, images: Floats | None = None) -> float:
    """The largest difference between the framework's scores and those of the converted file."""
    images = pictures(model) if images is None else images
    target, signature = convert_checked(path)
    given = images.reshape(len(images), signature.height, signature.width, signature.channels)
    return float(np.abs(run_onnx(target, given)[0] - answer(model, images)).max())


def randomize(model: Model, seed: int = 0) -> Model:
    """Weights as training leaves them: nothing at its initial 0 or 1, statistics included."""
    rng = np.random.default_rng(seed)
    ranges: dict[str, Callable[[tuple[int, ...]], Floats]] = {
        "variance": lambda shape: rng.uniform(0.5, 1.5, shape),
        "gamma": lambda shape: rng.uniform(0.5, 1.5, shape),
        "mean": lambda shape: rng.normal(0, 0.2, shape),
        "beta": lambda shape: rng.normal(0, 0.2, shape),
        "bias": lambda shape: rng.normal(0, 0.2, shape),
    }
    for variable in model.weights:
        name = variable.name.rpartition("/")[2]
        draw = next((draw for part, draw in ranges.items() if part in name), None)
        if draw is not None:
            variable.assign(draw(tuple(variable.shape)))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # Normalization keeps a copy of its statistics
            layer.finalize_state()
    return model


def settle(model: Model) -> Model:
    """Make residual branches small beside their shortcuts, as they are in trained networks.

    Otherwise activations grow from block to block, until rounding alone decides what a deep network
    answers, in the framework as much as here.
    """
    for layer in model.layers:
        if type(layer).__name__ == "Add":
            for branch in layer.input:
                _quieten(branch)
    return model


def _quieten(branch: Any) -> None:
    layer = branch._keras_history[0]
    while hasattr(layer, "rate"):
        layer = layer.input._keras_history[0]
    if hasattr(layer, "gamma"):
        layer.gamma.assign(np.asarray(layer.gamma) * 0.2)


def sharpen(keras: ModuleType, model: Model, images: Floats) -> Model:
    """Scale the last layer so that the scores of these pictures are far from flat."""
    last = next(layer for layer in reversed(model.layers) if hasattr(layer, "kernel"))
    before = np.asarray(keras.Model(model.inputs[0], last.input)(images, training=False))
    logits = before.reshape(-1, last.kernel.shape[-2]) @ np.asarray(last.kernel).reshape(
        last.kernel.shape[-2:]
    )
    last.kernel.assign(np.asarray(last.kernel) * (3 / (logits.std() + 1e-30)))
    return model
