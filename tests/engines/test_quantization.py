"""A compiled model in int8: the same answers but for rounding, and the same evidence."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from builders import layer, write_brightness_model, write_keras_archive
from vistazo.engines.onnx import OnnxEngine
from vistazo.engines.quantization import quantize
from vistazo.errors import InputError, UnsupportedModelError
from vistazo.models.keras_import import convert
from vistazo.models.onnx_import import convert as convert_onnx

Floats = NDArray[np.float32]

PICTURES: Floats = np.random.default_rng(0).random((30, 16, 16, 3), np.float32)


@pytest.fixture
def in_float(tmp_path: Path) -> Path:
    """A convolution, a batch normalisation with its probe, and a head with arithmetic in it."""
    source = write_small_network(tmp_path / "m.keras")
    convert(source, tmp_path / "float.onnx", with_evidence=True)
    return tmp_path / "float.onnx"


def write_small_network(path: Path) -> Path:
    random = np.random.default_rng(1)
    layers = [
        layer("InputLayer", "pixels", batch_shape=[None, 16, 16, 3]),
        layer("Conv2D", "edges", filters=8, kernel_size=[3, 3], use_bias=False),
        layer("BatchNormalization", "memory", axis=-1),
        layer("AveragePooling2D", "halves", pool_size=[2, 2], strides=[2, 2], padding="valid"),
        layer("AveragePooling2D", "edges_too", pool_size=[3, 3], strides=[1, 1], padding="same"),
        layer("Conv2D", "mixed", filters=8, kernel_size=[1, 1], use_bias=False),
        layer("GlobalAveragePooling2D", "pool"),
        layer("Dense", "hidden", units=4, activation="relu", use_bias=False),
        layer("Rescaling", "twice", scale=2.0, offset=-1.0),
        layer("Dense", "score", units=1, activation="sigmoid", use_bias=False),
    ]
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/edges/vars/0"] = random.normal(size=(3, 3, 3, 8)).astype(np.float32)
        file["layers/mixed/vars/0"] = random.normal(size=(1, 1, 8, 8)).astype(np.float32)
        for place, value in enumerate((1.2, 0.1, 0.3, 2.0)):
            file[f"layers/memory/vars/{place}"] = np.full(8, value, np.float32)
        file["layers/hidden/vars/0"] = random.normal(size=(8, 4)).astype(np.float32)
        file["layers/score/vars/0"] = random.normal(size=(4, 1)).astype(np.float32)
    config = {"class_name": "Sequential", "config": {"name": "small", "layers": layers}}
    write_keras_archive(path, config, weights.getvalue())
    return path


@pytest.fixture
def in_int8(in_float: Path) -> Path:
    target = in_float.with_name("int8.onnx")
    quantize(in_float, target, PICTURES[:10])
    return target


def test_answers_and_maps_differ_by_rounding_and_do_differ(in_float: Path, in_int8: Path) -> None:
    ours, exact = OnnxEngine(in_int8).run(PICTURES), OnnxEngine(in_float).run(PICTURES)
    assert ours.features is not None
    assert exact.features is not None
    step = np.ptp(exact.features) / 255
    apart = np.abs(ours.features - exact.features).max()
    assert 0 < apart < 6 * step
    assert np.abs(ours.scores - exact.scores).max() < 0.002


def test_the_head_is_asked_about_other_maps_as_exactly_as_before(
    in_float: Path, in_int8: Path
) -> None:
    ours, exact = OnnxEngine(in_int8), OnnxEngine(in_float)
    maps = 100 * exact.run(PICTURES[:2]).features  # far beyond what calibration saw
    assert ours.head is not None
    assert exact.head is not None
    expected = exact.head(maps)
    assert np.ptp(expected) > 1
    np.testing.assert_array_equal(ours.head(maps), expected)


def test_the_file_says_that_it_is_int8_and_is_served_as_it_is(
    in_float: Path, in_int8: Path, tmp_path: Path
) -> None:
    onnx.checker.check_model(in_int8, full_check=True)
    signature = convert_onnx(in_int8, tmp_path / "served.onnx", None, with_evidence=True)
    assert (tmp_path / "served.onnx").read_bytes() == in_int8.read_bytes()
    before = OnnxEngine(in_float).signature
    assert signature.framework.startswith(f"{before.framework}, int8 by ONNX Runtime")
    assert (signature.features, signature.weights) == (before.features, before.weights)
    assert (before.precision, signature.precision) == ("float32", "int8")
    engine = OnnxEngine(in_int8)
    assert (engine.runtime.precision, engine.probe) == ("int8", None)


def test_a_normalisation_becomes_part_of_the_convolution_before_it(in_int8: Path) -> None:
    kinds = {node.op_type for node in onnx.load(in_int8).graph.node}
    assert {"Conv", "QuantizeLinear"} <= kinds
    assert "BatchNormalization" not in kinds


def test_averages_of_whole_windows_become_convolutions_and_others_stay(
    in_float: Path, in_int8: Path
) -> None:
    before, after = (
        [node.op_type for node in onnx.load(path).graph.node] for path in (in_float, in_int8)
    )
    assert (before.count("AveragePool"), after.count("AveragePool")) == (2, 1)
    assert (before.count("Conv"), after.count("Conv")) == (2, 3)


def test_weights_have_a_scale_for_each_channel_and_leave_room_for_sums(in_int8: Path) -> None:
    tensors = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(in_int8).graph.initializer
    }
    weights = {
        name: each for name, each in tensors.items() if each.dtype == np.int8 and each.ndim > 1
    }
    assert len(weights) == 3
    for name, values in weights.items():
        assert np.abs(values.astype(int)).max(axis=(1, 2, 3)).tolist() == [64] * len(values), name


def test_what_cannot_be_quantized_is_refused_in_words(in_int8: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="quantized already"):
        quantize(in_int8, tmp_path / "again.onnx", PICTURES)
    convert(write_brightness_model(tmp_path / "flat.keras"), tmp_path / "flat.onnx")
    with pytest.raises(UnsupportedModelError, match="no convolution"):
        quantize(tmp_path / "flat.onnx", tmp_path / "out.onnx", PICTURES)


def test_an_old_opset_is_refused_before_pictures_are_looked_at(in_float: Path) -> None:
    model = onnx.load(in_float)
    model.opset_import[0].version = 12
    onnx.save(model, in_float)
    with pytest.raises(UnsupportedModelError, match="opset 12 of ONNX"):
        quantize(in_float, in_float.with_name("old.onnx"), PICTURES)


def test_without_a_picture_the_runtimes_own_error_becomes_one_of_ours(in_float: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="ONNX Runtime cannot quantize"):
        quantize(in_float, in_float.with_name("none.onnx"), [])


def test_what_reading_a_picture_raises_is_told_as_it_is_and_nothing_stays_silenced(
    in_float: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def fails() -> Floats:
        raise InputError("no picture")

    with pytest.raises(InputError, match="no picture"):
        quantize(in_float, in_float.with_name("none.onnx"), (fails() for _ in range(3)))
    assert logging.getLogger().level == logging.INFO
    assert not in_float.with_name("none.onnx").exists()


def test_nothing_is_said_on_the_way(in_float: Path, capfd: pytest.CaptureFixture[str]) -> None:
    quantize(in_float, in_float.with_name("quiet.onnx"), PICTURES[:2])
    assert capfd.readouterr() == ("", "")
