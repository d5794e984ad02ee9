"""Heatmaps of networks that were trained to find a lesion: do they point at it?

The figures are logged (pytest --log-cli-level=INFO); those on real pictures come from
scripts/measure_heatmaps.py.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lesions
from builders import card
from vistazo.answers.explanation import Explainer, Frame
from vistazo.answers.explanation.heatmap import strengths
from vistazo.engines.onnx import OnnxEngine
from vistazo.models.keras_import import convert

Floats = NDArray[np.float32]

log = logging.getLogger(__name__)

_METHODS = {
    "pooled": "class_activation",
    "hidden": "feature_ablation",
    "flat": "feature_ablation",
}
_CLEAR, _LESION = "CLEAR", "LESION"


@dataclass(frozen=True)
class Subject:
    """A Keras model, and the same one as it is served."""

    model: Any
    engine: OnnxEngine
    explainer: Explainer

    def evidence(self, image: Floats) -> Any:
        return self.explainer.explain(image, self.engine.run(image[np.newaxis]), _LESION)


def subject_of(model: Any, folder: Path) -> Subject:
    kind = "sigmoid" if model.output_shape[-1] == 1 else "softmax"
    side = {"height": lesions.SIDE, "width": lesions.SIDE}
    the_card = card(labels=[_CLEAR, _LESION], input=side, output={"kind": kind})
    model.save(folder / "model.keras")
    convert(folder / "model.keras", folder / "model.onnx", with_evidence=True)
    engine = OnnxEngine(folder / "model.onnx")
    return Subject(model, engine, Explainer(engine, the_card))


# Each network is trained in a quarter to half a minute.
pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(find_spec("keras") is None, reason="TensorFlow is not installed"),
]


@pytest.fixture(scope="module", params=_METHODS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    model = lesions.trained(request.param)
    return request.param, subject_of(model, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def found() -> tuple[Floats, NDArray[np.int64]]:
    """Pictures that have a lesion, and where it is."""
    images, centres, has_lesion = lesions.pictures(240, seed=9)
    return images[has_lesion == 1], centres[has_lesion == 1]


def test_the_method_is_the_best_that_the_head_allows(trained: Any, found: Any) -> None:
    name, subject = trained
    assert subject.evidence(found[0][0]).method == _METHODS[name]


def test_at_least_95_of_100_peaks_lie_in_the_lesion(trained: Any, found: Any) -> None:
    """The pointing game of Zhang et al. 2018, Top-down Neural Attention by Excitation Backprop."""
    name, subject = trained
    images, centres = found
    size = (lesions.SIDE, lesions.SIDE)
    inside = []
    for image, centre in zip(images, centres, strict=True):
        strength = strengths(subject.evidence(image).grid, Frame(0, 0, 1, 1), size)
        peak = np.unravel_index(strength.argmax(), strength.shape)
        inside.append(np.hypot(*(np.array(peak) - centre)) <= lesions.RADIUS)
    log.info(f"{name}: {np.mean(inside):.1%} of {len(inside)} peaks inside")
    assert np.mean(inside) >= 0.95


def test_the_map_depends_on_the_weights(trained: Any, found: Any, tmp_path: Path) -> None:
    """Adebayo et al. 2018, Sanity Checks for Saliency Maps: weights in another order."""
    name, subject = trained
    random = np.random.default_rng(0)
    correlations = []
    for number in range(16):  # the sign of a random head is a coin: a few say little
        (tmp_path / str(number)).mkdir()
        other = lesions.network(name)
        other.set_weights(
            [random.permuted(w.ravel()).reshape(w.shape) for w in subject.model.get_weights()]
        )
        shuffled = subject_of(other, tmp_path / str(number))
        correlations += [
            correlation(subject.evidence(image).grid, shuffled.evidence(image).grid)
            for image in found[0][:10]
        ]
    log.info(
        f"{name}: correlation {np.mean(correlations):.3f} with a randomized network, "
        f"{np.mean(np.abs(correlations)):.3f} without its sign"
    )
    assert abs(np.mean(correlations)) < 0.3


def correlation(one: Floats, other: Floats) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:  # says nothing, about nothing
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_the_map_agrees_with_grad_cam(trained: Any, found: Any) -> None:
    name, subject = trained
    grad_cam = grad_cam_of(subject.model)
    correlations = [
        correlation(np.maximum(subject.evidence(image).grid, 0), grad_cam(image))
        for image in found[0][:40]
    ]
    log.info(f"{name}: correlation {np.median(correlations):.3f} with Grad-CAM")
    if _METHODS[name] == "class_activation":
        assert np.median(correlations) > 0.99  # the same but for a factor: Selvaraju et al. 2017
    else:
        assert np.median(correlations) > 0.5


def grad_cam_of(model: Any) -> Callable[[Floats], Floats]:
    """Selvaraju et al. 2017, at the last spatial map, for the logit of the lesion."""
    import keras
    import tensorflow as tf

    last = [layer for layer in model.layers if len(layer.output.shape) == 4][-1]
    both = keras.Model(model.inputs[0], [last.output, model.outputs[0]])

    def grad_cam(image: Floats) -> Floats:
        with tf.GradientTape() as tape:
            features, scores = both(image[np.newaxis])
            p = tf.clip_by_value(scores[0], 1e-30, 1 - 1e-7)
            logit = tf.math.log(p[-1]) - tf.math.log(p[0] if len(p) > 1 else 1 - p[0])
        weights = tf.reduce_mean(tape.gradient(logit, features), axis=(1, 2))
        return np.maximum(np.einsum("hwc,c->hw", features[0], weights[0]), 0)

    return grad_cam


def test_a_heatmap_takes_no_second_forward_pass(
    trained: Any, found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs in time is logged here, of the model alone, and measured on real requests by
    scripts/measure_heatmaps.py."""
    name, subject = trained
    image = found[0][0]
    outputs = subject.engine.run(image[np.newaxis])
    plain = median_s(lambda: subject.engine.run(image[np.newaxis]))
    more = median_s(lambda: subject.explainer.explain(image, outputs, _LESION))
    log.info(f"{name}: {1 + more / plain:.2f} times the forward pass of {plain * 1000:.2f} ms")
    monkeypatch.delattr(OnnxEngine, "run")
    if _METHODS[name] == "class_activation":
        monkeypatch.setattr(OnnxEngine, "head", lambda _: pytest.fail("the head was run"))
    assert subject.explainer.explain(image, outputs, _LESION).method == _METHODS[name]


def median_s(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(25):
        started = time.thread_time()
        work()
        times.append(time.thread_time() - started)
    return statistics.median(times)
