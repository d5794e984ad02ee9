"""Files of Keras 1.0 to 1.2: read exactly, or refused in words."""

from __future__ import annotations

import contextlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model_files
import old_keras_files
from old_keras_files import Floats, random, theano_conv2d
from vistazo.errors import ModelError, UnsupportedModelError
from vistazo.models.keras_import import convert, describe

SIZE = (7, 6, 2)
KERNEL = (3, 2)
STATISTICS = ("gamma", "beta", "running_mean", "running_std")
Layer = dict[str, Any]


def layer(class_name: str, name: str, **config: Any) -> Layer:
    return {"class_name": class_name, "config": {"name": name, **config}}


def conv(name: str = "c", filters: int = 4, ordering: str = "tf", **config: Any) -> Layer:
    sides = {"nb_filter": filters, "nb_row": KERNEL[0], "nb_col": KERNEL[1], "W_regularizer": None}
    usual = {"border_mode": "valid", "subsample": [1, 1], "dim_ordering": ordering, "bias": False}
    return layer("Convolution2D", name, **(sides | usual | config))


def dense(name: str = "d", units: int = 3) -> Layer:
    return layer("Dense", name, output_dim=units, activation="linear", bias=False)


def sequential(*layers: Layer, ordering: str = "tf") -> dict[str, Any]:
    height, width, channels = SIZE
    shape = [height, width, channels] if ordering == "tf" else [channels, height, width]
    layers[0]["config"]["batch_input_shape"] = [None, *shape]
    return {"class_name": "Sequential", "config": list(layers)}


def flat(maps: Floats, *, first: bool = False) -> Floats:
    return (maps.transpose(0, 3, 1, 2) if first else maps).reshape(len(maps), -1)


def write(path: Path, config: Any, arrays: old_keras_files.Arrays, version: str = "1.2.2") -> Path:
    """By TensorFlow, whose names of arrays end in ``:0``; Theano's do not."""
    return old_keras_files.write_h5(path, config, arrays, {"keras_version": version})


def scores_of(path: Path, images: Floats) -> Floats:
    target, _ = model_files.convert_checked(path)
    return model_files.run_onnx(target, images)[0]


def close(found: Floats, expected: Floats) -> bool:
    return bool(np.abs(found - expected).max() < 1e-5)


@pytest.fixture
def images() -> Floats:
    return random(2, *SIZE)


@pytest.fixture
def kernel() -> Floats:
    return random(*KERNEL, SIZE[2], 4)


@pytest.fixture
def head() -> Floats:
    return random(5 * 5 * 4, 3)


def test_a_model_of_keras_1_and_tensorflow_gives_its_scores(
    tmp_path: Path, images: Floats, kernel: Floats, head: Floats
) -> None:
    config = sequential(conv(), layer("Dropout", "o", p=0.5), layer("Flatten", "f"), dense())
    arrays = {"c": {"c_W:0": kernel}, "d": {"d_W_1:0": head}}
    maps = theano_conv2d(images, kernel[::-1, ::-1])
    assert close(scores_of(write(tmp_path / "m.h5", config, arrays), images), flat(maps) @ head)


def test_a_model_of_keras_1_and_theano_has_its_kernels_turned(
    tmp_path: Path, images: Floats, kernel: Floats, head: Floats
) -> None:
    config = sequential(conv(ordering="th"), layer("Flatten", "f"), dense(), ordering="th")
    arrays = {"c": {"c_W": kernel.transpose(3, 2, 0, 1)}, "d": {"d_W": head}}
    expected = flat(theano_conv2d(images, kernel), first=True) @ head
    assert close(scores_of(write(tmp_path / "m.h5", config, arrays), images), expected)


