"""What the pages of a run cost, in a process whose allocator gives back what is freed."""

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pytest

from builders import layer, write_keras_archive
from vistazo.models.compilation import compile_model

SOURCES = Path(__file__).parents[2] / "src"
MEGABYTES = 8 * 256 * 256 * 4 / 1e6  # of the one large map

MEASURED = """
import json, resource, sys
from pathlib import Path

import numpy as np
from vistazo.engines.onnx import OnnxEngine
from vistazo.service.allocator import give_back_freed_blocks

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

def faults_of(runs):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(runs):
        engine.run(one)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

assert give_back_freed_blocks()
engine, one = OnnxEngine(Path(sys.argv[1])), np.zeros((1, 256, 256, 1), np.float32)
faults_of(3)
held_mb, faults = resident_mb(), faults_of(10)
engine.run(np.repeat(one, 8, axis=0))
print(json.dumps({"faults": faults, "kept_mb": resident_mb() - held_mb}))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    folder = tmp_path_factory.mktemp("large")
    convolution = layer("Conv2D", "c", filters=8, kernel_size=[3, 3], padding="same")
    layers = [
        layer("InputLayer", "pixels", batch_shape=[None, 256, 256, 1]),
        {**convolution, "config": {**convolution["config"], "use_bias": False}},
        layer("MaxPooling2D", "small", pool_size=[16, 16], strides=[16, 16], padding="valid"),
        layer("GlobalAveragePooling2D", "mean"),
        layer("Dense", "score", units=1, activation="sigmoid", use_bias=False),
    ]
    weights = BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/c/vars/0"] = np.ones((3, 3, 1, 8), np.float32)
        file["layers/score/vars/0"] = np.ones((8, 1), np.float32)
    config = {"class_name": "Sequential", "config": {"name": "large", "layers": layers}}
    write_keras_archive(folder / "m.keras", config, weights.getvalue())
    compile_model(folder / "m.keras", folder / "m.onnx")
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, str(folder / "m.onnx")],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="It reads /proc, and is about glibc.")
def test_a_run_finds_its_pages_mapped(measured: dict[str, float]) -> None:
    """Mapped anew they would be 512 faults a run, and cost more than the convolution."""
    assert measured["faults"] < 200


@pytest.mark.skipif(sys.platform != "linux", reason="It reads /proc, and is about glibc.")
def test_what_a_batch_took_is_given_back(measured: dict[str, float]) -> None:
    assert measured["kept_mb"] < 2 * MEGABYTES
