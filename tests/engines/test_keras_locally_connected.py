"""Kernels that are others at every place, as Keras 2 stores them in three ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import model_files
from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import import read_signature

many = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def check(path: Path, shape: tuple[int, ...], *layers: Any) -> None:
    """Its numbers are those of Keras 2, in plain runtimes too, and of no picture there are none."""
    keras = model_files.keras2()
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Flatten()])
    images = model_files.pictures(model_files.randomize(model), high=2.0) - 1
    model_files.save(model, path)
    assert model_files.difference(model, path, images) < model_files.TOLERANCE
    model_files.check_plain(path, images, model_files.answer(model, images))
    target, _ = model_files.convert_checked(path)
    assert len(model_files.run_onnx(target, images[:0])[0]) == 0


@pytest.mark.parametrize("suffix", ["h5", pytest.param("keras", marks=pytest.mark.longer)])
def test_locally_connected_layers_give_the_numbers_of_keras_2(suffix: str, tmp_path: Path) -> None:
    k = model_files.keras2().layers
    layers = [
        k.LocallyConnected2D(3, (2, 3), strides=(1, 2), activation="relu"),
        k.LocallyConnected2D(2, 4, padding="same", implementation=2, use_bias=False),
        k.LocallyConnected2D(4, (3, 2), padding="same", strides=2, implementation=3),
        k.Reshape((-1, 4)),
        k.LocallyConnected1D(3, 2, implementation=1, activation="tanh"),
        k.LocallyConnected1D(5, 3, padding="same", implementation=3),
    ]
    check(tmp_path / f"m.{suffix}", (9, 8, 3), *layers)


def test_a_window_that_is_wider_than_any_picture_is_refused(tmp_path: Path) -> None:
    keras = model_files.keras2()
    layer = keras.layers.LocallyConnected2D(1, 9, padding="same", implementation=3)
    model = keras.Sequential([keras.Input((4, 4, 1)), layer, keras.layers.Flatten()])
    path = model_files.save(model, tmp_path / "m.h5")
    with pytest.raises(UnsupportedModelError, match=r"\(9, 9\) \('same'\) does not fit into"):
        read_signature(path)


@pytest.mark.longer
@many
@given(
    kind=st.sampled_from([1, 2]),
    implementation=st.sampled_from([1, 2, 3]),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    is_same=st.booleans(),
    is_first=st.booleans(),
    channels=st.sampled_from([1, 3]),
    use_bias=st.booleans(),
)
def test_any_locally_connected_layer_agrees(
    kind: int,
    implementation: int,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    is_same: bool,
    is_first: bool,
    channels: int,
    use_bias: bool,
    tmp_path: Path,
) -> None:
    k = model_files.keras2().layers
    options: dict[str, Any] = {
        "implementation": implementation,
        "padding": "same" if is_same and implementation > 1 else "valid",
        "data_format": "channels_first" if is_first else "channels_last",
        "use_bias": use_bias,
    }
    if kind == 1:
        before = [k.Reshape((5, 6 * channels)), *([k.Permute((2, 1))] if is_first else [])]
        layer = k.LocallyConnected1D(4, kernel[0], strides[0], **options)
    else:
        before = [k.Permute((3, 1, 2))] if is_first else []
        layer = k.LocallyConnected2D(4, kernel, strides, **options)
    check(tmp_path / "m.h5", (5, 6, channels), *before, layer)