def test_a_convolution_of_which_nobody_knows_the_backend_is_refused(
    tmp_path: Path, kernel: Floats, head: Floats
) -> None:
    config = sequential(conv(), layer("Flatten", "f"), dense())
    arrays = {"c": {"param_0": kernel}, "d": {"param_0": head}}
    path = write(tmp_path / "m.h5", config, arrays)
    with pytest.raises(UnsupportedModelError, match=r'whether Theano or TensorFlow.*"backend"'):
        convert(path, tmp_path / "m.onnx")


def test_layers_and_weights_of_keras_1_in_two_files_are_one_model(
    tmp_path: Path, images: Floats, kernel: Floats, head: Floats
) -> None:
    """Saved in two sessions, so that the layers have other names in each."""
    config = sequential(conv("c_1"), layer("Flatten", "f_1"), dense("d_1"))
    weights = write(tmp_path / "w.h5", config, {"c": {"c_W": kernel}, "f": {}, "d": {"d_W": head}})
    (layers := tmp_path / "m.json").write_text(json.dumps(config))
    convert(layers, tmp_path / "m.onnx", weights=[weights], with_evidence=True)
    found = model_files.run_onnx(tmp_path / "m.onnx", images)[0]
    assert close(found, flat(theano_conv2d(images, kernel)) @ head)


@pytest.mark.parametrize(
    ("version", "ending", "is_std"),
    [
        ("1.0.5", ":0", True),
        ("1.0.6", "", True),
        ("1.0.6", ":0", False),
        ("1.0.7", "", False),
        ("1.2.2", ":0", False),
        ("", "", True),
    ],
)
def test_running_std_is_a_deviation_or_a_variance_by_version(
    tmp_path: Path, images: Floats, version: str, ending: str, is_std: bool
) -> None:
    epsilon = 1e-6 if is_std and not version else 0.1
    config = sequential(
        layer("BatchNormalization", "n", mode=0, axis=-1, epsilon=epsilon),
        layer("Flatten", "f"),
        dense(),
    )
    gamma, beta, mean, std = (abs(random(2, seed=seed)) + 0.3 for seed in range(4))
    kinds = zip(
        ("gamma", "beta", "running_mean", "running_std"), (gamma, beta, mean, std), strict=True
    )
    kernel = random(int(np.prod(SIZE)), 3)
    arrays = {"n": {f"n_{kind}{ending}": a for kind, a in kinds}, "d": {f"d_W{ending}": kernel}}
    path = write(tmp_path / "m.h5", config, arrays, version)
    spread = std + epsilon if is_std else np.sqrt(std + epsilon)
    maps = (images - mean) / spread * gamma + beta
    assert close(scores_of(path, images), flat(maps) @ kernel)


def normalized(**config: Any) -> list[Layer]:
    return [layer("BatchNormalization", "n", **config), layer("Flatten", "f"), dense()]


BRANCH = {"class_name": "Sequential", "config": [dense("a")]}
REFUSED = [
    (normalized(mode=0, epsilon=1e-3), "", "'n'.*which version wrote it.*keras_version"),
    (normalized(mode=2, epsilon=1e-3), "1.2.2", "'n'.*normalizes by the pictures"),
    (
        [layer("ZeroPadding2D", "z", padding=[1, 1]), layer("Flatten", "f"), dense()],
        "1.2.2",
        "'z'.*where its channels lie.*dim_ordering",
    ),
    (
        [layer("Merge", "m", mode="concat", layers=[BRANCH, BRANCH]), dense()],
        "1.2.2",
        "Merge of 2 models, each with an input of its own",
    ),
]


@pytest.mark.parametrize(
    ("layers", "version", "words"), REFUSED, ids=["bn", "mode", "pad", "merge"]
)
def test_what_a_file_does_not_say_is_refused_in_words(
    tmp_path: Path, layers: list[Layer], version: str, words: str
) -> None:
    arrays = {"n": {f"n_{name}:0": random(2) for name in STATISTICS}, "d": {"d_W:0": random(84, 3)}}
    path = write(tmp_path / "m.h5", sequential(*layers), arrays, version)
    with pytest.raises(UnsupportedModelError, match=words):
        convert(path, tmp_path / "m.onnx")


