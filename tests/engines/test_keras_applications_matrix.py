"""Every architecture of keras.applications, from both frameworks: long, so run apart."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

import model_files

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]

FRAMEWORKS = {"keras 3": model_files.keras3, "keras 2": model_files.keras2}
SUFFIXES = {"keras 3": ("keras", "h5"), "keras 2": ("h5",)}

ARCHITECTURES = """
    VGG16 VGG19 ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2 InceptionV3
    InceptionResNetV2 Xception MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large DenseNet121
    DenseNet169 DenseNet201 NASNetMobile NASNetLarge EfficientNetB0 EfficientNetB1 EfficientNetB2
    EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6 EfficientNetB7 EfficientNetV2B0
    EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2S EfficientNetV2M
    EfficientNetV2L ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge ConvNeXtXLarge
"""
IN_BOTH = ARCHITECTURES.split()
IN_KERAS_2 = ["RegNetX002", "RegNetY002", "ResNetRS50"]

# The smallest picture that the architecture takes, or a little more.
SIDES = {"InceptionV3": 96, "InceptionResNetV2": 96, "Xception": 96}


@pytest.mark.parametrize(
    ("framework", "name"),
    [("keras 3", name) for name in IN_BOTH] + [("keras 2", name) for name in IN_BOTH + IN_KERAS_2],
)
def test_an_architecture_gives_the_probabilities_of_its_framework(
    framework: str, name: str, tmp_path: Path
) -> None:
    keras, side = FRAMEWORKS[framework](), SIDES.get(name, 64)
    build = getattr(keras.applications, name)
    model = model_files.settle(
        model_files.randomize(build(weights=None, input_shape=(side, side, 3), classes=10))
    )
    images = model_files.pictures(model)
    model_files.sharpen(keras, model, images)
    expected = model_files.answer(model, images)
    assert expected.max() > 0.2  # ten flat probabilities would be 0.1
    for suffix in SUFFIXES[framework]:
        path = model_files.save(model, tmp_path / f"m.{suffix}")
        target, _ = model_files.convert_checked(path, infer_shapes=False)
        scores = model_files.run_onnx(target, images)[0]
        target.unlink()
        assert np.abs(scores - expected).max() < model_files.TOLERANCE
        if suffix == SUFFIXES[framework][0]:
            model_files.check_plain(path, images, expected)
        path.unlink()
    keras.backend.clear_session()
    gc.collect()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_list_holds_every_architecture(framework: str) -> None:
    applications = FRAMEWORKS[framework]().applications
    built = {name for name in vars(applications) if name[0].isupper()}
    of_one_kind = {name for name in built if name.startswith(("RegNet", "ResNetRS"))}
    assert built - of_one_kind == set(IN_BOTH)
