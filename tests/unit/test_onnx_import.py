from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from builders import write_brightness_model
from vistazo.engines.onnx import OnnxEngine
from vistazo.engines.openvino import OpenvinoEngine
from vistazo.engines.rehearsal import rehearse
from vistazo.errors import (
    CardError,
    HostileModelError,
    ModelError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.bounded_child import LoadingPolicy
from vistazo.models.compilation import compile_model
from vistazo.models.onnx_import import convert
from vistazo.models.outputs import OutputSignature

FLOAT = TensorProto.FLOAT
WEIGHTS = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def classifier(
    image: list[Any], axes: list[int], last: str = "Softmax", name: str = "images"
) -> onnx.ModelProto:
    """Mean over the pixels, a dense layer of 4 units, an activation."""
    nodes = [
        helper.make_node("ReduceMean", [name, "axes"], ["mean"], keepdims=0),
        helper.make_node("Gemm", ["mean", "kernel"], ["logits"]),
        helper.make_node(last, ["logits"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, FLOAT, image)],
        [helper.make_tensor_value_info("scores", FLOAT, [image[0], 4])],
        [
            numpy_helper.from_array(WEIGHTS, "kernel"),
            numpy_helper.from_array(np.array(axes), "axes"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def softmax(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    powers = np.exp(images.mean(axis=(1, 2)) @ WEIGHTS)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        (["n", 6, 5, 3], [1, 2]),
        ([1, 3, 6, 5], [2, 3]),
        (["n", 3, "h", "w"], [2, 3]),
        (["n", "h", "w", 3], [1, 2]),
    ],
    ids=["channels last", "channels first, one picture", "open size first", "open size last"],
)
def test_images_may_lie_either_way_and_leave_their_size_open(
    shape: list[Any], axes: list[int], tmp_path: Path
) -> None:
    onnx.save(classifier(shape, axes), tmp_path / "in.onnx")
    signature = convert(tmp_path / "in.onnx", tmp_path / "out.onnx", (6, 5))
    assert (signature.height, signature.width, signature.channels) == (6, 5, 3)
    assert (signature.units, signature.activation, signature.weights) == (4, "softmax", 14)
    engine = OnnxEngine(tmp_path / "out.onnx")
    images = np.random.default_rng(1).random((1, 6, 5, 3), np.float32)
    assert engine.run(images).scores == pytest.approx(softmax(images), abs=1e-6)
    assert engine.signature == signature


def of_several() -> onnx.ModelProto:
    """The same, with the mean before and behind its scores, and the pictures themselves."""
    model = classifier(["n", 6, 5, 3], [1, 2])
    graph = model.graph
    graph.node.append(helper.make_node("Identity", ["images"], ["seen"]))
    graph.output.insert(0, helper.make_tensor_value_info("mean", FLOAT, ["n", 3]))
    graph.output.append(helper.make_tensor_value_info("seen", FLOAT, ["n", 6, 5, 3]))
    return model


def test_of_several_outputs_one_is_the_scores_and_each_other_has_its_name(tmp_path: Path) -> None:
    onnx.save(of_several(), tmp_path / "in.onnx")
    images = np.random.default_rng(1).random((2, 6, 5, 3), np.float32)
    for asked, first, other in ((None, "scores", "mean"), ("mean", "mean", "scores")):
        signature = convert(tmp_path / "in.onnx", tmp_path / "out.onnx", None, output=asked)
        assert (signature.output, [each.name for each in signature.others]) == (first, [other])
        assert signature.no_rows == ("seen",)
        found = OnnxEngine(tmp_path / "out.onnx").run(images)
        rows = {first: found.scores, other: found.others}
        assert rows["scores"] == pytest.approx(softmax(images), abs=1e-6)
        assert rows["mean"] == pytest.approx(images.mean(axis=(1, 2)), abs=1e-6)
    with pytest.raises(CardError, match=r"'seen'.*has mean, scores"):
        convert(tmp_path / "in.onnx", tmp_path / "out.onnx", None, output="seen")


def test_outputs_that_a_file_only_says_it_has_are_not_believed(tmp_path: Path) -> None:
    model = of_several()
    onnx.save(model, tmp_path / "in.onnx")
    signature = convert(tmp_path / "in.onnx", tmp_path / "out.onnx", None)
    told = onnx.load(tmp_path / "out.onnx")
    more = (*signature.others, OutputSignature("gone", 1, "linear"))
    helper.set_model_props(told, replace(signature, others=more).to_metadata())
    onnx.save(told, tmp_path / "liar.onnx")
    for engine in (OnnxEngine, OpenvinoEngine):
        with pytest.raises(UnreadableModelError, match="not written by Vistazo"):
            engine(tmp_path / "liar.onnx")
    wider = (replace(signature.others[0], units=9),)
    helper.set_model_props(told, replace(signature, others=wider).to_metadata())
    onnx.save(told, tmp_path / "liar.onnx")
    with pytest.raises(UnsupportedModelError, match=r"'others' of shape \(1, 3\)"):
        rehearse(tmp_path / "liar.onnx", "liar.onnx", LoadingPolicy())


def test_what_was_converted_once_is_kept_as_it_is(tmp_path: Path) -> None:
    onnx.save(classifier(["n", 6, 5, 3], [1, 2]), tmp_path / "in.onnx")
    first = convert(tmp_path / "in.onnx", tmp_path / "one.onnx", None)
    second = convert(tmp_path / "one.onnx", tmp_path / "two.onnx", None)
    assert first == second
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


def test_the_evidence_of_a_converted_file_is_left_behind_unless_asked_for(tmp_path: Path) -> None:
    source = write_brightness_model(tmp_path / "m.keras", maps=True)
    compile_model(source, tmp_path / "full.onnx")
    compile_model(source, tmp_path / "plain.onnx", with_evidence=False)
    kept = convert(tmp_path / "full.onnx", tmp_path / "kept.onnx", None, with_evidence=True)
    assert kept.features == (8, 8, 1)
    assert onnx.load(tmp_path / "kept.onnx") == onnx.load(tmp_path / "full.onnx")
    stripped = convert(tmp_path / "full.onnx", tmp_path / "stripped.onnx", None)
    assert stripped.features is None
    images = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)
    for name in ("plain", "stripped"):
        path = tmp_path / f"{name}.onnx"
        graph = onnx.load(path).graph
        assert [value.name for value in graph.input] == ["images"]
        assert [value.name for value in graph.output] == ["scores"]
        assert all(0 not in tensor.dims for tensor in graph.initializer)
        onnx.checker.check_model(path, full_check=True)
        engine = OnnxEngine(path)
        expected = OnnxEngine(tmp_path / "full.onnx").run(images).scores
        assert engine.run(images).scores == pytest.approx(expected, abs=1e-6)
        assert engine.signature.features is None
        assert engine.run(images).features is None


def refusal(model: onnx.ModelProto, folder: Path) -> ModelError:
    onnx.save(model, folder / "in.onnx")
    with pytest.raises(ModelError) as caught:
        convert(folder / "in.onnx", folder / "out.onnx", None)
    assert not (folder / "out.onnx").exists()
    return caught.value


def test_a_size_that_stays_open_and_an_input_that_is_no_image_are_refused(tmp_path: Path) -> None:
    assert "HEIGHTxWIDTH" in str(refusal(classifier(["n", 3, "h", "w"], [2, 3]), tmp_path))
    assert isinstance(refusal(classifier(["n", 9, 9, 9], [1, 2]), tmp_path), UnsupportedModelError)
    two = classifier(["n", 6, 5, 3], [1, 2])
    two.graph.input.append(helper.make_tensor_value_info("more", FLOAT, [1]))
    assert "2 inputs" in str(refusal(two, tmp_path))


@pytest.mark.parametrize("where", ["an initializer", "a node"])
def test_weights_in_other_files_are_refused(where: str, tmp_path: Path) -> None:
    model = classifier(["n", 6, 5, 3], [1, 2])
    tensor = model.graph.initializer[0]
    if where == "a node":
        node = helper.make_node("Constant", [], ["unused"], value=onnx.TensorProto())
        model.graph.node.insert(0, node)
        tensor = model.graph.node[0].attribute[0].t
        tensor.CopyFrom(TensorProto(name="t", data_type=FLOAT, dims=[1]))
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    (tmp_path / "in.onnx").write_bytes(model.SerializeToString())
    with pytest.raises((HostileModelError, UnreadableModelError)):
        convert(tmp_path / "in.onnx", tmp_path / "out.onnx", None)


@pytest.mark.parametrize("content", [b"", b"not onnx", b"\x08\x08" * 50])
def test_what_is_no_onnx_is_told_in_words(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "in.onnx").write_bytes(content)
    with pytest.raises(UnreadableModelError, match="no sound ONNX"):
        convert(tmp_path / "in.onnx", tmp_path / "out.onnx", None)