@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_layers_that_do_not_say_where_channels_lie_follow_the_others(
    tmp_path: Path, images: Floats, kernel: Floats, ordering: str
) -> None:
    is_first = ordering == "th"
    config = sequential(
        layer("ZeroPadding2D", "z", padding=[1, 2, 3, 1]),
        layer("UpSampling2D", "u", size=[2, 2]),
        conv(ordering=ordering, border_mode="same"),
        layer("Cropping2D", "k", cropping=[[1, 4], [0, 3]]),
        layer("Flatten", "f"),
        dense(),
        ordering=ordering,
    )
    maps = np.pad(images, ((0, 0), (1, 2), (3, 1), (0, 0))).repeat(2, axis=1).repeat(2, axis=2)
    maps = np.pad(maps, ((0, 0), (1, 1), (0, 1), (0, 0)))
    maps = theano_conv2d(maps, kernel[::-1, ::-1])[:, 1:-4, :-3]
    head = random(flat(maps).shape[1], 3)
    stored = kernel.transpose(3, 2, 0, 1) if is_first else kernel
    path = write(tmp_path / "m.h5", config, {"c": {"c_W:0": stored}, "d": {"d_W:0": head}})
    assert close(scores_of(path, images), flat(maps, first=is_first) @ head)


@pytest.mark.parametrize("mode", ["sum", "mul", "ave", "max", "concat"])
def test_a_merge_becomes_the_layer_of_its_mode(
    tmp_path: Path, images: Floats, kernel: Floats, mode: str
) -> None:
    path, maps = merged(tmp_path / "m.h5", images, kernel, mode=mode, concat_axis=-1)
    first, second = maps
    expected = {
        "sum": first + second,
        "mul": first * second,
        "ave": (first + second) / 2,
        "max": np.maximum(first, second),
        "concat": np.concatenate(maps, axis=-1),
    }[mode]
    assert close(scores_of(path, images), expected.mean(axis=(1, 2)))


@pytest.mark.parametrize(
    ("how", "words"),
    [({"mode": "cos"}, "'cos'"), ({"mode": "code", "mode_type": "lambda"}, "Python code")],
    ids=["cos", "lambda"],
)
def test_a_merge_without_an_heir_is_refused(
    tmp_path: Path, images: Floats, kernel: Floats, how: dict[str, str], words: str
) -> None:
    path, _ = merged(tmp_path / "m.h5", images, kernel, **how)
    with pytest.raises(UnsupportedModelError, match=f"'m' \\(Merge\\).*{words}"):
        convert(path, tmp_path / "m.onnx")


