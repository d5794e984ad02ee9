"""One architecture of each family, as people really save them; the figures that were promised."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

import model_files
from vistazo.models.keras_import import read_signature

FRAMEWORKS = {"keras 3": model_files.keras3, "keras 2": model_files.keras2}

IMPORT = """
import resource, sys
from pathlib import Path
from vistazo.models.keras_import import convert
convert(Path(sys.argv[1]), Path(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss: a child inherits the peak of the process that forked it.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"keras", "tensorflow", "tf_keras"}, loaded
print(used.ru_utime + used.ru_stime, status["VmHWM"].split()[0])
"""


@pytest.mark.parametrize(
    ("framework", "suffix", "name"),
    [
        ("keras 3", "keras", "MobileNetV2"),
        pytest.param("keras 3", "h5", "ResNet50V2", marks=pytest.mark.longer),
        pytest.param("keras 2", "h5", "EfficientNetB0", marks=pytest.mark.longer),
        pytest.param("keras 2", "keras", "MobileNetV3Small", marks=pytest.mark.longer),
        pytest.param("keras 3", "keras", "ConvNeXtTiny", marks=pytest.mark.longer),
    ],
)
def test_a_network_gives_the_probabilities_of_its_framework(
    framework: str, suffix: str, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keras = FRAMEWORKS[framework]()
    model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=5)
    model_files.settle(model_files.randomize(model))
    images = model_files.pictures(model)
    model_files.sharpen(keras, model, images)
    expected = model_files.answer(model, images)
    assert expected.max() > 0.3
    path = model_files.save(model, tmp_path / f"m.{suffix}")
    assert model_files.difference(model, path, images) < model_files.TOLERANCE
    capfd.readouterr()
    model_files.check_plain(path, images, expected)
    assert capfd.readouterr().err == "", "a runtime has something to complain of"


def test_a_convolutional_network_is_transposed_once_at_its_input(tmp_path: Path) -> None:
    model = model_files.keras3().applications.MobileNetV2(
        weights=None, input_shape=(64, 64, 3), classes=2
    )
    target, signature = model_files.convert_checked(
        model_files.save(model, tmp_path / "network.keras")
    )
    nodes = onnx.load(target).graph.node
    transposes = [node.name.split("/")[0] for node in nodes if node.op_type == "Transpose"]
    # the picture, further maps for the head (none, as a rule), and the map that is given out
    assert transposes == ["Conv1", "head", "output"]
    assert signature.features == (2, 2, 1280)


@pytest.mark.longer
def test_importing_a_densenet_is_cheap_and_loads_no_framework(tmp_path: Path) -> None:
    model = model_files.keras3().applications.DenseNet121(weights=None, classes=2)
    path = model_files.save(model, tmp_path / "m.keras")
    command = [sys.executable, "-c", IMPORT, str(path), str(tmp_path / "m.onnx")]
    source = str(Path(read_signature.__code__.co_filename).parents[3])
    child = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    cpu_s, peak_kb = map(float, child.stdout.split())
    assert cpu_s < 2
    assert peak_kb < 200_000
