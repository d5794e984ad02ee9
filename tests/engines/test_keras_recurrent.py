"""Recurrent layers, wrappers and masks give the framework's own numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import model_files
from vistazo.engines.onnx import OnnxEngine
from vistazo.engines.openvino import OpenvinoEngine
from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import import convert, read_signature

Build = Callable[[Any, Any], Any]
FRAMEWORKS = {"keras 3": model_files.keras3, "keras 2": model_files.keras2}
FILES = [("keras 3", "keras"), ("keras 3", "h5"), ("keras 2", "keras"), ("keras 2", "h5")]
SIDE, STEPS, SIZE, MASKED = 8, 4, 16, 0.25

every = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def sequences(seed: int = 0) -> model_files.Floats:
    """Pictures of which two rows are one step; some steps are masked: first, last, between."""
    rows = np.random.default_rng(seed).normal(0, 1, (4, STEPS, SIZE)).astype(np.float32)
    rows[0, [0, 2]] = rows[1, STEPS - 1] = rows[2, :3] = MASKED
    return rows.reshape(4, SIDE, SIDE)


def model_of(keras: ModuleType, *builds: Build) -> Any:
    """Every build on the steps of a grey picture, what they give side by side."""
    image = keras.Input((SIDE, SIDE))
    steps = keras.layers.Reshape((STEPS, SIZE))(image)
    given = [build(keras.layers, steps) for build in builds]
    rows = [out if len(out.shape) == 2 else keras.layers.Flatten()(out) for out in given]
    scores = rows[0] if len(rows) == 1 else keras.layers.Concatenate()(rows)
    return model_files.randomize(keras.Model(image, scores))


def agrees(model: Any, path: Path) -> bool:
    return model_files.difference(model, path, sequences()) < model_files.TOLERANCE


def with_states(k: Any, x: Any) -> Any:
    whole, h, c = k.LSTM(3, return_state=True, return_sequences=True)(x)
    return k.Concatenate()([k.LSTM(3)(whole, initial_state=[h, c]), c])


def both_ways_apart(k: Any, x: Any) -> Any:
    return k.Concatenate()(k.Bidirectional(k.LSTM(2, return_state=True), merge_mode=None)(x))


def maps(k: Any, x: Any) -> Any:
    return k.Reshape((STEPS, 4, 2, 2))(x)


USUAL: list[Build] = [
    lambda k, x: k.LSTM(3, return_sequences=True)(x),
    lambda k, x: k.LSTM(3, use_bias=False, go_backwards=True, activation="relu")(x),
    lambda k, x: k.GRU(3, reset_after=False)(k.GRU(4, return_sequences=True)(x)),
    lambda k, x: k.SimpleRNN(3, go_backwards=True, return_sequences=True)(x),
    lambda k, x: k.Bidirectional(k.LSTM(2, return_sequences=True))(x),
    lambda k, x: k.Bidirectional(k.GRU(2), merge_mode="sum")(x),
    both_ways_apart,
]
WRITTEN_OUT: list[Build] = [
    lambda k, x: k.LSTM(3, recurrent_activation="hard_sigmoid", return_sequences=True)(x),
    lambda k, x: k.GRU(3, recurrent_activation="hard_sigmoid", go_backwards=True)(x),
    lambda k, x: k.GRU(3, reset_after=False, activation="elu", unroll=True)(x),
    lambda k, x: k.GRU(3, use_bias=False, activation="softmax")(x),
    lambda k, x: k.SimpleRNN(3, activation=None)(x),
    lambda k, x: k.RNN(k.LSTMCell(3), return_sequences=True)(x),
    lambda k, x: k.RNN([k.LSTMCell(3), k.GRUCell(2), k.LSTMCell(2)], go_backwards=True)(x),
    with_states,
    lambda k, x: k.Bidirectional(
        k.LSTM(2, return_sequences=True),
        merge_mode="concat",
        backward_layer=k.LSTM(
            3, return_sequences=True, go_backwards=True, recurrent_activation="hard_sigmoid"
        ),
    )(x),
]
WRAPPED: list[Build] = [
    lambda k, x: k.TimeDistributed(k.Dense(3, activation="relu"))(x),
    lambda k, x: k.TimeDistributed(k.TimeDistributed(k.Dense(3)))(maps(k, x)),
    lambda k, x: k.TimeDistributed(k.Conv2D(3, 2, activation="relu"))(maps(k, x)),
    lambda k, x: k.TimeDistributed(k.LSTM(3))(k.Reshape((4, 4, 4))(x)),
    lambda k, x: k.ConvLSTM2D(3, 2)(maps(k, x)),
    lambda k, x: k.ConvLSTM2D(
        2, (2, 3), padding="same", return_sequences=True, go_backwards=True, strides=2
    )(maps(k, x)),
]


def check(model: Any, path: Path) -> None:
    """In every runtime, by the file with evidence and by the plain one."""
    assert agrees(model, path)
    images = sequences()
    expected = model_files.answer(model, images)
    model_files.check_plain(path, images[..., np.newaxis], expected)
    # An empty batch would end the process inside ONNX Runtime's own operators.
    target, _ = model_files.convert_checked(path)
    nothing = np.zeros((0, SIDE, SIDE, 1), np.float32)
    assert model_files.run_onnx(target, nothing)[0].shape == (0, expected.shape[1])


@pytest.mark.parametrize(
    ("framework", "suffix"),
    [FILES[0], *(pytest.param(*file, marks=pytest.mark.longer) for file in FILES[1:])],
)
def test_recurrent_layers_give_the_numbers_of_their_framework(
    framework: str, suffix: str, tmp_path: Path
) -> None:
    model = model_of(FRAMEWORKS[framework](), *USUAL, *WRITTEN_OUT, *WRAPPED)
    check(model, model_files.save(model, tmp_path / f"m.{suffix}"))


def test_an_old_file_keeps_both_directions_under_one_layer(tmp_path: Path) -> None:
    model = model_of(
        model_files.keras2(),
        lambda k, x: k.Bidirectional(k.GRU(2, recurrent_activation="hard_sigmoid"))(
            k.TimeDistributed(k.Dense(3))(x)
        ),
    )
    path = model_files.save(model, tmp_path / "m.h5")
    assert agrees(model, path)
    with h5py.File(path, "r+") as file:  # as Keras 2.0 to 2.2 called them
        group = file["model_weights/bidirectional"]
        names = [str(name) for name in group.attrs["weight_names"]]
        for name in names:
            group.move(name, name.replace("gru_cell/", ""))
        group.attrs["weight_names"] = [name.replace("gru_cell/", "") for name in names]
    assert agrees(model, path)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_arrays_of_a_gpu_are_turned_as_keras_turns_them(kind: str, tmp_path: Path) -> None:
    from tf_keras.src.saving.legacy.hdf5_format import _convert_rnn_weights as converted

    model = model_of(model_files.keras2(), lambda k, x: getattr(k, kind)(3, name="cell")(x))
    path = model_files.save(model, tmp_path / "m.h5")
    of_cudnn = type(f"CuDNN{kind}", (), {})()
    arrays = converted(of_cudnn, model.get_layer("cell").get_weights())
    with h5py.File(path, "r+") as file:
        group = file["model_weights/cell"]
        names = [f"cell/{name}:0" for name in ("kernel", "recurrent_kernel", "bias")]
        for name, array in zip(names, arrays, strict=True):
            group[name] = array
        group.attrs["weight_names"] = names
        document = json.loads(file.attrs["model_config"])
        layer = next(one for one in document["config"]["layers"] if one["name"] == "cell")
        config = {key: layer["config"][key] for key in ("name", "units", "return_sequences")}
        layer |= {"class_name": f"CuDNN{kind}", "config": config, "module": "keras.layers"}
    assert agrees(model, path)  # weights of a GPU in a plain layer
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(document)
    assert agrees(model, path)


def masked(k: Any, x: Any) -> Any:
    return k.Masking(MASKED)(x)


def residual(k: Any, x: Any) -> Any:
    x = masked(k, x)
    return k.GRU(2)(k.Add()([x, k.LSTM(SIZE, return_sequences=True)(x)]))


MASKS: list[Build] = [
    lambda k, x: k.GRU(3, go_backwards=True, return_sequences=True)(
        k.TimeDistributed(k.Dense(3))(k.Dropout(0.5)(masked(k, x)))
    ),
    lambda k, x: k.GlobalAveragePooling1D()(
        k.Bidirectional(k.LSTM(3, return_sequences=True), merge_mode="ave")(
            k.Dense(3, activation="tanh")(masked(k, x))
        )
    ),
    lambda k, x: k.LSTM(2)(k.Reshape((2, 32))(masked(k, x))),  # loses the mask
]
MORE_MASKS: list[Build] = [
    lambda k, x: k.LSTM(3)(masked(k, x)),
    lambda k, x: k.LSTM(3, return_sequences=True, unroll=True)(masked(k, x)),
    lambda k, x: k.Bidirectional(k.SimpleRNN(3))(
        k.RNN([k.LSTMCell(3), k.GRUCell(2)], return_sequences=True)(masked(k, x))
    ),
    lambda k, x: k.Bidirectional(k.SimpleRNN(3, return_sequences=True, unroll=True))(masked(k, x)),
    lambda k, x: k.GlobalMaxPooling1D()(k.LayerNormalization()(masked(k, x))),
    lambda k, x: k.Flatten()(k.ReLU()(k.BatchNormalization()(masked(k, x)))),
    residual,
]


@pytest.mark.filterwarnings("ignore:.*destroy the mask")
def test_masked_steps_do_not_count(tmp_path: Path) -> None:
    model = model_of(model_files.keras3(), *MASKS)
    check(model, model_files.save(model, tmp_path / "m.keras"))


@pytest.mark.longer
@pytest.mark.filterwarnings("ignore:.*destroy the mask")
@pytest.mark.parametrize(("framework", "suffix"), FILES)
def test_every_layer_that_knows_masks_makes_of_them_what_its_framework_does(
    framework: str, suffix: str, tmp_path: Path
) -> None:
    model = model_of(FRAMEWORKS[framework](), *MASKS, *MORE_MASKS)
    check(model, model_files.save(model, tmp_path / f"m.{suffix}"))


ACTIVATIONS = ["tanh", "relu", "sigmoid", "hard_sigmoid", "softsign", "elu", "linear", "softmax"]
options = st.fixed_dictionaries(
    {
        "units": st.integers(1, 4),
        "activation": st.sampled_from(ACTIVATIONS),
        "use_bias": st.booleans(),
        "go_backwards": st.booleans(),
        "return_sequences": st.booleans(),
        "unroll": st.booleans(),
    }
)


@pytest.mark.longer
@every
@given(
    file=st.sampled_from(FILES),
    kind=st.sampled_from(["LSTM", "GRU", "SimpleRNN"]),
    chosen=options,
    gates=st.sampled_from(["sigmoid", "hard_sigmoid"]),
    resets_after=st.booleans(),
    merge=st.sampled_from(["none of it", "concat", "sum", "ave", "mul"]),
    is_masked=st.booleans(),
)
@pytest.mark.filterwarnings("ignore:.*destroy the mask")
def test_any_recurrent_layer_agrees(
    file: tuple[str, str],
    kind: str,
    chosen: dict[str, Any],
    gates: str,
    resets_after: bool,
    merge: str,
    is_masked: bool,
    tmp_path: Path,
) -> None:
    settled = dict(chosen)
    if merge != "none of it":  # Keras 3 turns the second way backwards, whichever the first is
        settled["go_backwards"] = False
    if kind != "SimpleRNN":
        settled["recurrent_activation"] = gates
    if kind == "GRU":
        settled["reset_after"] = resets_after

    def build(k: Any, x: Any) -> Any:
        layer = getattr(k, kind)(**settled)
        if merge != "none of it":
            layer = k.Bidirectional(layer, merge_mode=merge)
        return layer(masked(k, x) if is_masked else x)

    model = model_of(FRAMEWORKS[file[0]](), build)
    check(model, model_files.save(model, tmp_path / f"m.{file[1]}"))


def test_a_sequential_model_hands_its_mask_on_although_its_file_names_none(
    tmp_path: Path,
) -> None:
    keras = model_files.keras2()
    layers = [keras.layers.Masking(MASKED, input_shape=(SIDE, SIDE)), keras.layers.LSTM(3)]
    model = model_files.randomize(keras.Sequential(layers))
    assert agrees(model, model_files.save(model, tmp_path / "m.h5"))


def test_the_map_before_a_recurrent_layer_is_the_evidence(tmp_path: Path) -> None:
    keras = model_files.keras3()
    layers = keras.layers
    image = keras.Input((12, 12, 1))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, activation="relu")(image))
    x = layers.Bidirectional(layers.GRU(3, return_sequences=True))(layers.Reshape((-1, 4))(x))
    x = layers.TimeDistributed(layers.Dense(4))(x)
    scores = layers.Dense(3, activation="softmax")(layers.LSTM(3)(x))
    model = model_files.randomize(keras.Model(image, scores))
    path = model_files.save(model, tmp_path / "m.keras")
    images = model_files.pictures(model, high=2.0) - 1
    expected = model_files.answer(model, images)
    target, signature = model_files.convert_checked(path)
    assert signature.features == (5, 5, 4)
    for engine in (OnnxEngine(target), OpenvinoEngine(target)):
        found = engine.run(images)
        assert np.abs(found.scores - expected).max() < model_files.TOLERANCE
        assert found.features is not None
        assert engine.head is not None
        logits = np.exp(engine.head(found.features))
        assert np.allclose(logits / logits.sum(1, keepdims=True), expected, atol=1e-4)
        assert engine.probe is not None  # asked without a picture: the head's batch is empty
        assert engine.probe.measure(images)[0].shape == (2, 4)


def patches(keras: ModuleType, inner: Any) -> Any:
    """A picture cut into strips, each through a network of its own, then read as a sequence."""
    image = keras.Input((12, 12, 1))
    strips = keras.layers.Reshape((4, 3, 12, 1))(image)
    x = keras.layers.TimeDistributed(inner)(strips)
    return model_files.randomize(keras.Model(image, keras.layers.GRU(3)(x)))


@pytest.mark.parametrize(
    ("framework", "suffix"),
    [FILES[0], *(pytest.param(*file, marks=pytest.mark.longer) for file in FILES[1:])],
)
def test_a_network_for_every_step_keeps_its_weights_and_is_no_map_of_the_picture(
    framework: str, suffix: str, tmp_path: Path
) -> None:
    keras = FRAMEWORKS[framework]()
    layers = keras.layers
    inner = keras.Sequential(
        [
            keras.Input((3, 12, 1)),
            layers.Conv2D(4, 2),
            layers.BatchNormalization(),
            layers.Conv2D(2, 2, activation="relu"),
            layers.Flatten(),
        ]
    )
    model = patches(keras, inner)
    inner.layers[0].trainable = False  # legacy files list it later then
    path = model_files.save(model, tmp_path / f"m.{suffix}")
    images = model_files.pictures(model, high=2.0) - 1
    assert model_files.difference(model, path, images) < model_files.TOLERANCE
    assert read_signature(path).features is None


# ------------------------------------------------------------------------------- refused in words


def saved(build: Build, tmp_path: Path) -> Path:
    keras = model_files.keras3()
    image = keras.Input((SIDE, SIDE), batch_size=1)
    out = build(keras.layers, image)
    scores = out if len(out.shape) == 2 else keras.layers.Flatten()(out)
    return model_files.save(keras.Model(image, scores), tmp_path / "m.h5")


@pytest.mark.filterwarnings("ignore:.*destroy the mask")
@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda k, x: k.LSTM(2, stateful=True)(x), "stateful: it carries"),
        (lambda k, x: k.Conv1D(2, 3)(masked(k, x)), r"A masked sequence meets .*\(Conv1D\)"),
        (lambda k, x: k.TimeDistributed(k.LSTM(2))(masked(k, maps(k, x))), "TimeDistributed"),
        (
            lambda k, x: k.LSTM(1, activation="elu")(k.RepeatVector(1300)(k.LSTM(1)(x))),
            "1300 steps are written out",
        ),
    ],
)
def test_what_is_beyond_one_picture_or_not_known_is_refused(
    build: Build, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedModelError, match=words):
        read_signature(saved(build, tmp_path))


def test_a_layer_for_every_step_counts_as_often_as_there_are_steps(tmp_path: Path) -> None:
    def repeated(k: Any, x: Any) -> Any:
        x = k.TimeDistributed(k.RepeatVector(1 << 20))(k.Reshape((STEPS, SIZE))(x))
        return k.GlobalMaxPooling1D()(k.TimeDistributed(k.GlobalMaxPooling1D())(x))

    path = saved(repeated, tmp_path)
    assert read_signature(path).units == SIZE
    with pytest.raises(HostileModelError, match="makes 268 MB of one picture"):
        convert(path, tmp_path / "m.onnx")


def test_a_recurrent_layer_that_would_hold_too_much_is_hostile(tmp_path: Path) -> None:
    path = saved(lambda k, x: k.LSTM(9)(k.RepeatVector(1 << 22)(k.Flatten()(x))), tmp_path)
    with pytest.raises(HostileModelError, match="numbers per picture at once"):
        read_signature(path)


@pytest.mark.parametrize(
    ("error", "words", "levels"),
    [(HostileModelError, "nested deeper", 20), (UnreadableModelError, "holds no layer", 0)],
)
def test_wrappers_without_end_and_without_a_layer_are_refused(
    error: type[Exception], words: str, levels: int, tmp_path: Path
) -> None:
    path = saved(lambda k, x: k.TimeDistributed(k.Dense(2), name="wrapper")(x), tmp_path)
    with h5py.File(path, "r+") as file:
        document = json.loads(file.attrs["model_config"])
        wrapper = next(one for one in document["config"]["layers"] if one["name"] == "wrapper")
        for _ in range(levels):
            held = {key: wrapper[key] for key in ("class_name", "config")}
            wrapper["config"] = {"name": "wrapper", "layer": held}
        if not levels:
            wrapper["config"]["layer"] = [1]
        file.attrs["model_config"] = json.dumps(document)
    with pytest.raises(error, match=words):
        read_signature(path)


@pytest.mark.parametrize("own", [{"module": "my.cells"}, {"class_name": "Mine>GRUCell"}])
def test_a_cell_of_ones_own_is_not_taken_for_that_of_keras(
    own: dict[str, str], tmp_path: Path
) -> None:
    path = saved(lambda k, x: k.RNN([k.GRUCell(2), k.LSTMCell(2)], name="cells")(x), tmp_path)
    with h5py.File(path, "r+") as file:
        document = json.loads(file.attrs["model_config"])
        layer = next(one for one in document["config"]["layers"] if one["name"] == "cells")
        layer["config"]["cell"]["config"]["cells"][0].update(own)
        file.attrs["model_config"] = json.dumps(document)
    with pytest.raises(UnsupportedModelError, match="its cell is not one of Keras' own"):
        read_signature(path)


def test_what_theano_made_of_a_convolutional_lstm_is_not_guessed(tmp_path: Path) -> None:
    path = saved(lambda k, x: k.ConvLSTM2D(2, 2)(k.Reshape((2, 4, 4, 2))(x)), tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["backend"] = "theano"
    with pytest.raises(UnsupportedModelError, match="computed by Theano"):
        read_signature(path)


def test_steps_that_are_written_out_load_in_a_time_that_grows_with_their_number(
    tmp_path: Path,
) -> None:
    keras = model_files.keras3()
    image = keras.Input((96, 96))
    layer = keras.layers.LSTM(2, recurrent_activation="hard_sigmoid")
    model = keras.Model(image, layer(keras.layers.Reshape((96, 96))(image)))
    target, _ = model_files.convert_checked(model_files.save(model, tmp_path / "m.keras"))
    started = time.process_time()
    onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    assert time.process_time() - started < 0.4  # 1.1 s without the name of the batch, 0.06 with it