def merged(path: Path, images: Floats, kernel: Floats, **how: Any) -> tuple[Path, list[Floats]]:
    """Two convolutions of one picture, merged; and their maps."""
    layers = [
        layer("InputLayer", "i", batch_input_shape=[None, *SIZE], input_dtype="float32"),
        conv("a"),
        conv("b"),
        layer("Merge", "m", **({"mode_type": "raw"} | how)),
        layer("GlobalAveragePooling2D", "g", dim_ordering="tf"),
    ]
    calls = [[], [[["i", 0, 0]]], [[["i", 0, 0]]], [[["a", 0, 0], ["b", 0, 0]]], [[["m", 0, 0]]]]
    nodes = [
        {**item, "name": item["config"]["name"], "inbound_nodes": nodes}
        for item, nodes in zip(layers, calls, strict=True)
    ]
    graph = {"layers": nodes, "input_layers": [["i", 0, 0]], "output_layers": [["g", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "model_1", **graph}}
    arrays = {"a": {"a_W": kernel}, "b": {"b_W": kernel + 0.1}}
    maps = [theano_conv2d(images, item) for item in (kernel, kernel + np.float32(0.1))]
    return write(path, config, arrays), maps


def test_models_without_a_name_within_a_model_find_their_arrays(
    tmp_path: Path, images: Floats, kernel: Floats, head: Floats
) -> None:
    base, top = sequential(conv()), {"class_name": "Sequential", "config": [dense()]}
    config = {"class_name": "Sequential", "config": [base, layer("Flatten", "f"), top]}
    arrays = {"sequential_7": {"c_W": kernel}, "f": {}, "sequential_9": {"d_W": head}}
    path = write(tmp_path / "m.h5", config, arrays)
    assert close(scores_of(path, images), flat(theano_conv2d(images, kernel)) @ head)


def test_dense_layers_that_only_keras_1_had(tmp_path: Path, images: Floats) -> None:
    size = int(np.prod(SIZE))
    config = sequential(
        layer("Flatten", "f"),
        layer("Highway", "h", activation="tanh", bias=True),
        layer("MaxoutDense", "m", output_dim=3, nb_feature=4, bias=True),
    )
    x, row = flat(images), {"h_W": (size, size), "h_W_carry": (size, size), "h_b": (size,)}
    h = {name: random(*shape) / 4 for name, shape in (row | {"h_b_carry": (size,)}).items()}
    m = {"m_W": random(4, size, 3), "m_b": random(4, 3)}
    gate = 1 / (1 + np.exp(-(x @ h["h_W_carry"] + h["h_b_carry"])))
    y = gate * np.tanh(x @ h["h_W"] + h["h_b"]) + (1 - gate) * x
    expected = (np.einsum("ni,fio->nfo", y, m["m_W"]) + m["m_b"]).max(axis=1)
    path = write(tmp_path / "m.h5", config, {"h": h, "m": m})
    assert np.abs(scores_of(path, images) - expected).max() < 1e-4


@pytest.mark.parametrize(
    ("class_name", "kept", "joined"), [("LSTM", "icfo", "ifco"), ("GRU", "zrh", "zrh")]
)
@pytest.mark.parametrize("ways", [("forward",), ("forward", "backward")], ids=["one", "both"])
def test_arrays_of_each_gate_become_those_of_all(
    tmp_path: Path, images: Floats, class_name: str, kept: str, joined: str, ways: tuple[str, ...]
) -> None:
    shapes = {"W": (12, 4), "U": (4, 4), "b": (4,)}
    apart = {
        f"{way}_r_{kind}_{gate}": random(*shapes[kind], seed=ord(gate) + len(way))
        for way in ways
        for gate in kept
        for kind in "WUb"
    }
    whole = {
        f"{way}_r_{kind}": np.concatenate([apart[f"{way}_r_{kind}_{g}"] for g in joined], axis=-1)
        for way in ways
        for kind in "WUb"
    }
    found = [
        scores_of(recurrent(tmp_path / f"{how}.h5", class_name, how, arrays, len(ways)), images)
        for how, arrays in (("cpu", apart), ("gpu", whole))
    ]
    assert found[0].std() > 0.01
    assert close(*found)


def recurrent(path: Path, class_name: str, how: str, arrays: dict[str, Floats], ways: int) -> Path:
    settings = {"activation": "tanh", "inner_activation": "hard_sigmoid", "consume_less": how}
    cell = layer(class_name, "r", output_dim=4, **settings)
    both = layer("Bidirectional", "r", merge_mode="concat", layer=cell)
    rows = layer("Reshape", "s", target_shape=[7, 12])
    config = sequential(rows, both if ways > 1 else cell, dense())
    return write(path, config, {"r": arrays, "d": {"d_W": random(4 * ways, 3)}})


def test_what_is_read_of_keras_1_is_shown_in_todays_words(tmp_path: Path, kernel: Floats) -> None:
    config = sequential(conv(activation="softmax"), layer("GlobalAveragePooling2D", "g"))
    seen = describe(write(tmp_path / "m.h5", config, {"c": {"c_W:0": kernel}}))
    assert [row.class_name for row in seen.layers] == ["Conv2D", "GlobalAveragePooling2D"]
    assert (seen.framework, seen.problems) == ("keras 1.2.2", ())


@pytest.mark.parametrize(
    "config",
    [
        sequential(conv(nb_row=None), dense()),
        sequential(conv(nb_filter="many"), dense()),
        sequential(conv(subsample={}), dense()),
        sequential(layer("Merge", "m", layers=3), dense()),
        sequential(layer("Deconvolution2D", "t", nb_filter=2, output_shape=None), dense()),
        {"class_name": "Sequential", "config": [dense(), 3]},
        {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": 7}, dense()]},
        {"class_name": "Model", "config": {"layers": [dense(), None]}},
    ],
    ids=lambda config: str(config)[-90:],
)
def test_nonsense_in_the_words_of_keras_1_is_an_error_of_ours(
    tmp_path: Path, config: Any, kernel: Floats
) -> None:
    path = write(tmp_path / "m.h5", config, {"c": {"c_W:0": kernel}, "d": {"d_W:0": kernel}})
    with pytest.raises(ModelError):
        convert(path, tmp_path / "m.onnx")


def read_or_refused(path: Path, **parts: Any) -> None:
    with contextlib.suppress(ModelError):  # any other error fails the test
        convert(path, path.with_suffix(".onnx"), **parts)


EVERYTHING: list[Layer] = [
    layer("ZeroPadding2D", "z", padding={"top_pad": 1}),
    conv(ordering="th", activation="relu"),
    layer("BatchNormalization", "n", mode=0, axis=1, epsilon=1e-5),
    layer("MaxPooling2D", "p", pool_size=[2, 2], border_mode="same", dim_ordering="th"),
    layer("Reshape", "r", target_shape=[9, 4]),
    layer("Convolution1D", "k", nb_filter=3, filter_length=2, subsample_length=1),
    layer("Flatten", "f"),
    layer("MaxoutDense", "m", output_dim=3, nb_feature=2),
]


def everything(path: Path) -> Path:
    four = {f"n_{name}": abs(random(4)) for name in STATISTICS}
    arrays = {
        "c": {"c_W": random(4, 2, 3, 2)},
        "n": four,
        "k": {"k_W": random(3, 4, 2, 1), "k_b": random(3)},
        "m": {"m_W": random(2, 24, 3), "m_b": random(2, 3)},
    }
    return write(path, sequential(*EVERYTHING, ordering="th"), arrays, "1.0.8")


JUNK = [None, True, -1, 2**31, 10**40, 1e308, float("nan"), "", "x", [], {}, [[]], {"a": 1}]


@pytest.mark.parametrize(
    "step", [41, pytest.param(1, marks=pytest.mark.longer)], ids=["some", "all"]
)
def test_junk_in_any_setting_gives_a_model_or_one_of_our_errors(tmp_path: Path, step: int) -> None:
    weights = everything(tmp_path / "w.h5")
    settings = [(place, key) for place, item in enumerate(EVERYTHING) for key in item["config"]]
    for (place, key), junk in list(itertools.product(settings, JUNK))[::step]:
        config = json.loads(json.dumps(sequential(*EVERYTHING, ordering="th")))
        config["config"][place]["config"][key] = junk
        (tmp_path / "m.json").write_text(json.dumps(config))
        read_or_refused(tmp_path / "m.json", weights=[weights])


def test_a_model_of_keras_0_is_told_for_what_it_is(tmp_path: Path) -> None:
    config = {"name": "Sequential", "layers": [{"name": "Dense", "output_dim": 3}]}
    path = write(tmp_path / "m.h5", config, {})
    with pytest.raises(UnsupportedModelError, match="Keras 0"):
        convert(path, tmp_path / "m.onnx")
